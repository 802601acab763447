# Shell functions that find what a build needs and, on Debian and its kin, install what is missing. Sourced, not run.
#
#   need_build; need_library; need_tests; need_clang ...   note what is missing
#   install_missing                                        installs it, or says what to install, and stops
missing_packages=''
missing_words=''

lacks() { # Debian's package, words for elsewhere
    case " $missing_packages " in
    *" $1 "*) ;;
    *)
        missing_packages="$missing_packages $1"
        missing_words="$missing_words
  - $2"
        ;;
    esac
}

has() {
    command -v "$1" > /dev/null 2>&1
}

# The compiler that CMake will take.
compiler() {
    if [ -n "${CXX:-}" ]; then
        echo "$CXX"
    elif has c++; then
        echo c++
    else
        echo g++
    fi
}

# Whether the compiler finds a header, and a condition on its macros holds.
has_header() { # header condition
    printf '#if !__has_include(<%s>)\n#error missing\n#else\n#include <%s>\n#if !(%s)\n#error old\n#endif\n#endif\n' \
        "$1" "$1" "${2:-1}" | "$(compiler)" -std=c++20 -x c++ -E - > /dev/null 2>&1
}

need_build() {
    has "$(compiler)" || lacks g++ 'a C++20 compiler: g++ 12 or newer, clang 16 or newer'
    has cmake || lacks cmake 'CMake 3.22 or newer'
    has ninja || has make || lacks ninja-build 'Ninja or make'
}

need_library() {
    has_header asio/version.hpp 'ASIO_VERSION >= 102200' || lacks libasio-dev 'standalone Asio 1.22 or newer (asio.hpp)'
    has_header boost/version.hpp 'BOOST_VERSION >= 108100 && __has_include(<boost/json.hpp>)' ||
        lacks boost-json 'Boost.JSON 1.81 or newer (boost/json.hpp)'
}

need_tests() {
    has_header catch2/catch_all.hpp || has_header catch2/catch.hpp || lacks catch2 'Catch2, version 2 or 3'
}

# Optional parts: their tests are left out where these are missing.
need_optional() {
    has_header sqlite3.h || lacks libsqlite3-dev 'SQLite 3 (sqlite3.h)'
    has_header zlib.h || lacks zlib1g-dev 'zlib (zlib.h)'
    has_header openssl/ssl.h || lacks libssl-dev 'OpenSSL 3 (openssl/ssl.h)'
}

need_clang() {
    has clang++-19 || lacks clang-19 'clang 19, as clang++-19'
}

need_clang_sanitizers() {
    [ -n "$(find /usr/lib/llvm-19/lib/clang -name 'libclang_rt.asan*' 2> /dev/null)" ] ||
        lacks libclang-rt-19-dev 'the sanitizers of clang 19 (compiler-rt)'
}

# For the test of its sink.
need_spdlog() {
    has_header spdlog/spdlog.h || lacks libspdlog-dev 'spdlog'
}

need_tool() { # command package words
    has "$1" || lacks "$2" "$3"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# Boost.JSON has no package of that name where Debian's own Boost is older than it (Debian 12: 1.74, with 1.81 beside it).
boost_json_package() {
    if apt-cache show libboost-json-dev > /dev/null 2>&1; then
        echo libboost-json-dev
    else
        echo libboost-json1.81-dev
    fi
}

# Recommended packages stay out: libasio-dev's are Boost 1.74's headers, which conflict with 1.81's. --no-remove: nothing that
# somebody installed is taken away; apt then says which packages stand in the way.
apt_install() {
    packages=''
    for package in $missing_packages; do
        [ "$package" != boost-json ] || package=$(boost_json_package)
        packages="$packages $package"
    done
    echo "Installing with apt:$packages"
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends --no-remove $packages
}

install_missing() {
    if [ -z "$missing_packages" ]; then
        return 0
    fi
    if ! has apt-get || ! { [ "$(id -u)" = 0 ] || has sudo; }; then
        echo "This is missing:$missing_words" >&2
        if has apt-get; then
            echo "Run as root:  apt-get install --no-install-recommends$missing_packages" |
                sed "s/boost-json/$(boost_json_package)/" >&2
        else
            echo "Install it with your system's packages, vcpkg or Conan, and run this again." >&2
        fi
        exit 1
    fi
    echo "apt-get installs what is missing, as root:$missing_packages" >&2
    log=$(mktemp)
    # The lists of a fresh machine are empty, those of an old one may name packages that are gone.
    if ! apt_install > "$log" 2>&1; then
        echo "Reading the package lists"
        as_root apt-get update -q >> "$log" 2>&1 || true
        if ! apt_install >> "$log" 2>&1; then
            cat "$log" >&2
            echo "apt could not install what is missing:$missing_words" >&2
            if grep -q 'remove is disabled' "$log"; then
                echo "The packages that it would have to remove are named above: remove them first, if nothing of yours needs them." >&2
            fi
            exit 1
        fi
    fi
    grep '^Installing' "$log" | tail -n 1
    rm -f "$log"
    missing_packages=''
    missing_words=''
}

need_npm() {
    { has node && has npm; } || lacks npm 'Node.js 18 or newer, with npm'
}

need_python_socketio() {
    /usr/bin/python3 -c 'import socketio, requests, websocket' > /dev/null 2>&1 || {
        lacks python3-socketio 'python-socketio'
        lacks python3-requests 'requests for Python'
        lacks python3-websocket 'websocket-client for Python'
    }
}

# Installs the packages that a folder's lock file names into a folder of the build, where they are not there yet.
npm_packages() { # folder-of-package.json build-folder
    if cmp -s "$1/package-lock.json" "$2/node_modules/installed.json"; then
        return 0
    fi
    mkdir -p "$2"
    cp "$1/package.json" "$1/package-lock.json" "$2"
    echo "Installing with npm: $(sed -n 's/^ *"\([^"]*\)": "\([0-9][0-9.]*\)",\{0,1\}$/\1 \2/p' "$1/package.json" | tr '\n' ' ')"
    (cd "$2" && npm ci --no-audit --no-fund --ignore-scripts > npm.log 2>&1) || {
        cat "$2/npm.log" >&2
        return 1
    }
    cp "$1/package-lock.json" "$2/node_modules/installed.json"
}

cores() {
    nproc 2> /dev/null || getconf _NPROCESSORS_ONLN 2> /dev/null || echo 2
}

# Configures a preset; the first time with Ninja where it is there.
configure() { # preset options...
    preset=$1
    shift
    if [ ! -f "build/$preset/CMakeCache.txt" ] && has ninja; then
        set -- -G Ninja "$@"
    fi
    mkdir -p build
    cmake --preset "$preset" "$@" > "build/$preset.log" 2>&1 || {
        cat "build/$preset.log" >&2
        return 1
    }
}

# TSan cannot map its shadow where the kernel randomises addresses too widely; without randomising it always can.
unrandomised() {
    if setarch "$(uname -m)" -R true 2> /dev/null; then
        setarch "$(uname -m)" -R "$@"
    else
        "$@"
    fi
}
