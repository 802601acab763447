#!/bin/sh
# The long hunt: enumerates what the suite samples, then draws fresh seeds until the time is over.
#   sh tests/simulation/run.sh [--minutes N | --rounds N] [--seed S]
# A round is of the suite's number of seeds, and S, which is the time otherwise, says which. Prints the seed and the story of the first breach
# of the contract, and fails. Needs a C++ compiler (CXX) and Catch2.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
minutes=10
rounds_wanted=1000000
hunt=$(date +%s)
while [ $# -gt 0 ]; do
    case $1 in
    --minutes) minutes=$2 ;;
    --rounds)
        minutes=1000
        rounds_wanted=$2
        ;;
    --seed) hunt=$2 ;;
    *)
        sed -n '2,5s/^# *//p' "$0" >&2
        exit 2
        ;;
    esac
    shift 2
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for source in "$root"/tests/support/catch_main.cpp "$root"/tests/simulation/*.cpp; do
    "${CXX:-c++}" -std=c++20 -O2 -w "-I$root/include" "-I$root/tests" -c "$source" -o "$work/$(basename "$source" .cpp).o"
done
"${CXX:-c++}" "$work"/*.o -o "$work/simulation"

end=$(($(date +%s) + minutes * 60))
REJOINDER_ENUMERATE=1 nice "$work/simulation" '*every*' > "$work/said" || {
    cat "$work/said"
    exit 1
}
grep -i 'worlds of\|interleavings\|passed' "$work/said"
rounds=0
while [ "$(date +%s)" -lt "$end" ] && [ "$rounds" -lt "$rounds_wanted" ]; do
    REJOINDER_HUNT=$((hunt + rounds)) nice "$work/simulation" --abort > "$work/said" || {
        cat "$work/said"
        echo "hunt $((hunt + rounds)): the same again with REJOINDER_HUNT=$((hunt + rounds))"
        exit 1
    }
    rounds=$((rounds + 1))
done
echo "$rounds rounds of fresh seeds, each as many as the suite's, without a breach"
