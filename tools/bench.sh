#!/bin/bash
# SPDX-License-Identifier: MIT
# ./run bench: the speed of each stage here, of a camera's frame, a class photo, the search and the
# start, then the comparisons with FAISS (if installed), the npm package and onnxruntime.
# ROUNDS (7) and PEOPLE (10000) change the comparison; arguments go to `rollcall bench`.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/lib.sh"
cd "$root"

tools/build.sh tests
step "compile the bench programs" ninja -C build bench/class bench/fill bench/onnx_run bench/search
photo=(--photo build/samples/sample1.jpg)
[ $# = 0 ] || photo=()
build/rollcall bench "${photo[@]}" "$@"
say
say "A class photo of 12 megapixels, 30 faces, two threads:"
build/bench/class build/bench/class.jpg build/models build/samples/*.jpg
build/rollcall bench --photo build/bench/class.jpg --threads 2 --rounds 5 | sed -n '/^┌/,/^└/p;/^└/q'
say
build/bench/search
say
node bench/start.mjs
say
node bench/compare.mjs
say
node bench/onnx.mjs
