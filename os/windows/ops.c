/* SPDX-License-Identifier: BSD-2-Clause */
/* What core/'s half of the host asks of its driver, but for BARs (bars.c). */
#include <stdio.h>

#include "driver.h"

NTSTATUS netra_status(enum netra_error error)
{
	/* Each is another Win32 error, so that programs can tell them apart. */
	static const NTSTATUS status[NETRA_ERR_COUNT] = {
		[NETRA_OK] = STATUS_SUCCESS,
		[NETRA_ERR_AGAIN] = (NTSTATUS)STATUS_NO_MORE_ENTRIES,
		[NETRA_ERR_INVALID] = STATUS_INVALID_PARAMETER,
		[NETRA_ERR_NO_MEMORY] = STATUS_INSUFFICIENT_RESOURCES,
		[NETRA_ERR_NOT_FOUND] = STATUS_NOT_FOUND,
		[NETRA_ERR_PERMISSION] = STATUS_ACCESS_DENIED,
		[NETRA_ERR_BUSY] = STATUS_DEVICE_BUSY,
		[NETRA_ERR_TIMEOUT] = STATUS_IO_TIMEOUT,
		[NETRA_ERR_GONE] = STATUS_DEVICE_REMOVED,
		[NETRA_ERR_UNSUPPORTED] = STATUS_NOT_SUPPORTED,
		[NETRA_ERR_STATE] = STATUS_DEVICE_NOT_READY,
		[NETRA_ERR_PROTOCOL] = STATUS_INVALID_NETWORK_RESPONSE,
		[NETRA_ERR_CORRUPT] = STATUS_CRC_ERROR,
		[NETRA_ERR_OVERWRITTEN] = STATUS_DATA_OVERRUN,
		[NETRA_ERR_ENDED] = STATUS_END_OF_FILE,
		[NETRA_ERR_BOOT] = STATUS_IO_DEVICE_ERROR,
		[NETRA_ERR_IMAGE] = STATUS_INVALID_IMAGE_FORMAT,
		[NETRA_ERR_REFUSED] = STATUS_REQUEST_NOT_ACCEPTED,
		[NETRA_ERR_IO] = STATUS_UNEXPECTED_IO_ERROR,
	};

	return (unsigned int)error < NETRA_ERR_COUNT ? status[error] : STATUS_UNSUCCESSFUL;
}

uint64_t netra_time_ns(void)
{
	LARGE_INTEGER frequency, count = KeQueryPerformanceCounter(&frequency);
	uint64_t per_second = (uint64_t)frequency.QuadPart;
	uint64_t seconds = (uint64_t)count.QuadPart / per_second;
	uint64_t rest = (uint64_t)count.QuadPart % per_second;

	return seconds * 1000000000 + rest * 1000000000 / per_second;
}

bool netra_wait(KEVENT *event, ULONG ms)
{
	LARGE_INTEGER timeout = { .QuadPart = -10000ll * ms };

	return KeWaitForSingleObject(event, Executive, KernelMode, FALSE, &timeout) ==
	       STATUS_SUCCESS;
}

static bool present(struct netra_host *host)
{
	struct netra_device *dev = netra_device_of(host);

	return !dev->dead && netra_config_present(dev);
}

static enum netra_error prepare(struct netra_host *host)
{
	struct netra_device *dev = netra_device_of(host);

	if (!netra_reachable(dev))
		return host->lost ? host->lost : NETRA_ERR_IO;
	netra_config_master(dev, true);
	for (ULONG i = 0; i < NETRA_BARS; i++)
		host->bar_address[i] = dev->bar_bus[i];
	return NETRA_OK;
}

static enum netra_error reset(struct netra_host *host)
{
	struct netra_device *dev = netra_device_of(host);

	if (!netra_reachable(dev))
		return host->lost ? host->lost : NETRA_ERR_IO;
	if (!netra_config_reset(dev))
		return netra_host_fail(host, NETRA_ERR_IO,
				       "it cannot be reset: power it off and on");
	return prepare(host);
}

static enum netra_error load_images(struct netra_host *host)
{
	return netra_firmware_load(netra_device_of(host));
}

static void free_images(struct netra_host *host)
{
	netra_firmware_release(netra_device_of(host));
}

/* Few large windows are best; smaller ones are easier to have. */
static enum netra_error make_arena(struct netra_device *dev)
{
	static const uint64_t channel_bytes[] = { 0, 1u << 20, 1u << 19 };
	struct netra_host *host = &dev->host;
	const uint32_t wanted = host->options.window_log2;
	enum netra_error error;

	for (ULONG i = 0; i < RTL_NUMBER_OF(channel_bytes); i++) {
		host->options.arena_bytes = channel_bytes[i] * host->board_channels;
		for (uint32_t log2 = wanted ? wanted : 23; log2 >= 20; log2--) {
			error = netra_host_plan(host, log2);
			if (error)
				return error;
			if (NT_SUCCESS(netra_arena_get(dev, log2, host->attach.windows.count))) {
				host->view = dev->arena.view;
				host->area = dev->arena.view;
				host->arena_bytes = dev->arena.bytes;
				return NETRA_OK;
			}
			if (wanted)
				break;
		}
	}
	return netra_host_fail(host, NETRA_ERR_NO_MEMORY,
			       "no memory for the board's windows, not even %u of 1 MB: start Windows again with the board in it",
			       host->attach.windows.count);
}

static enum netra_error make_rings(struct netra_host *host)
{
	for (uint32_t i = 0; i < host->channels; i++) {
		struct netra_channel *c = &host->channel[i];
		size_t count = (size_t)1 << host->attach.block.channel[i].records_log2;

		if (!c->frames)
			c->frames = netra_allocate(NonPagedPoolNx, count * sizeof(*c->frames));
		if (!c->frames)
			return netra_host_fail(host, NETRA_ERR_NO_MEMORY,
					       "no memory for the rings");
	}
	return NETRA_OK;
}

static enum netra_error arena(struct netra_host *host)
{
	struct netra_device *dev = netra_device_of(host);
	enum netra_error error = NETRA_OK;

	if (!host->view)
		error = make_arena(dev);
	if (!error)
		error = make_rings(host);
	if (error)
		return error;
	for (uint32_t i = 0; i < host->attach.windows.count; i++)
		host->attach.bus[i] = dev->arena.bus[i];
	RtlZeroMemory(dev->arena.view, dev->arena.bytes);
	return NETRA_OK;
}

static void wake_at(struct netra_host *host, uint64_t at_ns)
{
	struct netra_device *dev = netra_device_of(host);

	if (at_ns >= dev->wake_ns)
		return;
	dev->wake_ns = at_ns;
	/* By another thread than the board's: it must learn of it. */
	if (PsGetCurrentThreadId() != dev->thread_id)
		netra_kick(dev);
}

static void event(struct netra_host *host, const struct netra_event_info *info,
		  uint64_t host_ns)
{
	netra_control_event(netra_device_of(host), info, host_ns);
}

static void notice(struct netra_host *host, enum netra_host_notice kind,
		   uint32_t channel, const char *text)
{
	netra_control_notice(netra_device_of(host), kind, channel, text);
}

__attribute__((format(printf, 3, 0)))
static void format(char *buffer, size_t size, const char *text, va_list arguments)
{
	/* The kernel's leaves out the end when it is cut. */
	(void)_vsnprintf(buffer, size, text, arguments);
	buffer[size - 1] = 0;
}

const struct netra_host_ops netra_windows_ops = {
	.read32 = netra_bar_read,
	.write32 = netra_bar_write,
	.upload = netra_bar_upload,
	.post = netra_bar_post,
	.present = present,
	.reset = reset,
	.prepare = prepare,
	.load_images = load_images,
	.free_images = free_images,
	.arena = arena,
	.wake_at = wake_at,
	.event = event,
	.notice = notice,
	.format = format,
};
