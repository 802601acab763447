#!/bin/sh
# The zombie test in a network of its own whose packets are dropped: zombie_netns.sh PROGRAM, the test program of tests/integration.
# Exit code 77: this machine does not let a test have a network namespace.
set -eu

program=$1
skip() {
    echo "skipped: $1"
    exit 77
}

command -v ip > /dev/null || skip "there is no ip command"
command -v unshare > /dev/null || skip "there is no unshare command"
root=
[ "$(id -u)" = 0 ] || root=-r
# Rules that drop come before the one that finds local addresses.
unshare -n $root sh -c '
    ip link set lo up && ip rule add pref 10 lookup local && ip rule del pref 0 &&
    ip rule add pref 5 ipproto tcp sport 1 blackhole' 2> /dev/null || skip "network namespaces or rules by port are not permitted"

exec unshare -n $root sh -c '
    ip link set lo up
    ip rule add pref 10 lookup local
    ip rule del pref 0
    REJOINDER_NETWORK_IS_OURS=1 exec "$0" "[.netns]"' "$program"
