#!/bin/bash
# SPDX-License-Identifier: MIT
# Sets up and builds build/rollcall; with the argument `tests`, the unit tests too.
# WERROR=1 makes warnings errors. Called by ./run, under its lock.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/lib.sh"
cd "$root"

tests=false
[ "${1:-}" != tests ] || tests=true

if [ $tests = true ]; then tools/setup.sh test; else tools/setup.sh build; fi
meson_setup build gcc --buildtype release -Dtests=$tests
compile build
[ -x build/rollcall ] || die "the build made no build/rollcall"
