#!/bin/sh
# The door of core, compiled without exceptions and run-time types, brings in no header of Asio or Boost.
# Usage: sh core_stands_alone.sh COMPILER ROOT
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo '#include <rejoinder/core.hpp>' > "$work/core.cpp"
"$1" -std=c++20 -fno-exceptions -fno-rtti -Wall -Wextra -Werror -I"$2/include" -MD -MF "$work/core.d" \
    -fsyntax-only "$work/core.cpp"
if grep -E '/(asio|boost)[./]' "$work/core.d"; then
    echo "core includes what is named above"
    exit 1
fi
