#!/bin/sh
# Uses the library as another project would, in one of the ways it is delivered:  sh tests/consumer/run.sh KIND
# CMAKE and CXX say which CMake and compiler, WITH_SQLITE=ON and WITH_SPDLOG=ON that these are here. Kinds: see the functions below; deb installs a package on this machine with apt.
set -eu
kind=$1
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
here=$root/tests/consumer
cmake=${CMAKE:-cmake}
cxx=${CXX:-c++}
warnings='-Wall -Wextra -Wconversion -Wshadow -Wpedantic -Werror'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(sed -n 's/^#define REJOINDER_VERSION_STRING "\(.*\)"/\1/p' "$root/include/rejoinder/version.hpp")

quietly() {
    if ! "$@" > "$work/log" 2>&1; then
        cat "$work/log"
        echo "failed: $*"
        exit 1
    fi
}
expect() { # line command...
    wanted=$1
    shift
    said=$("$@")
    if [ "$said" != "$wanted" ]; then
        echo "$* said \"$said\", not \"$wanted\""
        exit 1
    fi
}
expect_core() { expect "core $version" "$@"; }
expect_sqlite() { expect "sqlite $version opened" "$@"; }
expect_deflate() { expect "deflate $version of 1000 bytes" "$@"; }
expect_tls() { expect "tls $version wss://shop.example/ws" "$@"; }
expect_spdlog() { expect "spdlog $version who=42" "$@"; }
expect_all() { expect "all $version {\"hello\":\"there\"}" "$@"; }

install_library() { # options
    quietly "$cmake" -S "$root" -B "$work/library" -DCMAKE_CXX_COMPILER="$cxx" -DREJOINDER_TESTS=OFF -DREJOINDER_EXAMPLES=OFF \
        -DCMAKE_INSTALL_PREFIX="$work/prefix" "$@"
    quietly "$cmake" --build "$work/library"
    quietly "$cmake" --install "$work/library"
}
same_headers() { # folder
    if diff -r "$root/include/rejoinder" "$1/rejoinder" | grep -v '^Only in .*: [a-z]*$' > "$work/log"; then
        cat "$work/log"
        echo "the installed headers are not those of include/"
        exit 1
    fi
}
build_with_package() { # floors options
    floors=$1
    shift
    quietly "$cmake" -S "$here/find_package" -B "$work/consumer_$floors" -DCMAKE_CXX_COMPILER="$cxx" -DFLOORS="$floors" "$@"
    quietly "$cmake" --build "$work/consumer_$floors"
    "expect_$floors" "$work/consumer_$floors/consumer"
}
compile() { # output arguments...
    output=$1
    shift
    # shellcheck disable=SC2086
    quietly "$cxx" -std=c++20 $warnings "$@" -o "$output"
}
# What a bare compiler line needs beyond the single header: -lboost_json, and for clang with an old Asio that it may use coroutines.
bare_flags() {
    echo '-DASIO_STANDALONE -pthread'
    if "$cxx" --version | grep -q clang; then
        echo '-DASIO_HAS_CO_AWAIT=1 -DASIO_HAS_STD_COROUTINE=1'
    fi
}

case $kind in
installed) # cmake --install, then find_package
    install_library
    same_headers "$work/prefix/include"
    build_with_package all -DCMAKE_PREFIX_PATH="$work/prefix" -DWANTED_VERSION="$version"
    ;;
installed_core) # the component core looks for nothing else
    install_library
    build_with_package core -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_DISABLE_FIND_PACKAGE_Boost=ON \
        -DCMAKE_DISABLE_FIND_PACKAGE_Threads=ON
    ;;
installed_sqlite) # the component sqlite
    install_library
    build_with_package sqlite -DCMAKE_PREFIX_PATH="$work/prefix"
    ;;
installed_deflate) # the component deflate
    install_library
    build_with_package deflate -DCMAKE_PREFIX_PATH="$work/prefix"
    ;;
installed_tls) # the component tls
    install_library
    build_with_package tls -DCMAKE_PREFIX_PATH="$work/prefix"
    ;;
installed_spdlog) # the component spdlog
    install_library
    build_with_package spdlog -DCMAKE_PREFIX_PATH="$work/prefix"
    ;;
json_source) # no compiled Boost.JSON: its source is compiled once, in the consumer's project
    install_library -DREJOINDER_JSON=SOURCE
    build_with_package all -DCMAKE_PREFIX_PATH="$work/prefix" -DREJOINDER_JSON=SOURCE
    if ldd "$work/consumer_all/consumer" | grep boost_json; then
        echo "it is linked to the compiled Boost.JSON nevertheless"
        exit 1
    fi
    ;;
missing) # what is missing is said
    install_library
    if "$cmake" -S "$here/find_package" -B "$work/consumer" -DCMAKE_CXX_COMPILER="$cxx" -DFLOORS=all \
        -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_DISABLE_FIND_PACKAGE_Boost=ON > "$work/log" 2>&1 ||
        ! tr -s ' \n' '  ' < "$work/log" | grep -q 'Boost.JSON 1.81 or newer was not found'; then
        cat "$work/log"
        echo "a missing Boost.JSON is not said"
        exit 1
    fi
    ;;
subdirectory)
    quietly "$cmake" -S "$here/subdirectory" -B "$work/consumer" -DCMAKE_CXX_COMPILER="$cxx" -DREJOINDER_ROOT="$root" \
        -DWITH_sqlite="${WITH_SQLITE:-OFF}" -DWITH_spdlog="${WITH_SPDLOG:-OFF}"
    quietly "$cmake" --build "$work/consumer"
    expect_all "$work/consumer/consumer"
    expect_core "$work/consumer/consumer_of_core"
    [ "${WITH_SQLITE:-OFF}" = OFF ] || expect_sqlite "$work/consumer/consumer_of_sqlite"
    [ "${WITH_SPDLOG:-OFF}" = OFF ] || expect_spdlog "$work/consumer/consumer_of_spdlog"
    ;;
pkg_config)
    install_library
    PKG_CONFIG_PATH=$work/prefix/share/pkgconfig
    export PKG_CONFIG_PATH
    expect "$version" pkg-config --modversion rejoinder
    # shellcheck disable=SC2046
    compile "$work/core" $(pkg-config --cflags rejoinder-core) "$here/core.cpp"
    expect_core "$work/core"
    # shellcheck disable=SC2046
    compile "$work/all" -DREJOINDER_SECOND_FILE $(pkg-config --cflags rejoinder) "$here/all.cpp" "$here/second.cpp" \
        $(pkg-config --libs rejoinder)
    expect_all "$work/all"
    ;;
single_header) # a bare compiler line, in a folder that has the two files and nothing else
    mkdir -p "$work/rejoinder"
    cp "$root"/single_include/rejoinder/*.hpp "$work/rejoinder/"
    compile "$work/core" -I "$work" "$here/core.cpp"
    expect_core "$work/core"
    # shellcheck disable=SC2046
    compile "$work/all" $(bare_flags) -I "$work" "$here/all.cpp" -lboost_json
    expect_all "$work/all"
    ;;
two_files) # two translation units of one program, the single header in one and the headers in the other
    mkdir -p "$work/rejoinder"
    cp "$root"/single_include/rejoinder/*.hpp "$work/rejoinder/"
    # shellcheck disable=SC2046
    compile "$work/second.o" $(bare_flags) -I "$work" -c "$here/second.cpp"
    # shellcheck disable=SC2046
    compile "$work/all" -DREJOINDER_SECOND_FILE $(bare_flags) -I "$root/include" "$here/all.cpp" "$work/second.o" -lboost_json
    expect_all "$work/all"
    ;;
header_only) # no compiled library at all: Boost.JSON's source is a file of the program
    # shellcheck disable=SC2046
    compile "$work/all" $(bare_flags) -I "$root/include" "$here/all.cpp" "$root/cmake/json_source.cpp"
    expect_all "$work/all"
    ;;
deb) # the Debian package, installed by apt, used through find_package and pkg-config, and removed
    if dpkg-query -W -f '${Status}' librejoinder-dev 2> /dev/null | grep -q 'install ok'; then
        echo "librejoinder-dev is installed on this machine already: remove it first"
        exit 1
    fi
    as_root=''
    [ "$(id -u)" = 0 ] || as_root=sudo
    quietly "$cmake" -S "$root" -B "$work/library" -DCMAKE_CXX_COMPILER="$cxx" -DREJOINDER_TESTS=OFF -DREJOINDER_EXAMPLES=OFF
    quietly "$cmake" --build "$work/library" --target package
    chmod 755 "$work"
    trap '$as_root apt-get remove -y -q librejoinder-dev > /dev/null 2>&1 || true; rm -rf "$work"' EXIT
    quietly $as_root apt-get install -y -q "$work/library/librejoinder-dev_${version}_all.deb"
    dpkg -L librejoinder-dev | grep -q '/usr/share/doc/rejoinder/copyright'
    same_headers /usr/include
    build_with_package all -DWANTED_VERSION="$version"
    # shellcheck disable=SC2046
    compile "$work/all" $(pkg-config --cflags rejoinder) "$here/all.cpp" $(pkg-config --libs rejoinder)
    expect_all "$work/all"
    ;;
*)
    echo "no kind $kind" >&2
    exit 2
    ;;
esac
echo "$kind: good"
