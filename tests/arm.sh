#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The board's half as ARM programs: core, media and board are cross-built,
# their unit tests run under qemu-arm, and so does netra-agent against a file
# that stands for the board's memory. Also assembles the boot stub and compares.
#   tests/arm.sh
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

build=${NETRA_BUILD_ARM:-build-arm}
passed=0 failed=0

for tool in arm-linux-gnueabihf-gcc qemu-arm meson; do
	command -v $tool >/dev/null || {
		echo "skipped  ARM programs: no $tool here"
		echo "0 passed, 0 failed, 1 skipped"
		exit 0
	}
done

log=$(mktemp)
stub=$(mktemp -d)
trap 'rm -rf "$log" "$stub"' EXIT

try() {
	local name=$1
	shift
	if "$@" >"$log" 2>&1; then
		echo "ok       $name"
		passed=$((passed + 1))
	else
		echo "FAILED   $name"
		tail -n 60 "$log"
		failed=$((failed + 1))
		return 1
	fi
}

cross_build() {
	[ -f "$build/build.ninja" ] ||
		meson setup "$build" --cross-file board/arm-linux-gnueabihf.ini -Dparts=board || return 1
	ninja -C "$build"
}

is_arm() {
	local header
	header=$(arm-linux-gnueabihf-readelf -h "$1") || return 1
	grep -q 'Machine: *ARM' <<<"$header"
}

same_stub() {
	arm-linux-gnueabihf-gcc -c -o "$stub/uboot.o" firmware/uboot.S &&
		arm-linux-gnueabihf-objcopy -O binary -j .text "$stub/uboot.o" "$stub/assembled" &&
		firmware/pack.py uboot firmware/uboot.S "$stub/packed" &&
		cmp "$stub/assembled" "$stub/packed"
}

skipped=0
if try "cross build" cross_build; then
	try "netra-agent is an ARM program" is_arm "$build/board/netra-agent"
	try "u-boot.bin is what its source assembles to" same_stub

	meson test -C "$build" --suite unit --no-rebuild --print-errorlogs \
		--timeout-multiplier 6 >"$log" 2>&1
	grep -vE '^(ninja:|$)' "$log" | tail -n 200
	count() { sed -n "s/^$1: *\([0-9]*\).*/\1/p" "$log" | tail -n 1; }
	ok=$(count Ok) fail=$(count Fail) late=$(count Timeout) skipped=$(count Skipped)
	passed=$((passed + ${ok:-0}))
	failed=$((failed + ${fail:-1} + ${late:-0}))
fi

echo "$passed passed, $failed failed, ${skipped:-0} skipped"
[ "$failed" -eq 0 ]
