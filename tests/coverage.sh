#!/bin/sh
# Builds the tests with clang's coverage, runs them, and says what they cover, by floor:
#   sh tests/coverage.sh [FLOOR...]        core alone takes two minutes; without names it is the whole suite
#   sh tests/coverage.sh --missed FILE     after that: the lines and branches of a header that no test reached
# Needs clang 19 with its llvm-profdata and llvm-cov.
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
    # shellcheck disable=SC2046
    llvm-cov-19 show $(objects) -instr-profile "$tree/all.profdata" --show-branches=count --show-instantiations=false \
        --sources "include/rejoinder/${2#include/rejoinder/}" | grep -E '\|      0\||(True|False): 0[],]'
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

# One line a file: name, then regions, functions, lines and branches, each as all, missed, percentage.
# shellcheck disable=SC2046
llvm-cov-19 report $(objects) -instr-profile "$tree/all.profdata" --sources include/rejoinder > "$tree/report.txt"
awk -v wanted="$*" '
    NF >= 13 && $1 ~ /\.hpp$/ {
        file = $1
        sub(/^.*include\/rejoinder\//, "", file)
        floor = file
        sub(/\/.*$/, "", floor)
        if (wanted != "" && index(" " wanted " ", " " floor " ") == 0) next
        lines[floor] += $8; lines_missed[floor] += $9
        branches[floor] += $11; branches_missed[floor] += $12
        if ($9 + $12 > 0) printf "%-44s %5d of %5d lines missed, %4d of %5d branches\n", file, $9, $8, $12, $11
    }
    END {
        print ""
        for (floor in lines)
            printf "%-10s %6.2f %% of %6d lines, %6.2f %% of %6d branches\n", floor,
                100 - 100 * lines_missed[floor] / lines[floor], lines[floor],
                100 - 100 * branches_missed[floor] / (branches[floor] ? branches[floor] : 1), branches[floor]
    }' "$tree/report.txt"
