#!/bin/bash
# SPDX-License-Identifier: MIT
# ./run bench: the speed of each stage here, then the comparison with the npm package.
# ROUNDS (7) and PEOPLE (10000) change the comparison; arguments go to `rollcall bench`.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/lib.sh"
cd "$root"

tools/build.sh tests
step "compile the bench programs" ninja -C build bench/fill bench/onnx_run
build/rollcall bench "$@"
say
node bench/compare.mjs
say
node bench/onnx.mjs
