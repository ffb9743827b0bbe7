/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the host's half tell each other. */
#ifndef NETRA_HOST_INTERNAL_H
#define NETRA_HOST_INTERNAL_H

#include "bytes.h"
#include "host.h"

#define HOST_BEAT_MS	250u

/* ---- host.c -------------------------------------------------------------- */

/** netra_host_notify() - Tell the driver, with a sentence. */
void netra_host_notify(struct netra_host *host, enum netra_host_notice notice,
		       uint32_t channel, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/** netra_host_format() - As snprintf(). */
void netra_host_format(struct netra_host *host, char *buffer, size_t size,
		       const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/** netra_host_heard() - A new heartbeat tells the board's time. */
void netra_host_heard(struct netra_host *host, uint64_t now_ns);

/* ---- host_start.c -------------------------------------------------------- */

/** netra_host_load_info() - Read the board block's head over the bus. */
enum netra_error netra_host_load_info(struct netra_host *host);

/** netra_host_watch() - Attached, again: the watch goes on. */
void netra_host_watch(struct netra_host *host, uint64_t now_ns);

/* ---- host_channel.c ------------------------------------------------------ */

/** netra_channel_new_generation() - Fresh ring over the attached layout. */
void netra_channel_new_generation(struct netra_host *host, uint32_t channel);
/** netra_channel_resynced() - Both sides are back at position 0. */
void netra_channel_resynced(struct netra_host *host, uint32_t channel);
/** netra_channel_scan() - Learn of new frames. Return: how many. */
uint32_t netra_channel_scan(struct netra_host *host, uint32_t channel,
			    uint64_t now_ns);
/** netra_channel_release() - A reader gave something back: make room at once. */
void netra_channel_release(struct netra_host *host, uint32_t channel);
/** netra_channel_tick() - From time to time, for channels that give nothing. */
void netra_channel_tick(struct netra_host *host, uint32_t channel);

static inline void netra_post_tail(struct netra_host *host, uint32_t channel,
				   uint32_t tail)
{
	size_t offset = offsetof(struct netra_host_posts, tail) +
		channel * sizeof(uint32_t);

	host->ops->post(host, (uint32_t)offset, tail);
}

/* ---- host_command.c ------------------------------------------------------ */

enum netra_error netra_host_post_command(struct netra_host *host,
					 enum netra_command_owner owner,
					 const struct netra_command_request *request,
					 uint32_t *id, uint64_t now_ns);
/** netra_host_settle() - Hand answers to their owners. Return: any settled? */
bool netra_host_settle(struct netra_host *host, uint64_t now_ns);
/** netra_host_scan_events() - Take the board's new events. Return: any? */
bool netra_host_scan_events(struct netra_host *host, uint64_t now_ns);

/* ---- host_recover.c ------------------------------------------------------ */

/** netra_recover_trouble() - Climb the ladder for @trouble. */
void netra_recover_trouble(struct netra_host *host, enum netra_trouble trouble,
			   uint32_t channel, uint64_t now_ns);
/** netra_recover_step() - Go on with what is under way; some milliseconds. */
bool netra_recover_step(struct netra_host *host, uint64_t now_ns);
/** netra_recover_resynced() - The board answered a RESYNC command. */
void netra_recover_resynced(struct netra_host *host, uint32_t channel,
			    enum netra_error error, uint64_t now_ns);

#endif
