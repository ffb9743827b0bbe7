/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one list of what can go wrong. Every layer returns these; each border
 * (errno, NTSTATUS, exit status) maps them once.
 */
#ifndef NETRA_ERROR_H
#define NETRA_ERROR_H

enum netra_error {
	NETRA_OK = 0,
	NETRA_ERR_AGAIN,	/* nothing to take now; wait and try again */
	NETRA_ERR_INVALID,	/* a caller's argument is out of range */
	NETRA_ERR_NO_MEMORY,	/* host memory (or locked memory) ran out */
	NETRA_ERR_NOT_FOUND,	/* no such board, file or channel */
	NETRA_ERR_PERMISSION,	/* the system refused access */
	NETRA_ERR_BUSY,		/* in use by another program */
	NETRA_ERR_TIMEOUT,	/* the other side did not answer in its bound */
	NETRA_ERR_GONE,		/* the board left the bus, or its process ended */
	NETRA_ERR_UNSUPPORTED,	/* board, firmware or system cannot do it */
	NETRA_ERR_STATE,	/* not possible in the present state */
	NETRA_ERR_PROTOCOL,	/* the board broke the protocol */
	NETRA_ERR_CORRUPT,	/* a checksum or structure does not hold */
	NETRA_ERR_OVERWRITTEN,	/* a frame was reclaimed while still held */
	NETRA_ERR_ENDED,	/* the stream has ended; no frame will follow */
	NETRA_ERR_BOOT,		/* booting failed; the boot report says where */
	NETRA_ERR_IMAGE,	/* a firmware image is missing or damaged */
	NETRA_ERR_REFUSED,	/* the board refused a command or an attach */
	NETRA_ERR_IO,		/* an operating-system call failed */
	NETRA_ERR_COUNT
};

/**
 * netra_error_name() - Short lower-case text for an error, never NULL.
 * @error: Any value; unknown ones give "unknown error".
 *
 * Thread safe; callable at any interrupt level. The text is static.
 */
const char *netra_error_name(enum netra_error error);

#endif
