#!/bin/sh
# Builds the tests with clang's coverage, runs them, and says what they cover, by floor:
#   sh tests/coverage.sh [FLOOR...]        core alone takes two minutes; without names it is the whole suite
#   sh tests/coverage.sh --missed FILE     after that: the lines and branches of a header that no test reached
# Needs clang 19 with its llvm-profdata and llvm-cov, and Python 3. Assertions are off: what they forbid has no branch to be reached.
set -eu
LC_ALL=C
export LC_ALL
cd "$(dirname -- "$0")/.."
. cmake/set_up.sh

tree=build/coverage
objects() { # the programs that were built, as llvm-cov wants them
    first=''
    for program in "$tree"/bin/*; do
        if [ -f "$program" ] && [ -x "$program" ]; then
            printf '%s%s ' "$first" "$program"
            first='-object '
        fi
    done
}

if [ "${1:-}" = --missed ]; then
    python3 tests/coverage.py "$tree/export.json" --missed "$2"
    exit
fi

need_build
need_clang
install_missing
configure coverage
rm -rf "$tree/profiles"
LLVM_PROFILE_FILE="$PWD/$tree/profiles/%p-%m.profraw"
export LLVM_PROFILE_FILE
if [ "$*" = core ]; then
    cmake --build "$tree" --parallel "$(cores)" --target unit_core simulation
    ctest --test-dir "$tree" -R '^(core|simulation)\.' --output-on-failure --parallel "$(cores)"
else
    cmake --build "$tree" --parallel "$(cores)"
    ctest --test-dir "$tree" -L suite --output-on-failure --parallel "$(cores)"
fi
find "$tree/profiles" -name '*.profraw' > "$tree/profiles.txt"
llvm-profdata-19 merge -sparse -f "$tree/profiles.txt" -o "$tree/all.profdata"

# shellcheck disable=SC2046
llvm-cov-19 export $(objects) -instr-profile "$tree/all.profdata" --skip-functions --sources include/rejoinder \
    > "$tree/export.json" 2> "$tree/export.log"
python3 tests/coverage.py "$tree/export.json" "$@"
