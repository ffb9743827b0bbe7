/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of errors. Constant data only; any context may ask. */
#include "error.h"

static const char *const names[NETRA_ERR_COUNT] = {
	[NETRA_OK] = "ok",
	[NETRA_ERR_AGAIN] = "nothing to take now",
	[NETRA_ERR_INVALID] = "invalid argument",
	[NETRA_ERR_NO_MEMORY] = "out of memory",
	[NETRA_ERR_NOT_FOUND] = "not found",
	[NETRA_ERR_PERMISSION] = "permission denied",
	[NETRA_ERR_BUSY] = "in use",
	[NETRA_ERR_TIMEOUT] = "timed out",
	[NETRA_ERR_GONE] = "board gone",
	[NETRA_ERR_UNSUPPORTED] = "not supported",
	[NETRA_ERR_STATE] = "not possible now",
	[NETRA_ERR_PROTOCOL] = "protocol broken by the board",
	[NETRA_ERR_CORRUPT] = "corrupt data",
	[NETRA_ERR_OVERWRITTEN] = "overwritten while held",
	[NETRA_ERR_ENDED] = "stream ended",
	[NETRA_ERR_BOOT] = "boot failed",
	[NETRA_ERR_IMAGE] = "bad firmware image",
	[NETRA_ERR_REFUSED] = "refused by the board",
	[NETRA_ERR_IO] = "input/output error",
};

const char *netra_error_name(enum netra_error error)
{
	if ((unsigned int)error >= NETRA_ERR_COUNT)
		return "unknown error";
	return names[error];
}
