#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What the fetch scripts share; they source it. Debian's packages come from the
# mirror that the machine's apt uses and are unpacked into .cache, not installed.
set -euo pipefail
self=$(realpath "$0")
cd "$(dirname "$self")/.."

limit_s=300
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
newer=trixie
# What the result depends on; whoever changes these gets a new one.
recipe=("$self")

fail() {
	echo "netra: ${self##*/}: $*" >&2
	exit 1
}

# begin FOLDER [RESULT]: make .cache/FOLDER this script's $cache, empty and
# locked; where the same recipe has filled it before, finish at once.
begin() {
	mkdir -p ".cache/$1"
	cache=$(realpath ".cache/$1")
	log=$cache/log result=$cache${2:+/$2}
	! is_complete || finish
	exec 9>"$cache/lock"
	flock -w "$limit_s" 9 || fail "another run holds $cache/lock: end it"
	! is_complete || finish
	find "$cache" -mindepth 1 -maxdepth 1 ! -name lock -exec rm -rf {} +
	cat "${recipe[@]}" >"$cache/recipe"
}

is_complete() { cat "${recipe[@]}" | cmp -s - "$cache/complete"; }

finish() {
	[ ! -f "$cache/recipe" ] || mv "$cache/recipe" "$cache/complete"
	echo "$result"
	exit 0
}

# The first error of the log, or its last line.
why() { grep -m 1 '^E: ' "$log" || tail -n 1 "$log"; }

mirror() {
	local mirror
	# shellcheck disable=SC2016  # apt-get fills these in
	mirror=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' |
		sed -n '/^Debian /{s/^Debian //p;q}')
	[ -n "$mirror" ] || fail "apt knows no Debian mirror: see /etc/apt/sources.list.d"
	echo "$mirror"
}

# use_suite SUITE: from here on apt knows that one, and no other.
use_suite() {
	local apt=$cache/apt source
	source="deb [signed-by=$keyring] $(mirror) $1 main"
	mkdir -p "$apt/lists/partial"
	echo "$source" >"$apt/sources"
	cat >"$apt/conf" <<-END
		Dir::Etc::SourceList "$apt/sources";
		Dir::Etc::SourceParts "-";
		Dir::State::Lists "$apt/lists";
		Dir::Cache "$apt";
	END
	export APT_CONFIG=$apt/conf
	timeout "$limit_s" apt-get update >>"$log" 2>&1 || fail "no $1: $(why)"
}

# download PACKAGE…: their files, into $cache/packages
download() {
	mkdir -p "$cache/packages"
	(cd "$cache/packages" && timeout "$limit_s" apt-get download "$@") >>"$log" 2>&1 ||
		fail "no ${*}: $(why) (not found: run apt-get update as root)"
}

# download_source PACKAGE: the source of Debian 12's, as its authors gave it, into $cache
download_source() {
	use_suite bookworm
	sed -i 's/^deb /deb-src /' "$cache/apt/sources"
	timeout "$limit_s" apt-get update >>"$log" 2>&1 || fail "no sources of bookworm: $(why)"
	(cd "$cache" && timeout "$limit_s" apt-get source --download-only "$1") >>"$log" 2>&1 ||
		fail "no source of $1: $(why)"
}

# unpack_newer PACKAGE [OPTION…]: with all it needs, of Debian 13 and its
# backports, into $cache/root; the options are mmdebstrap's.
unpack_newer() { unpack_from "$newer $newer-backports" "$@"; }

# unpack_from SUITES PACKAGE [OPTION…]: likewise, of these suites of Debian's.
unpack_from() {
	local suites package=$2 mode=root links mirror sources=() suite
	read -ra suites <<<"$1"
	shift 2
	command -v mmdebstrap >/dev/null || fail "no mmdebstrap: run scripts/install-packages vm"
	[ "$(id -u)" -eq 0 ] || mode=chrootless
	mirror=$(mirror)
	for suite in "${suites[@]}"; do
		sources+=("deb $mirror $suite main")
	done
	# The links of a merged /usr: no maintainer script runs that would make them.
	# shellcheck disable=SC2016  # $1 is for mmdebstrap's shell
	links='for d in bin sbin lib lib64; do mkdir -p "$1/usr/$d"; ln -s "usr/$d" "$1/$d"; done'
	timeout "$limit_s" mmdebstrap --quiet --mode="$mode" --variant=extract \
		--include="$package" --keyring="$keyring" --setup-hook="$links" "$@" "${suites[0]}" \
		"$cache/root" "${sources[@]}" >"$log" 2>&1 ||
		fail "no $package from ${suites[0]}: $(why) (all of it: $log)"
}

# runner NAME [ARGUMENT…]: $cache/NAME, which runs that program of $cache/root
# with its own libraries, and these arguments first; $root is there its /usr.
runner() {
	local name=$1
	shift
	cat >"$cache/$name" <<-END
		#!/bin/sh
		root=\$(dirname "\$(readlink -f "\$0")")/root/usr
		libs=\$root/lib/x86_64-linux-gnu
		export QEMU_MODULE_DIR="\$libs/qemu"
		exec "\$root/lib64/ld-linux-x86-64.so.2" --library-path "\$libs" "\$root/bin/$name" $* "\$@"
	END
	chmod +x "$cache/$name"
}
