#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Public headers compile alone, as C and as C++; an installed library is found
# by pkg-config, static and shared, and exports what netra.h declares, only.
#   install.sh SOURCE BUILD
set -eu
source=$1 build=$2
cc=${CC:-cc} cxx=${CXX:-c++}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

strict="-Wall -Wextra -Wpedantic -Werror -fsyntax-only"
for header in lib/netra.h core/error.h core/types.h os/linux/netra_ioctl.h; do
	for std in c11 c2x; do
		# shellcheck disable=SC2086 # options, not one word
		echo "#include \"$header\"" |
			$cc $strict -std=$std -I"$source" -x c -
	done
	if command -v "$cxx" >/dev/null; then
		# shellcheck disable=SC2086
		echo "#include \"$header\"" |
			$cxx $strict -std=c++11 -I"$source" -x c++ -
	fi
done

DESTDIR=$root meson install -C "$build" --no-rebuild --quiet >/dev/null
pc=$(find "$root" -name netra.pc)
prefix=$(sed -n 's/^prefix=//p' "$pc")
libdir=$(dirname "$(find "$root" -name libnetra.a)")
export PKG_CONFIG_PATH="${pc%/*}" PKG_CONFIG_SYSROOT_DIR="$root"

cat >"$root/program.c" <<'PROGRAM'
#include <netra.h>
#include <stdio.h>
int main(void)
{
	struct netra_board *board;

	if (netra_open("nothing", 0, &board) != NETRA_ERR_INVALID)
		return 1;
	return puts(netra_open_error()) < 0 || netra_list(0, 0) > 1000;
}
PROGRAM
if [ -z "${NETRA_SANITIZED:-}" ]; then
	# shellcheck disable=SC2046 # options, not one word
	$cc -o "$root/shared" "$root/program.c" $(pkg-config --cflags --libs netra)
	LD_LIBRARY_PATH=$libdir "$root/shared" | grep -q "names no board"
	# shellcheck disable=SC2046
	$cc -o "$root/static" "$root/program.c" $(pkg-config --cflags netra) \
		"$libdir/libnetra.a" -pthread
	"$root/static" | grep -q "names no board"
fi

# Declared and exported: each name once in either list.
sed -n 's/^\(.*[ *]\)\{0,1\}\(netra_[a-z_]*\)(.*/\2/p' \
	"$root$prefix/include/netra/netra.h" "$root$prefix/include/netra/core/error.h" |
	grep -v '_callback$' | sort -u >"$root/declared"
nm -D --defined-only "$libdir/libnetra.so" | sed -n 's/.* T \([^@]*\).*/\1/p' |
	sort -u >"$root/exported"
diff "$root/declared" "$root/exported"

# The archive takes no name that is not ours; AddressSanitizer adds some for it.
if nm -g --defined-only "$libdir/libnetra.a" 2>/dev/null |
	sed -n 's/.* [TDBRC] //p' | grep -vE '^(__odr_asan\.)?netra_'; then
	echo "names without prefix"
	exit 1
fi
