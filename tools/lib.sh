# SPDX-License-Identifier: MIT
# What ./run and tools/*.sh share; sourced by bash, with $root set to the checkout.

cache=$root/.cache

say() {
	printf '%s\n' "$*"
}

# die TEXT [WHAT TO DO]: two plain lines and the end.
die() {
	printf 'run: %s\n' "$1" >&2
	[ $# -lt 2 ] || printf 'run: %s\n' "$2" >&2
	exit 1
}

# The words of a log that tell what is wrong, and what to do about it.
advice() {
	local log=$1 pattern text
	while IFS='|' read -r text pattern; do
		if grep -qiE "$pattern" "$log" 2>/dev/null; then
			printf '%s' "$text"
			return
		fi
	done <<'END'
The disk is full: free some space and run this again.|ENOSPC|no space left on device|enough free space
There is no network, or it does not reach the package servers: check it and run this again.|could not resolve|temporary failure|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|network is unreachable|connection (timed out|refused|failed)|unable to connect
The certificate of the package server is not trusted here: check the clock and the CA certificates.|SELF_SIGNED_CERT|UNABLE_TO_(VERIFY|GET)|certificate (verify|is not trusted|has expired)
What the server sent is not the pinned file; nothing was installed. Try again, then report it.|EINTEGRITY|did NOT match
sudo needs a password here: run this on a terminal, or as root.|sudo: .*(password|terminal)
This user may not use sudo: run this as root, or ask the administrator.|not in the sudoers|not allowed to
Package lists are old or a package server is missing: run 'apt-get update' as root and look.|unable to locate package|no installation candidate
END
}

# step WHAT COMMAND...: runs it quietly; if it fails, says which step it was and what to do.
step() {
	local what=$1 log
	shift
	log=$cache/${what//[^A-Za-z0-9]/-}.log
	: 2>/dev/null >"$log" || die "$what: cannot write $log" \
		"The disk is full, or the checkout is read-only or another user's."
	if ! "$@" >"$log" 2>&1 9>&- </dev/null; then
		local text
		text=$(advice "$log")
		tail -n 15 "$log" | cut -c1-300 | sed 's/^/  | /' >&2
		die "this step failed: $what (all of its output: ${log#"$root"/})" \
			"${text:-Read the lines above; then run this again.}"
	fi
}

# need_space MEGABYTES: before a long step, not in the middle of it.
need_space() {
	local free
	free=$(df -Pk "$root" | awk 'NR == 2 { print int($4 / 1024) }')
	[ "$free" -ge "$1" ] || die "the disk of this checkout has $free MB free, and $1 MB are needed" \
		"Free some space and run this again; nothing was changed."
}

# meson_setup FOLDER COMPILER OPTIONS...: configures when the folder is new, the checkout was
# moved or the options are others (but tests once built stay on).
meson_setup() {
	local folder=$1 compiler=$2 asked
	shift 2
	asked="$root $compiler ${WERROR:+--werror }$*"
	if [ -f "$folder/build.ninja" ] && grep -qxF -e "$asked" \
		-e "${asked/-Dtests=false/-Dtests=true}" "$folder/.configured" 2>/dev/null; then
		return
	fi
	rm -rf "$folder"/meson-* "$folder/build.ninja" "$folder/.configured"
	CC=$compiler step "configure $folder" meson setup "$folder" ${WERROR:+--werror} "$@"
	printf '%s\n' "$asked" >"$folder/.configured"
}

# compile FOLDER [TARGET...]
compile() {
	ninja -C "$@" -n 2>/dev/null | grep -q "no work to do" || say "Compiling in $1/ ..."
	step "compile in $1" ninja -C "$@"
}
