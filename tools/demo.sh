#!/bin/bash
# SPDX-License-Identifier: MIT
# ./run demo: the program's main job on photos that came with the model package. Enrols five
# people from crops of two photos, marks attendance from two other photos, prints the register.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/lib.sh"
cd "$root"

marked=(build/samples/sample3.jpg build/samples/sample2.jpg)
class="Demo class"
demo=build/demo

tools/build.sh
rm -rf "$demo"
mkdir -p "$demo/photos"
export ROLLCALL_HOME=$root/$demo/home
unset ROLLCALL_MODELS

while read -r name sample crop; do
	mkdir -p "$demo/photos/$name"
	jpegtran -copy none -crop "$crop" -outfile "$demo/photos/$name/$sample.jpg" "build/samples/$sample.jpg" ||
		die "cannot crop $sample.jpg" "Is the disk full? Then free some space and run this again."
done < <(grep -v '^#' tools/demo-people.txt)

# run COMMAND...: shows it, then does it. Status 3 (nobody recognised) is an answer, not a failure.
run() {
	say
	say "\$ rollcall ${*@Q}" | sed "s/'\([A-Za-z0-9._\/-]*\)'/\1/g"
	build/rollcall "$@" || [ $? = 3 ] || exit 1
}

say "The people on these photos are strangers; their names are made up."
began=$(date +%s%N)
build/rollcall groups add "$class" --start "$(date +%H:%M)" >/dev/null
run import "$demo/photos" --group "$class"
run mark "${marked[@]}" --group "$class"
run roll --group "$class" --close
say
say "Enrolled, recognised and written down in $((($(date +%s%N) - began) / 1000000)) ms. The demo's data: $demo/home"
say "Next: build/rollcall help"
