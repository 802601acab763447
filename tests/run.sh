#!/bin/sh
# Sets up what is missing, builds and runs the tests:  sh tests/run.sh [--preset NAME] [arguments for ctest]
set -eu
cd "$(dirname -- "$0")/.."
. cmake/set_up.sh

preset=default
if [ "${1:-}" = --preset ]; then
    preset=$2
    shift 2
fi

need_build
install_missing
need_library
need_tests
need_optional
case $preset in
clang*) need_clang ;;
fuzz) need_clang; need_clang_sanitizers ;;
interop) need_npm; need_python_socketio ;;
esac
install_missing

configure "$preset"
cmake --build "build/$preset" --parallel "$(cores)"

UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1 second_deadlock_stack=1}
export UBSAN_OPTIONS TSAN_OPTIONS
run=''
case $preset in tsan*) run=unrandomised ;; esac
# One more than there are cores: some tests wait, for real sockets and killed processes, more than they compute.
$run ctest --test-dir "build/$preset" --output-on-failure --parallel "$(($(cores) + 1))" "$@"
