/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls of \\.\NetraN. One table says of each what it takes, and one
 * function, check(), looks at every length and number of a program before
 * anything uses it. It looks at a copy: with METHOD_BUFFERED the output lies
 * where the input was, and with METHOD_OUT_DIRECT the output is the program's.
 *
 * Windows itself has checked the handle's access, by the code's bits.
 */
#include "core/bytes.h"

#include "control.h"

/* What a structure's first words are. */
enum first { FIRST_OTHER, FIRST_READER, FIRST_READERS, FIRST_CHANNEL, FIRST_COMMAND };

struct definition {
	ULONG code;
	NTSTATUS (*run)(struct netra_call *call);
	size_t in_bytes;	/* at least */
	size_t out_bytes;	/* at least */
	enum first first;
	struct { size_t at, bytes; } reserved;	/* must be 0 */
	size_t flags_at;
	uint32_t flags;		/* known ones, at flags_at */
	bool counts;		/* netra_ioc_release */
};

static NTSTATUS boot(struct netra_call *call)
{
	return netra_status(netra_boot_request(call->file->dev,
					       call->in.boot.flags & NETRA_BOOT_FORCE));
}

static enum netra_error command_error(struct netra_call *call)
{
	const struct netra_ioc_command *in = &call->in.command;

	switch (in->opcode) {
	case NETRA_CMD_START:
		return netra_file_start(call->file, in->channel);
	case NETRA_CMD_STOP:
		return netra_file_stop(call->file, in->channel);
	default:
		if (in->flags & NETRA_COMMAND_POST)
			return netra_command_tell(call->file->dev, in->channel,
						  (enum netra_opcode)in->opcode, in->arg[0],
						  in->arg[1]);
		return netra_command_wait(call->file->dev, in->channel,
					  (enum netra_opcode)in->opcode, in->arg[0], in->arg[1]);
	}
}

static NTSTATUS command(struct netra_call *call)
{
	struct netra_ioc_command *out = call->out;
	enum netra_error error = command_error(call);

	*out = call->in.command;
	out->error = (uint32_t)error;
	netra_copy_text(out->error_text, sizeof(out->error_text),
			error ? call->file->dev->host.error_text : "");
	call->done = sizeof(*out);
	return STATUS_SUCCESS;
}

#define RESERVED(type)	\
	.reserved = { offsetof(type, reserved), sizeof(((type *)0)->reserved) }

static const struct definition definitions[] = {
	{ .code = NETRA_IOC_STATUS, .run = netra_call_status,
	  .out_bytes = sizeof(struct netra_ioc_status) },
	{ NETRA_IOC_CHANNEL, netra_call_channel, sizeof(struct netra_ioc_channel),
	  sizeof(struct netra_ioc_channel), FIRST_CHANNEL, RESERVED(struct netra_ioc_channel) },
	{ NETRA_IOC_BOOT, boot, sizeof(struct netra_ioc_boot), 0, FIRST_OTHER,
	  RESERVED(struct netra_ioc_boot),
	  .flags_at = offsetof(struct netra_ioc_boot, flags), .flags = NETRA_BOOT_FORCE },
	{ NETRA_IOC_COMMAND, command, sizeof(struct netra_ioc_command),
	  sizeof(struct netra_ioc_command), FIRST_COMMAND,
	  .flags_at = offsetof(struct netra_ioc_command, flags), .flags = NETRA_COMMAND_POST },
	{ NETRA_IOC_READER_OPEN, netra_call_reader_open, sizeof(struct netra_ioc_reader),
	  sizeof(struct netra_ioc_reader), FIRST_CHANNEL, RESERVED(struct netra_ioc_reader),
	  .flags_at = offsetof(struct netra_ioc_reader, flags),
	  .flags = NETRA_OPEN_FROM_KEY | NETRA_OPEN_ALL },
	{ NETRA_IOC_READER_CLOSE, netra_call_reader_close, sizeof(struct netra_ioc_reader_close), 0,
	  FIRST_READER, RESERVED(struct netra_ioc_reader_close) },
	{ NETRA_IOC_READ, netra_call_read, sizeof(struct netra_ioc_read),
	  sizeof(struct netra_ioc_chunk), FIRST_READERS, RESERVED(struct netra_ioc_read) },
	{ NETRA_IOC_TAKE, netra_call_take, sizeof(struct netra_ioc_take),
	  sizeof(struct netra_ioc_frame), FIRST_READER, RESERVED(struct netra_ioc_take) },
	{ NETRA_IOC_RELEASE, netra_call_release, sizeof(struct netra_ioc_release),
	  sizeof(struct netra_ioc_release), FIRST_READER, .counts = true },
	{ NETRA_IOC_DISCARD, netra_call_discard, sizeof(struct netra_ioc_discard), 0,
	  FIRST_READER, .flags_at = offsetof(struct netra_ioc_discard, flags),
	  .flags = NETRA_DISCARD_CORRUPT },
	{ NETRA_IOC_READER_STATS, netra_call_reader_stats, sizeof(struct netra_ioc_reader_stats),
	  sizeof(struct netra_ioc_reader_stats), FIRST_READER,
	  RESERVED(struct netra_ioc_reader_stats) },
	{ .code = NETRA_IOC_EVENT, .run = netra_call_event,
	  .out_bytes = sizeof(struct netra_ioc_event) },
	{ .code = NETRA_IOC_WAIT, .run = netra_call_wait,
	  .out_bytes = sizeof(struct netra_ioc_wait) },
	{ .code = NETRA_IOC_MAP, .run = netra_call_map,
	  .out_bytes = sizeof(struct netra_ioc_map) },
};

static const struct definition *find(ULONG code)
{
	for (ULONG i = 0; i < RTL_NUMBER_OF(definitions); i++)
		if (definitions[i].code == code)
			return &definitions[i];
	return NULL;
}

static NTSTATUS check_channel(const struct netra_host *host, uint32_t channel)
{
	if (!host->view)
		return netra_status(NETRA_ERR_STATE);
	return channel < host->channels ? STATUS_SUCCESS : netra_status(NETRA_ERR_NOT_FOUND);
}

static NTSTATUS check_command(const struct netra_host *host, struct netra_ioc_command *in)
{
	if (in->opcode >= NETRA_CMD_COUNT || in->opcode == NETRA_CMD_RESYNC)
		return STATUS_INVALID_PARAMETER;
	if (in->flags & NETRA_COMMAND_POST &&
	    (in->opcode == NETRA_CMD_START || in->opcode == NETRA_CMD_STOP))
		return STATUS_INVALID_PARAMETER;
	if (in->opcode != NETRA_CMD_PING)
		return check_channel(host, in->channel);
	in->channel = NETRA_EVENT_BOARD;
	return STATUS_SUCCESS;
}

static NTSTATUS check_reader(struct netra_call *call)
{
	uint32_t id = call->in.first;

	call->reader = id < NETRA_READERS_PER_FILE ? call->file->reader[id] : NULL;
	return call->reader ? STATUS_SUCCESS : STATUS_INVALID_HANDLE;
}

static bool is_zero(const uint8_t *bytes, size_t length)
{
	while (length)
		if (bytes[--length])
			return false;
	return true;
}

/* All lengths and numbers of a program. With dev->lock. */
static NTSTATUS check(const struct definition *d, struct netra_call *call, size_t in_bytes)
{
	const uint8_t *in = call->in.bytes;

	if (in_bytes < d->in_bytes || call->out_bytes < d->out_bytes)
		return STATUS_BUFFER_TOO_SMALL;
	if (!is_zero(in + d->reserved.at, d->reserved.bytes))
		return STATUS_INVALID_PARAMETER;
	if (d->flags && *(const uint32_t *)(in + d->flags_at) & ~d->flags)
		return STATUS_INVALID_PARAMETER;
	if (d->counts && (!call->in.release.count ||
			  call->in.release.count > NETRA_FRAMES_AT_ONCE))
		return STATUS_INVALID_PARAMETER;
	switch (d->first) {
	case FIRST_CHANNEL:
		return check_channel(&call->file->dev->host, call->in.first);
	case FIRST_COMMAND:
		return check_command(&call->file->dev->host, &call->in.command);
	case FIRST_READERS:
		if (call->in.first == NETRA_ALL_READERS)
			return STATUS_SUCCESS;
		return check_reader(call);
	case FIRST_READER:
		return check_reader(call);
	default:
		return STATUS_SUCCESS;
	}
}

/* The request's buffers: the input copied, the output where it is. */
static NTSTATUS get_buffers(struct netra_call *call, size_t out_bytes, size_t *in_bytes)
{
	NTSTATUS status = STATUS_SUCCESS;
	PVOID in;

	if (*in_bytes) {
		status = WdfRequestRetrieveInputBuffer(call->request, 1, &in, in_bytes);
		if (!NT_SUCCESS(status))
			return status;
		if (*in_bytes > sizeof(call->in))
			*in_bytes = sizeof(call->in);
		RtlCopyMemory(call->in.bytes, in, *in_bytes);
	}
	if (out_bytes)
		status = WdfRequestRetrieveOutputBuffer(call->request, 1, &call->out,
							&call->out_bytes);
	return status;
}

static NTSTATUS run(const struct definition *d, struct netra_call *call,
		    size_t out_bytes, size_t in_bytes)
{
	struct netra_device *dev = call->file->dev;
	NTSTATUS status = get_buffers(call, out_bytes, &in_bytes);

	if (!NT_SUCCESS(status))
		return status;
	netra_lock(dev);
	if (dev->dead)
		status = STATUS_DEVICE_REMOVED;
	else if (call->file->closed)
		status = STATUS_FILE_CLOSED;
	else
		status = check(d, call, in_bytes);
	if (NT_SUCCESS(status))
		status = d->run(call);
	netra_unlock(dev);
	return status;
}

static void carry_out(WDFREQUEST request, size_t out_bytes, size_t in_bytes, ULONG code)
{
	struct netra_call call = {
		.file = netra_file_of_wdf(WdfRequestGetFileObject(request)),
		.request = request,
	};
	const struct definition *d = find(code);
	NTSTATUS status = STATUS_INVALID_DEVICE_REQUEST;

	if (d)
		status = run(d, &call, out_bytes, in_bytes);
	if (status != STATUS_PENDING)
		WdfRequestCompleteWithInformation(request, status, call.done);
}

VOID NTAPI netra_control_ioctl(WDFQUEUE queue, WDFREQUEST request, size_t out_bytes,
			       size_t in_bytes, ULONG code)
{
	UNREFERENCED_PARAMETER(queue);
	carry_out(request, out_bytes, in_bytes, code);
}

/* In the calling thread, before the framework queues anything. */
VOID NTAPI netra_control_in_caller(WDFDEVICE wdf, WDFREQUEST request)
{
	WDF_REQUEST_PARAMETERS p;
	NTSTATUS status;

	WDF_REQUEST_PARAMETERS_INIT(&p);
	WdfRequestGetParameters(request, &p);
	if (p.Type == WdfRequestTypeDeviceControl &&
	    p.Parameters.DeviceIoControl.IoControlCode == NETRA_IOC_MAP) {
		carry_out(request, p.Parameters.DeviceIoControl.OutputBufferLength,
			  p.Parameters.DeviceIoControl.InputBufferLength, NETRA_IOC_MAP);
		return;
	}
	status = WdfDeviceEnqueueRequest(wdf, request);
	if (!NT_SUCCESS(status))
		WdfRequestComplete(request, status);
}
