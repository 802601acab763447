#!/bin/sh
# Writes the doors (include/rejoinder/{core,wire,channel,net,rejoinder,web}.hpp) and from them the two single headers, with src.hpp beside.
#
#   sh single_include/generate.sh [--check] [ROOT]
#
# A door includes each public header of its floor: not detail/, and not a header whose second line begins
# "// Not behind the door:" (it needs more than Asio and Boost.JSON, or belongs to the web door). The web door includes the latter and
# what reads HTTP, of all floors: programs without the web do not compile it. A single header is its door with each <rejoinder/...>
# include replaced by that header's text where it is first met, and by nothing after that.
# --check writes nothing and fails when a file is stale. Needs a POSIX shell and awk.
set -eu
LC_ALL=C
export LC_ALL

check=no
if [ "${1:-}" = --check ]; then
    check=yes
    shift
fi
root=${1:-$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$root"
stale=0

# Puts a made file in its place, or under --check says that the one there is another.
deliver() { # made target
    if cmp -s "$1" "$2"; then
        return
    fi
    if [ "$check" = yes ]; then
        echo "stale: $2 (run: sh single_include/generate.sh)"
        stale=1
        return
    fi
    mkdir -p "$(dirname -- "$2")"
    cp "$1" "$2"
    echo "wrote $2"
}

public_headers() { # floor
    for header in include/rejoinder/"$1"/*.hpp; do
        if [ -f "$header" ] && ! sed -n 2p "$header" | grep -q '^// Not behind the door:'; then
            echo "$header"
        fi
    done | sed 's|^include/||' | sort
}

make_door() { # name sentence, headers on standard input
    guard=REJOINDER_$(printf '%s' "$1" | tr '[:lower:]' '[:upper:]')_HPP
    printf '// %s Made by single_include/generate.sh.\n#ifndef %s\n#define %s\n\n' "$2" "$guard" "$guard"
    sed 's|.*|#include <&>|'
    printf '\n#endif\n'
}

door() { # floor sentence
    { echo rejoinder/version.hpp; public_headers "$1"; } | sort | make_door "$1" "$2" > "$work/$1.hpp"
    deliver "$work/$1.hpp" "include/rejoinder/$1.hpp"
}

door core 'The door of floor core: what decides, on the standard library alone.'
door wire 'The door of floor wire: what spells messages as bytes.'
door channel 'The door of floor channel: what carries whole frames over sockets.'
door net 'The door of floor net: what programs hold.'
printf 'rejoinder/%s.hpp\n' channel core net wire |
    make_door rejoinder 'The front door: all four floors.' > "$work/rejoinder.hpp"
deliver "$work/rejoinder.hpp" include/rejoinder/rejoinder.hpp

web_headers() {
    for header in include/rejoinder/wire/*.hpp include/rejoinder/channel/*.hpp include/rejoinder/net/*.hpp; do
        if [ -f "$header" ] && sed -n 2p "$header" | grep -q '^// Not behind the door: it \(stands behind web.hpp\|reads HTTP\)'; then
            echo "$header"
        fi
    done | sed 's|^include/||'
}
{ echo rejoinder/rejoinder.hpp; web_headers; } | sort |
    make_door web "The web door: the front door, and WebSockets, HTTP, Socket.IO and plain events; with Boost.Beast's parser." > "$work/web.hpp"
deliver "$work/web.hpp" include/rejoinder/web.hpp

# Under --check a stale door must not spoil the single headers' answer: they are made from the fresh ones.
single() { # door
    version=$(sed -n 's/^#define REJOINDER_VERSION_STRING "\(.*\)"/\1/p' include/rejoinder/version.hpp)
    {
        echo "// rejoinder $version in one header: $1.hpp and all that it includes. Made by single_include/generate.sh; change nothing here."
        sed 's|^|// |' LICENSE | sed 's| *$||'
        awk -v door="rejoinder/$1.hpp" -v fresh="$work" '
            function path_of(name,    door_name) {
                if (name ~ /^rejoinder\/(core|wire|channel|net|rejoinder)\.hpp$/) {
                    door_name = name
                    sub(/^rejoinder\//, "", door_name)
                    return fresh "/" door_name
                }
                return "include/" name
            }
            function die(text) {
                print "generate.sh: " text > "/dev/stderr"
                exit 1
            }
            function inline_file(name,    path, line, target, depth, got, blank) {
                if (name in seen) {
                    return
                }
                seen[name] = 1
                path = path_of(name)
                print ""
                while ((got = (getline line < path)) > 0) {
                    if (line ~ /^[ \t]*#[ \t]*if/) {
                        depth++
                    }
                    if (line ~ /^[ \t]*#[ \t]*endif/) {
                        depth--
                    }
                    if (line !~ /^[ \t]*#[ \t]*include[ \t]*<rejoinder\//) {
                        print line
                        continue
                    }
                    if (depth != 1) {
                        die(path ": an include of rejoinder must not depend on a condition")
                    }
                    target = line
                    sub(/^[^<]*</, "", target)
                    sub(/>.*$/, "", target)
                    inline_file(target)
                }
                if (got < 0) {
                    die("cannot read " path " (" name ")")
                }
                close(path)
            }
            BEGIN {
                inline_file(door)
            }' </dev/null
    } > "$work/spaced.hpp"
    cat -s "$work/spaced.hpp" > "$work/single_$1.hpp"
    deliver "$work/single_$1.hpp" "single_include/rejoinder/$1.hpp"
}

single core
single rejoinder
# What is compiled once (rejoinder/src.hpp) stands on the one header here.
if [ -f include/rejoinder/src.hpp ]; then
    awk '/^#include/ { if (!done++) print "#include <rejoinder/rejoinder.hpp>"; next } { print }' include/rejoinder/src.hpp > "$work/src.hpp"
    deliver "$work/src.hpp" single_include/rejoinder/src.hpp
fi
exit $stale
