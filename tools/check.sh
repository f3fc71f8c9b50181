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
for page in docs/man/*.1; do
	[ -e "$page" ] || continue
	# groff's own check of a page: anything it says is a finding.
	if command -v mandoc >/dev/null; then
		mandoc -T lint -W warning "$page" || bad=1
	fi
done
exit $bad
