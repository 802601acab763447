#!/bin/sh
# Puts the text of the example that README.md names in its marker line into the block below that line.
set -eu
cd "$(dirname -- "$0")/../.."
example=$(sed -n 's/^<!-- example: \(.*\) -->$/\1/p' README.md | sed -n 1p)
text=$(mktemp)
made=$(mktemp)
trap 'rm -f "$text" "$made"' EXIT
awk '/^ *\/\/ README: begin$/ { on = 1; next } /^ *\/\/ README: end$/ { exit } on' "$example" > "$text"
if [ ! -s "$text" ]; then
    awk 'NR == 1 && /^\/\// { next } { print }' "$example" > "$text"
fi
awk -v text="$text" '
    skip && /^```$/ { skip = 0; on = 0 }
    !skip { print }
    /^<!-- example: / { on = 1 }
    on && /^```cpp$/ { while ((getline line < text) > 0) print line; skip = 1 }
' README.md > "$made"
cp "$made" README.md
