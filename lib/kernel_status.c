/* SPDX-License-Identifier: BSD-2-Clause */
/* What a kernel driver says of its board, and where else it says things. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "kernel.h"
#include "pci_sysfs.h"

static bool get_status(struct netra_board *board,
		       struct netra_ioc_status *status)
{
	if (!netra_kernel_call(board, NETRA_IOC_STATUS, status, NULL))
		return true;
	*status = (struct netra_ioc_status){ .state = NETRA_BOARD_GONE };
	return false;
}

void netra_kernel_details(struct netra_board *board,
			  struct netra_board_details *details)
{
	struct netra_ioc_status s;

	get_status(board, &s);
	snprintf(details->name, sizeof(details->name), "%s", board->name);
	snprintf(details->driver, sizeof(details->driver), "netra");
	snprintf(details->soc, sizeof(details->soc), "%s", s.soc);
	snprintf(details->firmware, sizeof(details->firmware), "%.32s",
		 s.firmware);
	snprintf(details->state, sizeof(details->state), "%s",
		 netra_board_state_name((enum netra_board_state)s.state));
	details->vendor_id = s.vendor_id;
	details->device_id = s.device_id;
	details->class_code = s.class_code;
	details->link_width = s.link_width;
	details->link_mtps = s.link_mtps;
	for (int i = 0; i < 6; i++)
		details->bar[i].bytes = s.bar_bytes[i];
	details->channels = s.channels;
}

void netra_kernel_stats(struct netra_board *board,
			struct netra_board_stats *stats)
{
	struct netra_ioc_status s;

	if (!get_status(board, &s))
		return;
	stats->generation = s.generation;
	stats->sync_mode = s.sync_mode == NETRA_SYNC_PETERSON ?
				   NETRA_SYNC_PETERSON :
				   NETRA_SYNC_RING;
	stats->window_bytes = s.window_bytes;
	stats->window_count = s.window_count;
	memcpy(stats->window_bus, s.window_bus, sizeof(stats->window_bus));
	stats->arena_bytes = s.arena_bytes;
	snprintf(stats->memory, sizeof(stats->memory), "%s", s.memory);
	snprintf(stats->cache_mode, sizeof(stats->cache_mode), "%s",
		 s.cache_mode);
	stats->interrupts = s.interrupts;
	stats->wakeups = s.wakeups;
	stats->board_interrupts = s.board_interrupts;
	stats->heartbeats = s.heartbeats;
	stats->bad_replies = s.bad_replies;
	stats->command_timeouts = s.command_timeouts;
	stats->dma_faults = s.dma_faults;
	stats->resyncs = s.resyncs;
	stats->firmware_restarts = s.firmware_restarts;
	stats->resets = s.resets;
	stats->clock_valid = s.clock_valid;
	stats->clock_offset_ns = s.clock_offset_ns;
	stats->clock_drift_ppb = s.clock_drift_ppb;
	pthread_mutex_lock(&board->lock);
	stats->events_lost = s.events_lost + board->host.events_lost;
	pthread_mutex_unlock(&board->lock);
}

enum netra_error netra_kernel_channel_stats(struct netra_board *board,
					    uint32_t channel,
					    struct netra_channel_stats *stats)
{
	struct netra_ioc_channel c = { .channel = channel };
	enum netra_error error = netra_kernel_call(board, NETRA_IOC_CHANNEL, &c,
						   NULL);

	if (error)
		return error;
	*stats = (struct netra_channel_stats){
		.state = (enum netra_channel_state)c.state,
		.width = c.width,
		.height = c.height,
		.rate_num = c.rate_num,
		.rate_den = c.rate_den,
		.bit_rate = c.bit_rate,
		.frames = c.frames,
		.bytes = c.bytes,
		.lost = c.lost,
		.ring_faults = c.ring_faults,
		.ring_used_bytes = c.ring_used_bytes,
		.ring_bytes = c.ring_bytes,
		.readers = c.readers,
	};
	return NETRA_OK;
}

/* A file that may be missing, or not ours to read. */
static void copy_file(struct text *text, const char *title, FILE *from)
{
	char line[512];

	if (!from)
		return;
	netra_text(text, "\n[%s]\n", title);
	while (fgets(line, sizeof(line), from))
		netra_text(text, "%s", line);
	fclose(from);
}

static void copy_attributes(struct text *text, const char *address)
{
	static const char *const names[] = {
		"state", "error", "boot_progress", "windows", "memory",
		"cache_mode", "interrupts",
	};

	netra_text(text, "\n[sysfs]\n");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char name[32], line[4096];
		FILE *from;

		snprintf(name, sizeof(name), "netra/%s", names[i]);
		from = netra_pci_open(address, name);
		while (from && fgets(line, sizeof(line), from))
			netra_text(text, "%s = %s", names[i], line);
		if (from)
			fclose(from);
	}
}

static void copy_config(struct text *text, const char *address)
{
	FILE *from = netra_pci_open(address, "config");
	uint8_t word[4];

	if (!from)
		return;
	netra_text(text, "\n[configuration]");
	for (int i = 0; i < 256 && fread(word, sizeof(word), 1, from) == 1; i += 4)
		netra_text(text, "%s%02x%02x%02x%02x", i % 16 ? " " : "\n", word[3],
			word[2], word[1], word[0]);
	netra_text(text, "\n");
	fclose(from);
}

void netra_kernel_dump(struct text *text, struct netra_board *board)
{
	static const char *const names[] = { "registers", "rings" };
	struct netra_ioc_status s;
	struct stat node;

	if (!get_status(board, &s) || fstat(board->kernel_fd, &node))
		return;
	netra_text(text, "pci = %s\ndriver_error = %s\nvectors = %u\n", s.pci_name,
		s.error_text, s.vectors);
	/* Asking a board that has left would take a minute. */
	if (s.state != NETRA_BOARD_GONE && netra_pci_answers(s.pci_name))
		copy_config(text, s.pci_name);
	copy_attributes(text, s.pci_name);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[80];

		snprintf(path, sizeof(path), "/sys/kernel/debug/netra/netra%u/%s",
			 minor(node.st_rdev), names[i]);
		copy_file(text, names[i], fopen(path, "re"));
	}
}
