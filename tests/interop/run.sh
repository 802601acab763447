#!/bin/sh
# Runs a script that talks to a program of ours by clients from outside: run.sh SCRIPT PROGRAM FOLDER [PART-OF-A-NAME].
#
# SCRIPT: *.sh for the shell, which gets what stands behind FOLDER before PROGRAM; *.mjs for Node, with the packages of package.json, which are installed into FOLDER when they are not there yet; *.py for Python
# with Debian's python3-socketio. Exit code 77: this machine has not what it needs, and cannot get it.
set -eu

script=$1
program=$2
folder=$3
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
skip() {
    echo "skipped: $1"
    exit 77
}

case $script in
*.py)
    for python in /usr/bin/python3 python3; do
        if "$python" -c 'import socketio, requests, websocket' 2> /dev/null; then
            exec "$python" "$script" "$program"
        fi
    done
    skip "there is no python3-socketio, with python3-requests and python3-websocket"
    ;;
esac

command -v node > /dev/null || skip "there is no node"
mkdir -p "$folder"
if command -v flock > /dev/null; then # several tests may begin at once
    exec 9> "$folder/lock"
    flock 9
fi
if ! cmp -s "$here/package-lock.json" "$folder/node_modules/installed.json"; then
    command -v npm > /dev/null || skip "there is no npm"
    cp "$here/package.json" "$here/package-lock.json" "$folder"
    (cd "$folder" && npm ci --no-audit --no-fund > npm.log 2>&1) || skip "npm could not get the packages: $folder/npm.log"
    cp "$here/package-lock.json" "$folder/node_modules/installed.json"
fi
if command -v flock > /dev/null; then
    flock -u 9
    exec 9>&-
fi
case $script in
*.sh) NODE_MODULES=$folder exec sh "$script" "${4:-}" "$program" ;;
esac
REJOINDER_INTEROP_MODULES=$folder exec node "$script" "$program" ${4:+"$4"}
