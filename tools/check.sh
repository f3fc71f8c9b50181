#!/bin/bash
# SPDX-License-Identifier: MIT
# ./run check: style and layers of the source, man pages against the program's help.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/lib.sh"
cd "$root"

tools/setup.sh test
bad=0
node tools/check-style.mjs || bad=1
tools/check-layers.sh || bad=1
# The man pages are made from the program's help when it is built.
while IFS= read -r page; do
	mandoc -T lint -W warning "$page" || bad=1
done < <(find build docs man -name '*.1' 2>/dev/null | sort)
exit $bad
