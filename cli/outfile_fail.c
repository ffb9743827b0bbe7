/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "cli.h"
#include "outfile.h"

static const char *advice(int number)
{
	switch (number) {
	case ENOSPC:
#ifdef EDQUOT
	case EDQUOT:
#endif
		return "make room or choose another place";
	case EFBIG:
		return "raise the limit on file sizes or record less";
	case EACCES:
	case EPERM:
	case EROFS:
		return "choose a place you may write to";
	case ENOENT:
	case ENOTDIR:
		return "make its folder first";
	case EISDIR:
		return "name a file";
	default:
		return "choose another place";
	}
}

void cli_outfile_fail(const struct cli_outfile *file, int number)
{
	cli_error("%s: %s: %s", file->name, strerror(number), advice(number));
}
