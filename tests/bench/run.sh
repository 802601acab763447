#!/bin/sh
# Builds the benchmarks and runs them against their floors: sh tests/bench/run.sh [--rounds N] [--seconds S] [--only W1,M3] [--contestants rejoinder] [--short]
#
# Prints tables, and writes CSV, JSON and SVG into build/bench/bin/bench. --short: one short round of each, which says whether the
# benchmarks work, and nothing about speed.
set -eu
cd "$(dirname "$0")/../.."
. cmake/set_up.sh

need_build
need_library
has python3 || lacks python3 'Python 3.9 or newer'
install_missing
configure bench
cmake --build build/bench --parallel "$(cores)" > build/bench.build.log 2>&1 || {
    tail -n 40 build/bench.build.log >&2
    exit 1
}
modules=build/bench/npm
if has node && has npm && npm_packages tests/interop "$modules"; then
    set -- --modules "$PWD/$modules" "$@"
fi
exec python3 -B tests/bench/runner/bench.py --programs "$PWD/build/bench/bin/bench" --compiler "$(compiler)" "$@"
