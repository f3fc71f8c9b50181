#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs the two commands of the README on a machine that has nothing installed:
#   tools/fresh-machine.sh [bookworm|trixie|noble] [COMMAND...]     (as root; needs debootstrap)
# Makes a minimal Debian or Ubuntu in a temporary folder with git and nothing else, copies clones of
# this checkout in, and runs each COMMAND of ./run (demo and test if none is given) as root
# and as a user with sudo, each in its own clone. Says what each took and where it wrote.
# KEEP=1 keeps the system for a look; BASE=FOLDER starts from a debootstrapped folder.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/lib.sh"

release=${1:-bookworm}
[ $# = 0 ] || shift
commands=("$@")
[ $# != 0 ] || commands=(demo test)
case $release in
bookworm | trixie) mirror=${MIRROR:-http://deb.debian.org/debian} components=main ;;
noble) mirror=${MIRROR:-http://archive.ubuntu.com/ubuntu} components=main,universe ;;
*) die "unknown release '$release'" "Use bookworm, trixie or noble." ;;
esac
[ "$(id -u)" = 0 ] || die "a fresh machine needs root (chroot, mounts)" "Run it with sudo."
command -v debootstrap >/dev/null || die "debootstrap is missing" "apt-get install debootstrap"
user_home=/home/teacher
bad=0
mkdir -p "$cache"

work=$(mktemp -d "${TMPDIR:-/tmp}/fresh-$release.XXXXXX")
machine=$work/machine

unmount() {
	local at
	for at in dev proc sys; do
		! mountpoint -q "$machine/$at" || umount -R -l "$machine/$at"
	done
}

finish() {
	unmount
	if [ -n "${KEEP:-}" ]; then
		say "kept: $machine"
	elif ! grep -q " $machine/" /proc/mounts; then
		rm -rf --one-file-system "$work"
	fi
}
trap finish EXIT
trap 'exit 130' INT TERM

make_machine() {
	if [ -n "${BASE:-}" ]; then
		cp -a "$BASE" "$machine"
	else
		step "debootstrap $release" debootstrap --variant=minbase --include=git \
			--components="$components" "$release" "$machine" "$mirror"
	fi
	# The machine is thrown away: dpkg need not wait for the disk.
	echo force-unsafe-io >"$machine/etc/dpkg/dpkg.cfg.d/unsafe-io"
	mount -t proc proc "$machine/proc"
	mount --rbind --make-rslave /dev "$machine/dev"
	mount -t sysfs -o ro sysfs "$machine/sys" 2>/dev/null || true
}

# How this machine reaches the network, so that the new one does too: the resolver, proxies
# of apt, own certificate authorities. (What of it is in the environment goes along in `inside`.)
carry_network() {
	cp -L /etc/resolv.conf "$machine/etc/resolv.conf"
	if ls /etc/apt/apt.conf.d/*proxy* >/dev/null 2>&1; then
		cp /etc/apt/apt.conf.d/*proxy* "$machine/etc/apt/apt.conf.d/"
	fi
	if ls /usr/local/share/ca-certificates/*.crt >/dev/null 2>&1; then
		mkdir -p "$machine/usr/local/share/ca-certificates"
		cp /usr/local/share/ca-certificates/*.crt "$machine/usr/local/share/ca-certificates/"
		# Where ca-certificates comes later, its installation takes them in.
		chroot "$machine" sh -c '! command -v update-ca-certificates >/dev/null || update-ca-certificates >/dev/null'
	fi
}

# inside USER COMMAND: with an empty environment but for the network's.
inside() {
	local user=$1 home network=()
	shift
	home=$(chroot "$machine" getent passwd "$user" | cut -d: -f6)
	local name
	for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY npm_config_registry \
		NODE_EXTRA_CA_CERTS; do
		[ -z "${!name:-}" ] || network+=("$name=${!name}")
	done
	chroot --userspec="$user:$user" "$machine" /usr/bin/env -i HOME="$home" USER="$user" TERM=dumb \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin ${network[@]+"${network[@]}"} "$@"
}

# try USER CLONE COMMAND: one ./run, with its time; then again where it should have nothing to set up.
try() {
	local user=$1 clone=$2 command=$3 start=$SECONDS
	say "--- $release, $user: ./run $command"
	if inside "$user" bash -c "cd '$clone' && ./run $command"; then
		say "--- ok after $((SECONDS - start)) s"
	else
		say "--- FAILED: ./run $command as $user on $release (after $((SECONDS - start)) s)"
		bad=$((bad + 1))
	fi
}

# All that a user's commands left outside the checkout, packages apart.
strays() {
	local stray
	stray=$(find "$machine/root" "$machine/home" -newer "$machine/etc/fresh-start" -mindepth 1 \
		! -path "$machine$user_home/rollcall*" ! -path "$machine/root/rollcall*" \
		! -name '.bash*' ! -name .sudo_as_admin_successful ! -path "$machine$user_home" 2>/dev/null || true)
	[ -z "$stray" ] && return
	say "FAILED: files outside the checkout:"
	say "${stray//$machine/}"
	bad=$((bad + 1))
}

make_machine
carry_network
git clone -q "file://$root" "$machine/root/rollcall"
touch "$machine/etc/fresh-start"
for command in "${commands[@]}"; do
	try root /root/rollcall "$command"
done

# The user comes after root's packages are there; take them away again so that sudo matters.
inside root sh -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq sudo' >"$work/sudo.log" 2>&1 || die "cannot install sudo: see $work/sudo.log"
inside root sh -c 'useradd -m -s /bin/bash teacher && echo "teacher ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/teacher'
inside root sh -c 'DEBIAN_FRONTEND=noninteractive apt-get purge -y -qq gcc meson ninja-build libxnnpack-dev nodejs npm && apt-get autoremove -y -qq --purge' >"$work/purge.log" 2>&1 || die "cannot take the packages away again"
git clone -q "file://$root" "$machine$user_home/rollcall"
chroot "$machine" chown -R teacher:teacher $user_home
touch "$machine/etc/fresh-start"
for command in "${commands[@]}"; do
	try teacher $user_home/rollcall "$command"
done
strays

[ $bad = 0 ] && say "$release: all commands work on a fresh machine" || die "$bad checks failed on $release"
