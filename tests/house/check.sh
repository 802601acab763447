#!/bin/sh
# The house rules, read from the text of the files: sh check.sh RULE [ROOT]. Prints each breach and fails if there is one.
# tests/house/planted.sh proves that each rule sees a breach.
set -eu
LC_ALL=C
export LC_ALL
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
rule=$1
cd "${2:-$here/../..}"

headers() {
    find include/rejoinder -name '*.hpp' | sort
}

# Runs awk over all headers, or the ones under a folder, with the functions that the rules share.
over() { # files program
    files=$1
    [ -n "$files" ] || return 0
    # shellcheck disable=SC2086
    awk '
        function breach(text) { print FILENAME ":" FNR ": " text; broken = 1 }
        function floor_number(name) {
            return name == "core" ? 0 : name == "wire" ? 1 : name == "channel" ? 2 : name == "net" ? 3 : 4
        }
        # include/rejoinder/core/detail/x.hpp -> core
        function room_of(path,    parts, n) {
            sub(/^include\//, "", path)
            n = split(path, parts, "/")
            return n > 2 ? parts[2] : ""
        }
        # The target of an include line, or "".
        function target_of(line) {
            if (line !~ /^[ \t]*#[ \t]*include[ \t]*[<"]/) {
                return ""
            }
            sub(/^[^<"]*[<"]/, "", line)
            sub(/[>"].*$/, "", line)
            return line
        }
        # A line without comments and without what stands between quotes.
        function code_of(line) {
            gsub(/"([^"\\]|\\.)*"/, "\"\"", line)
            sub(/\/\/.*$/, "", line)
            return line
        }
        '"$2"'
        END { exit broken }' $files
}

door='^rejoinder/(core|wire|channel|net|rejoinder|web)\.hpp$'

case $rule in
floors) # a header includes its own floor and those below; a room beside the stairs includes any floor
    over "$(headers)" '
        { target = target_of($0) }
        target ~ /^rejoinder\/[a-z_]+\// && FILENAME ~ /^include\/rejoinder\/[a-z_]+\// {
            mine = room_of(FILENAME)
            theirs = room_of(target)
            if (mine != theirs && floor_number(theirs) > floor_number(mine)) {
                breach(mine " includes " target ", a floor above it")
            }
            if (mine != theirs && floor_number(mine) == 4 && floor_number(theirs) == 4) {
                breach(mine " includes " target ", another room beside the stairs")
            }
        }'
    ;;
circles) # no header includes itself, by any way
    over "$(headers)" '
        { target = target_of($0) }
        target ~ /^rejoinder\// {
            from = FILENAME
            sub(/^include\//, "", from)
            edges[from] = edges[from] " " target
        }
        function visit(name, way,    parts, n, i) {
            if (state[name] == 2) {
                return
            }
            if (state[name] == 1) {
                print "circle:" way " -> " name
                broken = 1
                return
            }
            state[name] = 1
            n = split(edges[name], parts, " ")
            for (i = 1; i <= n; i++) {
                visit(parts[i], way " -> " name)
            }
            state[name] = 2
        }
        END {
            for (name in edges) {
                visit(name, "")
            }
        }'
    ;;
detail) # a detail folder is named by its own floor alone
    over "$(headers)" '
        { target = target_of($0) }
        target ~ /^rejoinder\/[a-z_]+\/detail\// && room_of(target) != room_of(FILENAME) {
            breach("includes " target ", which belongs to another floor")
        }'
    ;;
doors) # a door is for programs: the library never includes one, but for the front door and the web door
    over "$(headers)" '
        { target = target_of($0) }
        target ~ "'"$door"'" && FILENAME !~ /^include\/rejoinder\/(rejoinder|web)\.hpp$/ {
            breach("includes the door " target)
        }'
    ;;
own_includes) # the library includes itself by <rejoinder/...>, and only files that exist
    over "$(headers)" '
        { target = target_of($0) }
        $0 ~ /^[ \t]*#[ \t]*include[ \t]*"/ { breach("includes by quotes: " target) }
        target ~ /^rejoinder\// {
            path = "include/" target
            if ((getline line < path) < 0) {
                breach("includes " target ", which does not exist")
            }
            close(path)
        }'
    ;;
core_is_pure) # core: the standard library only, no clock read, thread, lock, random source or slow header
    over "$(headers | grep '^include/rejoinder/core/')" '
        { target = target_of($0); code = code_of($0) }
        target != "" && target !~ /^rejoinder\// && target !~ /^[a-z_]+$/ {
            breach("core includes " target ", which is not of the standard library")
        }
        target ~ /^(thread|mutex|shared_mutex|condition_variable|future|atomic|semaphore|barrier|latch|stop_token)$/ {
            breach("core includes <" target ">: core has no thread, lock or atomic")
        }
        target ~ /^(functional|iostream|istream|ostream|sstream|fstream|iomanip|format|ranges|regex|filesystem)$/ {
            breach("core includes <" target ">, which is slow to compile")
        }
        code ~ /::now[ \t]*\(/ { breach("core reads a clock") }
        code ~ /random_device|mt19937|default_random_engine|[^a-z_]s?rand[ \t]*\(/ { breach("core has a random source") }
        code ~ /sleep_(for|until)|[^a-z_]u?sleep[ \t]*\(/ { breach("core sleeps") }
        code ~ /thread_local|[^a-z_]volatile[^a-z_]/ { breach("core knows threads") }'
    ;;
dependencies_have_one_address) # no Asio below channel; Boost.JSON in files of wire that say so by name; no Boost.Asio at all
    over "$(headers)" '
        { target = target_of($0) }
        target ~ /^asio(\.hpp$|\/)/ && room_of(FILENAME) ~ /^(core|wire)$/ { breach("Asio below floor channel") }
        target ~ /^boost\/json/ && FILENAME !~ /^include\/rejoinder\/wire\/(detail\/)?[a-z_]*json[a-z_]*\.hpp$/ {
            breach("Boost.JSON outside of the files of wire that are named for it")
        }
        target ~ /^boost\/json\/src\.hpp$/ { breach("boost/json/src.hpp in a header") }
        target ~ /^boost\/asio/ { breach("Boost.Asio: the library stands on the standalone one") }'
    ;;
shape) # the first line is a comment, the guard is made from the path, a file has at most 500 lines
    over "$(headers)" '
        function end_of_file() {
            if (last != "" && lines > 500) {
                print last ": " lines " lines, 500 are allowed"
                broken = 1
            }
            if (last != "" && (!guarded || !defined)) {
                print last ": the guard is not #ifndef " guard
                broken = 1
            }
        }
        FNR == 1 {
            end_of_file()
            last = FILENAME
            guard = FILENAME
            sub(/^include\//, "", guard)
            gsub(/[\/.]/, "_", guard)
            guard = toupper(guard)
            guarded = defined = 0
            if ($0 !~ /^\/\/ ./) {
                breach("the first line is no comment that says what this is")
            }
        }
        { lines = FNR }
        $1 == "#ifndef" && $2 == guard { guarded = 1 }
        $1 == "#define" && $2 == guard { defined = 1; next }
        $1 == "#define" && FILENAME !~ /^include\/rejoinder\/(version\.hpp|channel\/)/ {
            breach("a macro beside the guard: " $2)
        }
        length($0) > 150 && $0 !~ /^\/\/\/ \|/ { breach("a line of " length($0) " columns") }
        /[ \t]$/ { breach("blanks at the end of the line") }
        /\t/ { breach("a tab") }
        END { end_of_file() }'
    ;;
words) # no unfinished work, no path of somebody's machine
    # shellcheck disable=SC2046
    files=$(find include tests examples cmake packaging docs README.md CHANGELOG.md -type f \
        ! -path 'tests/house/*' 2>/dev/null | sort)
    over "$files" '
        /TODO|FIXME/ { breach("unfinished work") }
        tolower($0) ~ /(\/\/|#).*(for now[ .,;:]|[^_]placeholder|simplified version|not implemented yet)/ { breach("unfinished work") }
        /(^|[^A-Za-z0-9_.:\/}])\/(home|root|Users|work)\// { breach("a path of one machine") }'
    ;;
versions) # one version, stated in version.hpp
    version=$(sed -n 's/^#define REJOINDER_VERSION_STRING "\(.*\)"/\1/p' include/rejoinder/version.hpp)
    parts=$(awk '$2 ~ /^REJOINDER_VERSION_(MAJOR|MINOR|PATCH)$/ { v = v sep $3; sep = "." } END { print v }' include/rejoinder/version.hpp)
    broken=0
    if [ -z "$version" ] || [ "$version" != "$parts" ]; then
        echo "version.hpp says \"$version\" and $parts"
        broken=1
    fi
    newest=$(sed -n 's/^## \[\{0,1\}\([0-9][0-9.]*\)\]\{0,1\}.*/\1/p' CHANGELOG.md | sed -n 1p)
    if [ "$newest" != "$version" ]; then
        echo "CHANGELOG.md: its newest version is $newest, version.hpp says $version"
        broken=1
    fi
    # shellcheck disable=SC2046
    over "README.md $(find docs -name '*.md' 2>/dev/null | sort)" '
        {
            rest = $0
            while (match(rest, /(rejoinder|librejoinder-dev|GIT_TAG)[ _\/=-]*v?[0-9]+\.[0-9]+\.[0-9]+/)) {
                said = substr(rest, RSTART, RLENGTH)
                rest = substr(rest, RSTART + RLENGTH)
                sub(/^.*[^0-9.]/, "", said)
                if (said != "'"$version"'") {
                    breach("says version " said ", version.hpp says '"$version"'")
                }
            }
        }' || broken=1
    exit $broken
    ;;
readme) # the README's first screen holds the text of examples/ask_and_answer.cpp, word for word
    start=$(grep -n '^<!-- example: ' README.md | sed -n '1s/:.*//p')
    if [ -z "$start" ]; then
        echo "README.md: no line <!-- example: FILE -->"
        exit 1
    fi
    example=$(sed -n 's/^<!-- example: \(.*\) -->$/\1/p' README.md | sed -n 1p)
    if [ ! -f "$example" ]; then
        echo "README.md shows $example, which does not exist"
        exit 1
    fi
    shown=$(awk '/^<!-- example: / { on = 1; next } on && /^```cpp$/ { text = 1; next } text && /^```$/ { exit } text' README.md)
    # What an example marks with these two lines is shown; without them all of it but its first comment.
    real=$(awk '/^ *\/\/ README: begin$/ { on = 1; next } /^ *\/\/ README: end$/ { exit } on' "$example")
    if [ -z "$real" ]; then
        real=$(awk 'NR == 1 && /^\/\// { next } { print }' "$example")
    fi
    if [ "$shown" != "$real" ]; then
        echo "README.md: the example is not the text of $example (run: sh tests/house/readme.sh)"
        exit 1
    fi
    ;;
generated) # the doors and the single headers are fresh
    sh single_include/generate.sh --check "$(pwd)"
    ;;
*)
    echo "check.sh: no rule $rule" >&2
    exit 2
    ;;
esac
