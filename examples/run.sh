#!/bin/sh
# Sets up what is missing, builds one example and runs it:  sh examples/run.sh [NAME [arguments]]   (NAME: relay)
set -eu
cd "$(dirname -- "$0")/.."
. cmake/set_up.sh

name=${1:-relay}
if [ "$#" -gt 0 ]; then
    shift
fi
if [ ! -f "examples/$name.cpp" ] && [ ! -f "examples/$name/main.cpp" ]; then
    echo "There is no example $name. There are:" >&2
    for file in examples/*.cpp examples/*/main.cpp; do
        [ ! -f "$file" ] || echo "$file" | sed 's|^examples/|  |; s|/main||; s|\.cpp$||' >&2
    done
    exit 1
fi

need_build
install_missing
need_library
need_optional
if [ "$name" = dashboard ]; then
    need_npm
fi
install_missing
if [ "$name" = dashboard ]; then
    npm_packages examples/dashboard build/dashboard
    set -- --client build/dashboard/node_modules/socket.io-client/dist/socket.io.min.js "$@"
fi

echo "building the example $name in build/examples: half a minute the first time" >&2
configure examples
cmake --build build/examples --parallel "$(cores)" --target "example_$name" > build/examples.build.log || {
    cat build/examples.build.log >&2
    exit 1
}
exec "build/examples/bin/examples/$name" "$@"
