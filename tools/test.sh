#!/bin/bash
# SPDX-License-Identifier: MIT
# ./run test: all tests. FUZZ_SECONDS (default 5) is for each fuzz target, WERROR=1 makes
# warnings errors. The last line is "N passed, N failed".
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/lib.sh"
cd "$root"

export ROLLCALL_SOURCE=$root ROLLCALL=$root/build/rollcall ROLLCALL_MODELS=$root/build/models
export ROLLCALL_SAMPLES=$root/build/samples ROLLCALL_GOLDEN=$root/build/golden
export ROLLCALL_ONNX=$root/build/onnx
export ASAN_OPTIONS=allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
passed=0 failed=0 skipped=0

# add WHAT PASSED FAILED SKIPPED
add() {
	passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
	say "$1: $2 passed, $3 failed$([ "$4" = 0 ] || echo ", $4 skipped")"
}

# What each stage of the npm package gives for its own photos; the script knows by itself when
# what is there is still right.
golden() {
	[ -e build/golden/index.json ] || say "Running the npm package on its photos, to compare with (once) ..."
	step "golden data" node tests/golden/make.mjs --out build/golden \
		--package models/node_modules/@vladmandic/face-api
}

# What onnxruntime gives for small networks, and for real files where there are some
# (ROLLCALL_ONNX_MODELS); likewise.
onnx() {
	if [ -z "${ROLLCALL_ONNX_MODELS:-}" ] && [ -d "$root/../shared/models" ]; then
		export ROLLCALL_ONNX_MODELS=$root/../shared/models
	fi
	step "onnx data" node tests/onnx/make.mjs --out build/onnx --samples build/samples \
		${ROLLCALL_ONNX_MODELS:+--models "$ROLLCALL_ONNX_MODELS"}
}

# unit FOLDER: the C tests of a build folder; the log of what failed is printed.
unit() {
	local counts
	rm -f "$1/meson-logs/testlog.json"
	meson test -C "$1" --no-rebuild --quiet --print-errorlogs >"$cache/unit.log" 2>&1 9>&- ||
		tail -n 300 "$cache/unit.log"
	counts=$(node tools/tally.mjs meson "$1/meson-logs/testlog.json") || counts="0 1 0"
	add "unit tests in $1/" $counts
}

# The real binary, from outside.
e2e() {
	local files=(tests/e2e/*.test.mjs) counts
	[ -e "${files[0]}" ] || return 0
	rm -f build/e2e.tap
	node --test --test-reporter=spec --test-reporter-destination="$cache/e2e.log" \
		--test-reporter=tap --test-reporter-destination=build/e2e.tap "${files[@]}" 9>&- ||
		awk '/failing tests/ { f = 1 } f && n++ < 300' "$cache/e2e.log"
	counts=$(node tools/tally.mjs tap build/e2e.tap) || counts="0 1 0"
	add "end-to-end tests" $counts
}

# fuzz_one PATH: a fuzz target for a while, from its seeds on; what it finds more stays in .cache/.
fuzz_one() {
	local name=${1##*/} found
	found=$cache/fuzz/$name
	mkdir -p "$found"
	"$1" -max_total_time="${FUZZ_SECONDS:-5}" -timeout=20 -rss_limit_mb=2048 \
		-artifact_prefix="$found-" "$found" $(ls -d "tests/fuzz/seeds/${name#fuzz_}" 2>/dev/null) \
		>"$cache/$name.log" 2>&1 9>&- || touch "$cache/$name.failed"
}

# All of them, as many at a time as there are processors.
fuzz() {
	local target name good=0 bad=0
	meson_setup build-fuzz clang --buildtype debugoptimized -Dtests=true -Dfuzz=true -Db_lundef=false
	step "configure build-fuzz" ninja -C build-fuzz build.ninja
	local targets
	targets=$(ninja -C build-fuzz -t targets all | sed -n 's|^\(tests/fuzz/fuzz_[a-z0-9_]*\): .*|\1|p')
	compile build-fuzz $targets
	rm -f "$cache"/fuzz_*.failed
	for target in $targets; do
		while [ "$(jobs -pr | wc -l)" -ge "$(nproc)" ]; do wait -n || true; done
		fuzz_one "build-fuzz/$target" &
	done
	wait
	for target in $targets; do
		name=${target##*/}
		if [ ! -e "$cache/$name.failed" ]; then
			good=$((good + 1))
		else
			bad=$((bad + 1))
			say "$name failed:"
			tail -n 40 "$cache/$name.log"
		fi
	done
	add "fuzz targets, ${FUZZ_SECONDS:-5} s each" $good $bad 0
}

tools/build.sh tests
golden
onnx
unit build
meson_setup build-asan clang --buildtype debugoptimized -Dtests=true \
	-Db_sanitize=address,undefined -Db_lundef=false
compile build-asan
unit build-asan
e2e
fuzz

[ $skipped = 0 ] || say "$skipped skipped"
say "$passed passed, $failed failed"
[ $failed = 0 ]
