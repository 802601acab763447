#!/bin/sh
# Holds our WebSocket programs to the conformance suite, or npm's `ws` instead, if NODE_MODULES says where that is.
#
#   sh run.sh server|client BIN      the programs in BIN
#   sh run.sh server|client ws       the reference
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
role=$1
bin=$2
reference=
if [ "$bin" = ws ]; then
    reference=--reference
    if [ "$role" = client ]; then
        exec node "$here/websocket.mjs" client --deflate --reference -- node "$here/reference.mjs" client
    fi
elif [ "$role" = client ]; then
    exec node "$here/websocket.mjs" client --deflate -- "$bin/websocket_client" --deflate
fi
said=$(mktemp)
if [ "$bin" = ws ]; then
    node "$here/reference.mjs" server > "$said" &
else
    "$bin/websocket_echo" --port 0 --deflate > "$said" &
fi
server=$!
trap 'kill $server; rm -f "$said"' EXIT
until grep -q listening "$said"; do
    kill -0 $server
    sleep 0.1
done
node "$here/websocket.mjs" server "ws://127.0.0.1:$(sed 's/[^0-9]//g' "$said")/" --deflate $reference
