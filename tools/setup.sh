#!/bin/bash
# SPDX-License-Identifier: MIT
# Makes a machine able to build and run this checkout: tools/setup.sh build|test
# Looks at what is there each time (it takes a fraction of a second) and does only what is
# missing, so an interrupted set-up goes on where it stopped. Called by ./run, under its lock.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/lib.sh"

OS_RELEASE=${OS_RELEASE:-/etc/os-release}
NODE_OLDEST=18

# The release as tools/packages.txt names it. Derivatives (Raspberry Pi OS, Mint, ...) carry
# the code name of what they are made from.
release() {
	local name
	name=$(. "$OS_RELEASE" 2>/dev/null &&
		echo "${UBUNTU_CODENAME:-${DEBIAN_CODENAME:-${VERSION_CODENAME:-}}}") || name=
	case $name in
	bookworm) echo debian-12 ;;
	trixie) echo debian-13 ;;
	noble) echo ubuntu-24.04 ;;
	*) return 1 ;;
	esac
}

# packages RELEASE GROUP...: the names in these groups of tools/packages.txt.
packages() {
	local release=$1
	shift
	awk -v release="$release" -v groups=" $* " '
		/^#/ || NF == 0 { next }
		/^\[/ { wanted = index(groups, " " substr($1, 2, length($1) - 2) " "); next }
		!wanted { next }
		NF == 1 { print $1; next }
		{ for (i = 2; i <= NF; i++) if ($i == release) print $1 }
	' "$root/tools/packages.txt"
}

# Reads names, writes those that are not installed.
missing() {
	sort >"$cache/wanted"
	xargs dpkg-query -W -f '${db:Status-Status} ${Package}\n' <"$cache/wanted" 2>/dev/null |
		awk '$1 == "installed" { print $2 }' | sort -u | comm -23 <(sort -u "$cache/wanted") - || true
	rm -f "$cache/wanted"
}

node_fits() {
	command -v npm >/dev/null && command -v node >/dev/null &&
		[ "$(node -p 'parseInt(process.versions.node)' 2>/dev/null || echo 0)" -ge $NODE_OLDEST ]
}

# sudo asks for the password on the terminal itself, whatever the log is.
as_root() {
	local sudo=
	[ "$(id -u)" = 0 ] || sudo=sudo
	$sudo env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"
}

apt_install() {
	local lock='-oDPkg::Lock::Timeout=300'
	as_root dpkg --configure -a
	as_root apt-get $lock update
	as_root apt-get $lock install -y --no-install-recommends "$@"
}

setup_packages() {
	local groups="build run" release wanted
	[ "$1" = build ] || groups="$groups $1"
	node_fits || groups="$groups node"
	if ! release=$(release); then
		die "this system is not one that set-up knows (Debian 12 and 13, Ubuntu 24.04, Raspberry Pi OS)" \
			"Install what tools/packages.txt lists by hand, then run this with ROLLCALL_NO_PACKAGES=1."
	fi
	wanted=$(packages "$release" $groups | missing)
	[ -n "$wanted" ] || return 0
	if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
		die "packages are missing, and this user is neither root nor has sudo" \
			"Ask the administrator to run: apt-get install --no-install-recommends $(echo $wanted)"
	fi
	say "Installing $(echo "$wanted" | wc -l) packages (once; some minutes on a slow line) ..."
	step "install packages" apt_install $wanted
	node_fits || die "node is older than $NODE_OLDEST or npm is missing, although the packages are installed" \
		"Another node comes first in PATH: $(command -v node || echo none). Update it or take it out of PATH."
}

# npm_ci FOLDER: the packages of FOLDER's lock file, all of them or none.
npm_ci() {
	local folder=$root/$1 new=$cache/npm.new
	cmp -s "$folder/package-lock.json" "$folder/node_modules/.installed-from" && return
	say "Fetching the npm packages of $1/ (once) ..."
	rm -rf "$new"
	mkdir "$new"
	cp "$folder/package.json" "$folder/package-lock.json" "$new/"
	step "npm packages of $1" npm ci --prefix "$new" --cache "$cache/npm" --ignore-scripts \
		--no-audit --no-fund --no-update-notifier --loglevel=warn \
		--fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=5000
	cp "$new/package-lock.json" "$new/node_modules/.installed-from"
	rm -rf "$folder/node_modules"
	mv "$new/node_modules" "$folder/node_modules"
	rm -rf "$new"
}

models_right() {
	(cd "$root/build" 2>/dev/null && sha256sum --quiet -c "$root/models/SHA256SUMS" 2>&1)
}

# The weights and the sample photos, out of the package, each checked.
setup_models() {
	local package=$root/models/node_modules/@vladmandic/face-api new=$cache/models.new file
	mkdir -p "$root/build"
	models_right >/dev/null && return
	npm_ci models
	rm -rf "$new"
	mkdir -p "$new/models" "$new/samples"
	while read -r _ file; do
		case $file in
		models/*) cp "$package/model/${file#models/}" "$new/$file" ;;
		samples/*) cp "$package/demo/${file#samples/}" "$new/$file" ;;
		esac || die "the model package has no $file, or the disk is full" "Remove models/node_modules and run this again."
	done <"$root/models/SHA256SUMS"
	(cd "$new" && step "check the model files" sha256sum --quiet -c "$root/models/SHA256SUMS")
	rm -rf "$root/build/models" "$root/build/samples"
	mv "$new/models" "$new/samples" "$root/build/"
	rm -rf "$new"
}

mkdir -p "$cache" 2>/dev/null ||
	die "cannot write in $root" "The disk is full, or the checkout is read-only or another user's."
need_space 300
[ -n "${ROLLCALL_NO_PACKAGES:-}" ] || setup_packages "$1"
setup_models
if [ "$1" = test ]; then
	npm_ci models
	npm_ci tests/golden
	npm_ci tests/onnx
fi
