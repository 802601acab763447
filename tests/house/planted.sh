#!/bin/sh
# Proves that each house rule sees a breach: in a small clean tree the rule must pass, and after one planted line it must fail
# and say so. Usage: sh planted.sh CMAKE
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
top=$(CDPATH='' cd -- "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cases=0

header() { # path, text on standard input
    guard=$(printf '%s' "$1" | tr '[:lower:]/.' '[:upper:]__')
    mkdir -p "include/$(dirname -- "$1")"
    {
        printf '// A header.\n#ifndef %s\n#define %s\n' "$guard" "$guard"
        cat
        printf '#endif\n'
    } > "include/$1"
}

# A small house that every rule accepts.
make_clean_tree() {
    mkdir -p "$work/tree/examples" "$work/tree/docs" "$work/tree/single_include/rejoinder"
    cd "$work/tree"
    cp "$top/single_include/generate.sh" single_include/
    cp "$top/LICENSE" .
    printf '%s\n' '#define REJOINDER_VERSION_MAJOR 1' '#define REJOINDER_VERSION_MINOR 2' '#define REJOINDER_VERSION_PATCH 3' \
        '#define REJOINDER_VERSION_STRING "1.2.3"' | header rejoinder/version.hpp
    printf '#include <vector>\n' | header rejoinder/core/detail/ring.hpp
    printf '#include <rejoinder/core/detail/ring.hpp>\n' | header rejoinder/core/outbox.hpp
    printf '#include <rejoinder/core/outbox.hpp>\n#include <boost/json/value.hpp>\n' | header rejoinder/wire/json_codec.hpp
    printf '#include <rejoinder/core/outbox.hpp>\n#include <asio/post.hpp>\n' | header rejoinder/channel/stream.hpp
    printf '#include <rejoinder/channel/stream.hpp>\n' | header rejoinder/net/hub.hpp
    printf '#include <rejoinder/net/hub.hpp>\n' | header rejoinder/testing/link.hpp
    printf '// Shown in the README.\n#include <rejoinder/rejoinder.hpp>\n' > examples/ask.cpp
    printf '%s\n' '# rejoinder 1.2.3' '<!-- example: examples/ask.cpp -->' '```cpp' '#include <rejoinder/rejoinder.hpp>' '```' > README.md
    printf '# Changes\n\n## 1.2.3\n' > CHANGELOG.md
    sh single_include/generate.sh > /dev/null
    cp -R "$work/tree" "$work/clean"
}
clean_tree() {
    rm -rf "$work/tree"
    cp -R "$work/clean" "$work/tree"
    cd "$work/tree"
}

make_clean_tree

# The planting command is run in the clean tree; then the rule must fail with a line that matches the expectation.
planted() { # rule expectation command...
    rule=$1
    expected=$2
    shift 2
    clean_tree
    if ! sh "$here/check.sh" "$rule" . > "$work/out" 2>&1; then
        echo "rule $rule fails on the clean tree:"
        cat "$work/out"
        exit 1
    fi
    "$@"
    if sh "$here/check.sh" "$rule" . > "$work/out" 2>&1; then
        echo "rule $rule does not see: $*"
        exit 1
    fi
    if ! grep -q -e "$expected" "$work/out"; then
        echo "rule $rule fails on: $*"
        echo "but says nothing like: $expected"
        cat "$work/out"
        exit 1
    fi
    cases=$((cases + 1))
}

# Puts a line before the last one (#endif) of a header.
put() { # file line
    sed '$d' "include/rejoinder/$1" > "$work/put"
    printf '%s\n#endif\n' "$2" >> "$work/put"
    cp "$work/put" "include/rejoinder/$1"
}
replace() { # file from to
    sed "s|$2|$3|" "$1" > "$work/put"
    cp "$work/put" "$1"
}
lengthen() { # file
    awk 'BEGIN { for (i = 0; i < 500; i++) print "//" }' > "$work/long"
    sed '$d' "$1" | cat - "$work/long" > "$work/put"
    echo '#endif' >> "$work/put"
    cp "$work/put" "$1"
}

planted floors 'core includes rejoinder/wire' put core/outbox.hpp '#include <rejoinder/wire/json_codec.hpp>'
planted floors 'wire includes rejoinder/channel' put wire/json_codec.hpp '#include <rejoinder/channel/stream.hpp>'
planted floors 'channel includes rejoinder/net' put channel/stream.hpp '#  include <rejoinder/net/hub.hpp>'
planted floors 'net includes rejoinder/testing' put net/hub.hpp '#include <rejoinder/testing/link.hpp>'
planted floors 'beside the stairs' put testing/link.hpp '#include <rejoinder/store/sqlite.hpp>'
planted circles 'circle:' put core/detail/ring.hpp '#include <rejoinder/core/outbox.hpp>'
planted detail 'belongs to another floor' put net/hub.hpp '#include <rejoinder/core/detail/ring.hpp>'
planted doors 'includes the door' put net/hub.hpp '#include <rejoinder/core.hpp>'
planted doors 'includes the door' put testing/link.hpp '#include <rejoinder/rejoinder.hpp>'
planted own_includes 'which does not exist' put net/hub.hpp '#include <rejoinder/net/gone.hpp>'
planted own_includes 'by quotes' put net/hub.hpp '#include "hub.hpp"'
planted core_is_pure 'standard library' put core/outbox.hpp '#include <asio/post.hpp>'
planted core_is_pure 'standard library' put core/outbox.hpp '#include <unistd.h>'
planted core_is_pure 'no thread' put core/outbox.hpp '#include <mutex>'
planted core_is_pure 'slow to compile' put core/outbox.hpp '#include <functional>'
planted core_is_pure 'reads a clock' put core/outbox.hpp 'inline auto t() { return std::chrono::steady_clock::now(); }'
planted core_is_pure 'random source' put core/detail/ring.hpp 'inline std::random_device device;'
planted core_is_pure 'sleeps' put core/outbox.hpp 'inline void f() { std::this_thread::sleep_for(t); }'
planted dependencies_have_one_address 'Asio below' put wire/json_codec.hpp '#include <asio.hpp>'
planted dependencies_have_one_address 'Boost.JSON outside' put net/hub.hpp '#include <boost/json.hpp>'
planted dependencies_have_one_address 'src.hpp in a header' put wire/json_codec.hpp '#include <boost/json/src.hpp>'
planted dependencies_have_one_address 'Boost.Asio' put net/hub.hpp '#include <boost/asio/post.hpp>'
planted shape 'the guard is not' replace include/rejoinder/net/hub.hpp NET_HUB HUB
planted shape 'no comment' replace include/rejoinder/net/hub.hpp '^// A header.' ''
planted shape '500 are allowed' lengthen include/rejoinder/net/hub.hpp
planted shape 'a macro' put net/hub.hpp '#define HUB_SIZE 5'
planted shape 'a tab' put net/hub.hpp "$(printf '\tint i;')"
planted words 'unfinished' put net/hub.hpp '// TODO: finish'
planted words 'unfinished' put net/hub.hpp '// This is enough for now.'
planted words 'one machine' put net/hub.hpp '// see /home/somebody/notes'
planted versions 'version.hpp says' replace include/rejoinder/version.hpp 'MINOR 2' 'MINOR 3'
planted versions 'CHANGELOG.md' replace CHANGELOG.md 1.2.3 1.2.2
planted versions 'README.md:1' replace README.md 1.2.3 1.2.2
planted readme 'is not the text' replace examples/ask.cpp rejoinder.hpp core.hpp
planted readme 'no line' replace README.md '<!-- example' '<!-- nothing'
planted readme 'does not exist' rm examples/ask.cpp
planted generated 'stale: include/rejoinder/core.hpp' cp include/rejoinder/core/outbox.hpp include/rejoinder/core/another.hpp
planted generated 'stale: single_include/rejoinder/rejoinder.hpp' put net/hub.hpp 'inline int changed;'
planted generated 'stale: include/rejoinder/net.hpp' replace include/rejoinder/net.hpp '#include <rejoinder/net/hub.hpp>' ''
planted generated 'must not depend on a condition' put net/hub.hpp "$(printf '#if 1\n#include <rejoinder/core/outbox.hpp>\n#endif')"

# A header that says that it is not behind the door is left out of it.
clean_tree
sed '1a\
// Not behind the door: it needs a database.' include/rejoinder/net/hub.hpp > "$work/put"
cp "$work/put" include/rejoinder/net/sqlite_hub.hpp
sh single_include/generate.sh --check > /dev/null

# The packages' agreement is read by CMake, from the real recipes.
agreement() { # tree
    "$cmake" -DROOT="$1" -DVERSION=1.2.3 -DDESCRIPTION="$description" -DDEBIAN_DEPENDS="$depends" \
        -P "$here/packaging.cmake" > "$work/out" 2>&1
}
planted_package() { # expectation file from to
    rm -rf "$work/recipes"
    mkdir "$work/recipes"
    cp -R "$top/packaging" "$top/cmake" "$top/LICENSE" "$top/CMakeLists.txt" "$work/recipes/"
    mkdir -p "$work/recipes/include/rejoinder"
    replace "$work/recipes/packaging/vcpkg/vcpkg.json" '"version": ".*"' '"version": "1.2.3"'
    if ! agreement "$work/recipes"; then
        echo "the packages do not agree before anything is planted:"
        cat "$work/out"
        exit 1
    fi
    replace "$work/recipes/$2" "$3" "$4"
    if agreement "$work/recipes" || ! grep -q -e "$1" "$work/out"; then
        echo "packaging.cmake does not see: $2: $3 -> $4"
        cat "$work/out"
        exit 1
    fi
    cases=$((cases + 1))
}
cmake=${1:-cmake}
description=$(sed -n 's/^ *DESCRIPTION "\(.*\)"/\1/p' "$top/CMakeLists.txt")
depends=$(sed -n 's/^set(CPACK_DEBIAN_PACKAGE_DEPENDS "\(.*\)")/\1/p' "$top/cmake/install.cmake")
planted_package 'vcpkg.json: version' packaging/vcpkg/vcpkg.json '"version": "1.2.3"' '"version": "1.2.4"'
planted_package 'vcpkg.json: description' packaging/vcpkg/vcpkg.json Correlated Uncorrelated
planted_package 'vcpkg.json: license' packaging/vcpkg/vcpkg.json BSL-1.0 MIT
planted_package 'vcpkg.json: dependencies' packaging/vcpkg/vcpkg.json boost-json boost-asio
planted_package 'vcpkg has nothing like: asio' packaging/vcpkg/vcpkg.json 1.22.1 1.18.0
planted_package 'conanfile.py: dependencies' packaging/conan/conanfile.py '"boost/' '"openssl/'
planted_package 'conan has nothing like: boost' packaging/conan/conanfile.py 'boost/\[>=1.81' 'boost/[>=1.74'
planted_package 'version of its own' packaging/conan/conanfile.py '^    name = ' '    version = "1.2.3"; name = '
planted_package 'does not export include' packaging/conan/conanfile.py '"include/\*"' '"LICENSE"'
planted_package 'which does not exist' packaging/conan/conanfile.py '"LICENSE", "cmake' '"LICENSE", "sources/*", "cmake'
planted_package 'portfile.cmake has nothing' packaging/vcpkg/portfile.cmake 'PACKAGE_NAME rejoinder' 'PACKAGE_NAME other'
planted_package 'conan has nothing like: asio' cmake/rejoinder-dependencies.cmake 'LESS 102200' 'LESS 103000'

echo "$cases planted breaches, each seen"
