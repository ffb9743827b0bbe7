/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A board that the Windows driver drives: opening it, calls, their errors, and
 * commands. Nothing is kept here but what the driver said last.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "windows_board.h"

#define PREFIX "\\\\.\\Netra"

/* netra_status() of the driver, from the other side. */
static const struct {
	DWORD code;
	enum netra_error error;
	const char *text;	/* NULL: Windows' own words */
} errors[] = {
	{ ERROR_NO_MORE_ITEMS, NETRA_ERR_AGAIN, "nothing to take now" },
	{ ERROR_INVALID_PARAMETER, NETRA_ERR_INVALID, "the driver refused an argument" },
	{ ERROR_INVALID_HANDLE, NETRA_ERR_INVALID, "no such reader" },
	{ ERROR_NO_SYSTEM_RESOURCES, NETRA_ERR_NO_MEMORY, "the system is out of memory" },
	{ ERROR_NOT_ENOUGH_MEMORY, NETRA_ERR_NO_MEMORY, "the system is out of memory" },
	{ ERROR_NOT_FOUND, NETRA_ERR_NOT_FOUND, "the board has no such channel" },
	{ ERROR_ACCESS_DENIED, NETRA_ERR_PERMISSION,
	  "no permission to command the board, only to watch it: run as an administrator" },
	{ ERROR_BUSY, NETRA_ERR_BUSY, "the board is busy with another command: try again" },
	{ ERROR_TOO_MANY_OPEN_FILES, NETRA_ERR_BUSY, "too many readers: close some" },
	{ ERROR_SEM_TIMEOUT, NETRA_ERR_TIMEOUT, "the board did not answer" },
	{ ERROR_DEVICE_REMOVED, NETRA_ERR_GONE,
	  "the board is gone: close it, and open it when it is back" },
	{ ERROR_DEVICE_NOT_CONNECTED, NETRA_ERR_GONE,
	  "the board is gone: close it, and open it when it is back" },
	{ ERROR_NOT_SUPPORTED, NETRA_ERR_UNSUPPORTED, "the board cannot do it" },
	{ ERROR_NOT_READY, NETRA_ERR_STATE,
	  "the board is not started: boot it first (netra boot)" },
	{ ERROR_BAD_NET_RESP, NETRA_ERR_PROTOCOL, "the board broke the protocol" },
	{ ERROR_CRC, NETRA_ERR_CORRUPT, "damaged data" },
	{ ERROR_IO_DEVICE, NETRA_ERR_BOOT, "the board failed: boot it again" },
	{ ERROR_BAD_EXE_FORMAT, NETRA_ERR_IMAGE, "a firmware image is missing" },
	{ ERROR_REQ_NOT_ACCEP, NETRA_ERR_REFUSED, "the board refused" },
	{ ERROR_HANDLE_EOF, NETRA_ERR_ENDED, "the stream has ended" },
};

enum netra_error netra_windows_error(DWORD code)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].code == code)
			return errors[i].error;
	return NETRA_ERR_IO;
}

void netra_windows_text(DWORD code, char *text, size_t size)
{
	const char *known = NULL;

	for (size_t i = 0; !known && i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].code == code)
			known = errors[i].text;
	if (known)
		snprintf(text, size, "%s", known);
	else if (!FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM |
					 FORMAT_MESSAGE_IGNORE_INSERTS |
					 FORMAT_MESSAGE_MAX_WIDTH_MASK,
				 NULL, code, 0, text, (DWORD)size, NULL))
		snprintf(text, size, "Windows error %lu", code);
}

enum netra_error netra_windows_fail(struct netra_board *board,
				    enum netra_error error, const char *text)
{
	EnterCriticalSection(&board->lock);
	snprintf(board->error_text, sizeof(board->error_text), "%s", text);
	LeaveCriticalSection(&board->lock);
	return error;
}

/* ---- calls ---------------------------------------------------------------- */

static HANDLE take_event(struct netra_board *board)
{
	HANDLE event = NULL;

	EnterCriticalSection(&board->lock);
	if (board->spares)
		event = board->spare[--board->spares];
	LeaveCriticalSection(&board->lock);
	return event ? event : CreateEventW(NULL, TRUE, FALSE, NULL);
}

static void give_event(struct netra_board *board, HANDLE event)
{
	EnterCriticalSection(&board->lock);
	if (board->spares < WINDOWS_SPARE_EVENTS) {
		board->spare[board->spares++] = event;
		event = NULL;
	}
	LeaveCriticalSection(&board->lock);
	if (event)
		CloseHandle(event);
}

static DWORD call(HANDLE file, HANDLE event, DWORD code, const void *in,
		  size_t in_bytes, void *out, size_t out_bytes, size_t *bytes)
{
	OVERLAPPED overlapped = { .hEvent = event };
	DWORD done = 0, result = 0;

	/* The driver bounds every call but NETRA_IOC_WAIT. */
	if (!DeviceIoControl(file, code, (void *)(uintptr_t)in, (DWORD)in_bytes,
			     out, (DWORD)out_bytes, NULL, &overlapped))
		result = GetLastError();
	if ((!result || result == ERROR_IO_PENDING || result == ERROR_MORE_DATA))
		result = GetOverlappedResult(file, &overlapped, &done, TRUE) ?
				 0 :
				 GetLastError();
	if (bytes)
		*bytes = done;
	return result;
}

DWORD netra_windows_ioctl(struct netra_board *board, DWORD code, const void *in,
			  size_t in_bytes, void *out, size_t out_bytes,
			  size_t *bytes)
{
	HANDLE event = take_event(board);
	DWORD result;

	if (!event)
		return ERROR_NOT_ENOUGH_MEMORY;
	result = call(board->file, event, code, in, in_bytes, out, out_bytes,
		      bytes);
	give_event(board, event);
	return result;
}

enum netra_error netra_windows_call(struct netra_board *board, DWORD code,
				    void *argument, size_t in_bytes,
				    size_t out_bytes)
{
	DWORD result = netra_windows_ioctl(board, code, argument, in_bytes,
					   out_bytes ? argument : NULL,
					   out_bytes, NULL);
	char text[NETRA_ERROR_TEXT];

	if (!result)
		return NETRA_OK;
	netra_windows_text(result, text, sizeof(text));
	return netra_windows_fail(board, netra_windows_error(result), text);
}

DWORD netra_windows_look(HANDLE file, struct netra_ioc_status *status)
{
	HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
	size_t bytes = 0;
	DWORD result;

	if (!event)
		return ERROR_NOT_ENOUGH_MEMORY;
	result = call(file, event, NETRA_IOC_STATUS, NULL, 0, status,
		      sizeof(*status), &bytes);
	CloseHandle(event);
	return !result && bytes != sizeof(*status) ? ERROR_REVISION_MISMATCH : result;
}

/* ---- commands -------------------------------------------------------------- */

static enum netra_error send_command(struct netra_board *board,
				     uint32_t channel, enum netra_opcode opcode,
				     uint32_t arg0, uint32_t arg1,
				     uint32_t flags)
{
	struct netra_ioc_command wanted = {
		.channel = channel,
		.opcode = (uint32_t)opcode,
		.arg = { arg0, arg1 },
		.flags = flags,
	};
	enum netra_error error = netra_windows_call(board, NETRA_IOC_COMMAND,
						    &wanted, sizeof(wanted),
						    sizeof(wanted));

	if (error || !wanted.error)
		return error;
	wanted.error_text[sizeof(wanted.error_text) - 1] = 0;
	return netra_windows_fail(board,
				  wanted.error < NETRA_ERR_COUNT ?
					  (enum netra_error)wanted.error :
					  NETRA_ERR_IO,
				  wanted.error_text);
}

static enum netra_error command(struct netra_board *board, uint32_t channel,
				enum netra_opcode opcode, uint32_t arg0,
				uint32_t arg1)
{
	return send_command(board, channel, opcode, arg0, arg1, 0);
}

static enum netra_error post(struct netra_board *board, uint32_t channel,
			     enum netra_opcode opcode, uint32_t arg0,
			     uint32_t arg1)
{
	return send_command(board, channel, opcode, arg0, arg1,
			    NETRA_COMMAND_POST);
}

/* ---- life ------------------------------------------------------------------ */

static void release(struct netra_board *board)
{
	if (board->waiting) {
		DWORD done;

		CancelIoEx(board->file, &board->wait);
		GetOverlappedResult(board->file, &board->wait, &done, TRUE);
	}
	/* The view goes with it. */
	CloseHandle(board->file);
	if (board->ready)
		CloseHandle(board->ready);
	while (board->spares)
		CloseHandle(board->spare[--board->spares]);
	DeleteCriticalSection(&board->lock);
	free(board);
}

static const struct board_ops ops = {
	.close = release,
	.boot = netra_windows_boot,
	.start = netra_windows_start,
	.reset = netra_windows_reset,
	.command = command,
	.post = post,
	.next_event = netra_windows_next_event,
	.details = netra_windows_details,
	.stats = netra_windows_stats,
	.channel_stats = netra_windows_channel_stats,
	.dump = netra_windows_dump,
	.reader_open = netra_windows_reader_open,
};

static bool is_board(const char *name)
{
	size_t n = strlen(PREFIX);

	return !_strnicmp(name, PREFIX, n) && name[n] &&
	       strspn(name + n, "0123456789") == strlen(name + n) &&
	       strlen(name + n) <= 3;
}

static HANDLE open_file(const char *name, DWORD access)
{
	return CreateFileA(name, access, FILE_SHARE_READ | FILE_SHARE_WRITE,
			   NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
}

/* Who may only watch may read the board, not write it. */
static enum netra_error open_board(const char *name, HANDLE *file, char *why,
				   size_t why_size)
{
	struct netra_ioc_status status;
	DWORD code = 0;

	*file = open_file(name, GENERIC_READ | GENERIC_WRITE);
	if (*file == INVALID_HANDLE_VALUE && GetLastError() == ERROR_ACCESS_DENIED)
		*file = open_file(name, GENERIC_READ);
	if (*file == INVALID_HANDLE_VALUE)
		code = GetLastError();
	switch (code) {
	case 0:
		break;
	case ERROR_FILE_NOT_FOUND:
	case ERROR_PATH_NOT_FOUND:
		snprintf(why, why_size,
			 "no such board: 'netra list' shows those there are; is the driver installed (netra.inf)?");
		return NETRA_ERR_NOT_FOUND;
	case ERROR_ACCESS_DENIED:
		snprintf(why, why_size,
			 "no permission: run as an administrator, or be given access to the device");
		return NETRA_ERR_PERMISSION;
	default:
		netra_windows_text(code, why, why_size);
		return netra_windows_error(code);
	}
	code = netra_windows_look(*file, &status);
	if (!code)
		return NETRA_OK;
	CloseHandle(*file);
	if (netra_windows_error(code) == NETRA_ERR_GONE) {
		netra_windows_text(code, why, why_size);
		return NETRA_ERR_GONE;
	}
	snprintf(why, why_size,
		 "no board, or one of another version of the driver: install driver and library of one version");
	return NETRA_ERR_UNSUPPORTED;
}

enum netra_error netra_open_name(const char *name,
				 const struct netra_options *options,
				 struct netra_board **board, char *why,
				 size_t why_size)
{
	struct netra_board *b;
	enum netra_error error;
	HANDLE file;

	if (!is_board(name)) {
		snprintf(why, why_size, "'%.64s' names no board: say \\\\.\\Netra0",
			 name);
		return NETRA_ERR_INVALID;
	}
	if (options && (options->heartbeat_timeout_ms ||
			options->stall_timeout_ms || options->boot_timeout_ms)) {
		snprintf(why, why_size,
			 "the driver has its own time-outs: give none");
		return NETRA_ERR_UNSUPPORTED;
	}
	error = open_board(name, &file, why, why_size);
	if (error)
		return error;
	b = calloc(1, sizeof(*b));
	if (!b) {
		snprintf(why, why_size, "out of memory");
		CloseHandle(file);
		return NETRA_ERR_NO_MEMORY;
	}
	b->ops = &ops;
	b->file = file;
	InitializeCriticalSection(&b->lock);
	snprintf(b->name, sizeof(b->name), "%s", name);
	if (options)
		b->options = *options;
	b->firmware_named = b->options.firmware_dir;
	b->options.firmware_dir = NULL;
	b->ready = CreateEventW(NULL, TRUE, FALSE, NULL);
	if (!b->ready) {
		snprintf(why, why_size, "no event: close other programs");
		release(b);
		return NETRA_ERR_NO_MEMORY;
	}
	EnterCriticalSection(&b->lock);
	netra_windows_arm(b);
	LeaveCriticalSection(&b->lock);
	*board = b;
	return NETRA_OK;
}

const char *netra_error_text(const struct netra_board *board, char *buffer,
			     size_t size)
{
	struct netra_board *b = (struct netra_board *)(uintptr_t)board;

	if (!size)
		return buffer;
	EnterCriticalSection(&b->lock);
	snprintf(buffer, size, "%s", b->error_text);
	LeaveCriticalSection(&b->lock);
	return buffer;
}
