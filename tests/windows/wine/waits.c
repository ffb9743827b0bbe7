/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * waits.exe BOARD COUNT: waits on a channel that runs, each cancelled at once. As
 * frames and events come meanwhile, some end by themselves in that very moment.
 */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>

#include "os/windows/netra_ioctl.h"

static HANDLE board;

static DWORD end(OVERLAPPED *o, DWORD begun)
{
	DWORD done;

	if (begun && begun != ERROR_IO_PENDING)
		return begun;
	return GetOverlappedResult(board, o, &done, TRUE) ? 0 : GetLastError();
}

static DWORD begin(OVERLAPPED *o, DWORD code, void *in, size_t in_bytes, void *out,
		   size_t out_bytes)
{
	ResetEvent(o->hEvent);
	return DeviceIoControl(board, code, in, (DWORD)in_bytes, out, (DWORD)out_bytes, NULL,
			       o) ? 0 : GetLastError();
}

static DWORD call(DWORD code, void *in, size_t in_bytes, void *out, size_t out_bytes)
{
	OVERLAPPED o = { .hEvent = CreateEventW(NULL, TRUE, FALSE, NULL) };
	DWORD result = end(&o, begin(&o, code, in, in_bytes, out, out_bytes));

	CloseHandle(o.hEvent);
	return result;
}

/* All there is now. */
static void drain(uint32_t reader)
{
	struct netra_ioc_read read = { .reader = reader };
	static uint8_t frames[256 << 10];
	struct netra_ioc_event event;

	while (!call(NETRA_IOC_EVENT, NULL, 0, &event, sizeof(event)))
		;
	while (!call(NETRA_IOC_READ, &read, sizeof(read), frames, sizeof(frames)))
		;
}

int main(int argc, char **argv)
{
	struct netra_ioc_command start = { .channel = 0, .opcode = NETRA_CMD_START };
	struct netra_ioc_reader reader = { .channel = 0, .flags = NETRA_OPEN_ALL };
	OVERLAPPED wait = { .hEvent = CreateEventW(NULL, TRUE, FALSE, NULL) };
	unsigned int ready = 0, cancelled = 0, failed = 0;

	if (argc != 3)
		return 2;
	board = CreateFileA(argv[1], GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
			    NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
	if (board == INVALID_HANDLE_VALUE ||
	    call(NETRA_IOC_READER_OPEN, &reader, sizeof(reader), &reader, sizeof(reader)) ||
	    call(NETRA_IOC_COMMAND, &start, sizeof(start), &start, sizeof(start)) || start.error) {
		fprintf(stderr, "no reader: error %lu\n", GetLastError());
		return 1;
	}
	for (int left = atoi(argv[2]); left > 0; left--) {
		struct netra_ioc_wait found;
		DWORD begun, result;

		drain(reader.reader);
		begun = begin(&wait, NETRA_IOC_WAIT, NULL, 0, &found, sizeof(found));
		for (volatile int spin = rand() % 30000; spin; spin--)
			;
		CancelIoEx(board, &wait);
		result = end(&wait, begun);
		if (!result)
			ready++;
		else if (result == ERROR_OPERATION_ABORTED)
			cancelled++;
		else
			failed++;
	}
	printf("{\"ready\": %u, \"cancelled\": %u, \"failed\": %u}\n", ready, cancelled, failed);
	return 0;
}
