#!/bin/sh
# Drives the dashboard in Debian's Chromium:  sh tests/browser/run.sh [PROGRAM FOLDER]
#
# PROGRAM: example_dashboard, built; else it is built here. FOLDER gets the packages of npm, and the pictures.
# Exit code 77: there is no browser here, and none can be had.
set -eu
cd "$(dirname -- "$0")/../.."
. cmake/set_up.sh

program=${1:-}
folder=${2:-build/browser}

need_npm
has chromium || lacks chromium 'Chromium, as chromium'
if ! (install_missing); then
    echo "skipped: there is no Chromium or no Node.js here"
    exit 77
fi
if ! npm_packages tests/browser "$folder" || ! npm_packages examples/dashboard "$folder/client"; then
    echo "skipped: npm could not get the packages"
    exit 77
fi

if [ -z "$program" ]; then
    missing_packages=''
    need_build
    need_library
    install_missing
    configure examples
    cmake --build build/examples --parallel "$(cores)" --target example_dashboard
    program=build/examples/bin/examples/dashboard
fi

BROWSER=$(command -v chromium)
BROWSER_MODULES=$folder
BROWSER_PICTURES=$folder/pictures
BROWSER_PROGRAM="[\"$program\", \"--client\", \"$folder/client/node_modules/socket.io-client/dist/socket.io.min.js\"]"
export BROWSER BROWSER_MODULES BROWSER_PICTURES BROWSER_PROGRAM
node --test tests/browser/dashboard.mjs
echo "Pictures: $folder/pictures"
