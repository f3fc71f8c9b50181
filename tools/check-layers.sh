#!/bin/bash
# SPDX-License-Identifier: MIT
# Includes point only downwards, and nothing of a particular machine is in the tree.
set -euo pipefail
cd "$(dirname "$0")/.."

# module level: a file may include its own module and those of a lower level. Modules of the
# same level do not know each other, except for the pairs in `beside`.
levels='main 8 cmd 7 api 6 edge 6 report 5 attend 4 store 3 gallery 3 vision 2 infer 1 media 1 net 1 base 0'
beside=''
found=0

finding() {
	echo "$1"
	found=$((found + 1))
}

while IFS= read -r line; do
	finding "$line"
done < <(find src -name '*.[ch]' -print0 | sort -z | xargs -0 awk -v levels="$levels" -v beside=" $beside " '
	BEGIN {
		n = split(levels, word, " ")
		for (i = 1; i < n; i += 2) level[word[i]] = word[i + 1]
	}
	/^#[ \t]*include[ \t]*"/ {
		split(FILENAME, path, "/")
		from = path[2]
		sub(/\..*/, "", from)
		to = $0
		sub(/^[^"]*"/, "", to)
		sub(/".*/, "", to)
		if (to !~ /\//) { print FILENAME ":" FNR ": layers: \"" to "\" is not named from src/"; next }
		sub(/\/.*/, "", to)
		if (!(from in level)) { print FILENAME ":" FNR ": layers: module " from " has no level"; next }
		if (!(to in level)) { print FILENAME ":" FNR ": layers: module " to " has no level"; next }
		if (from == to || level[to] < level[from] || index(beside, " " from ">" to " ")) next
		print FILENAME ":" FNR ": layers: " from " may not include " to
	}')

# Lock files name no registry: everybody's npm asks its own.
for lock in $(git ls-files -co --exclude-standard -- '*package-lock.json'); do
	grep -qE '"resolved"|https?://[^"]*\.tgz' "$lock" && finding "$lock: a registry address (npm install --omit-lockfile-registry-resolved)"
	grep -q '"integrity"' "$lock" || finding "$lock: no integrity"
done

# No paths of the machine somebody worked on.
for path in "$PWD" "$(dirname "$PWD")"; do
	case $path in / | /root | /home | /home/* | /tmp | /usr* | /var* | /opt | /srv) continue ;; esac
	while IFS= read -r line; do
		finding "$line: a path of this machine"
	done < <(git grep -nIF --untracked -e "$path/" -- . ':!*.svg' | cut -d: -f1-2 || true)
done

echo "check-layers: $found findings"
[ $found = 0 ]
