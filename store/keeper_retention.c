/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Retention, from the folder's listing alone. What is deleted is decided in
 * retention.c; here are the files' sizes and ends, and the deletion.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "keeper.h"
#include "scan.h"

#define PROTECTED "protected"
#define PROTECTED_BYTES_MAX (1u << 20)

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void trouble(struct netra_store_keeper *keeper, const char *text)
{
	pthread_mutex_lock(&keeper->mutex);
	snprintf(keeper->retention_trouble, sizeof(keeper->retention_trouble),
		 "%s", text);
	pthread_mutex_unlock(&keeper->mutex);
}

/* Lines to ranges; false if one cannot be understood: the others hold. */
static bool read_ranges(struct netra_store_keeper *keeper, char *text)
{
	struct netra_protected range, *grown;
	char *line, *rest = text;
	bool good = true;
	int is_range;

	free(keeper->ranges);
	keeper->ranges = NULL;
	keeper->range_count = 0;
	while ((line = strsep(&rest, "\n"))) {
		is_range = netra_protected_read(&range, line);
		good &= is_range >= 0;
		if (is_range <= 0)
			continue;
		grown = reallocarray(keeper->ranges, keeper->range_count + 1,
				     sizeof(*grown));
		if (!grown)
			return false;
		keeper->ranges = grown;
		grown[keeper->range_count++] = range;
	}
	return good;
}

/*
 * The protected ranges as they are now. Return: false if the file is there
 * but cannot be read: then nothing may be deleted.
 */
static bool load_ranges(struct netra_store_keeper *keeper, bool *understood)
{
	struct stat st;
	char *text = NULL;
	ssize_t n = -1;
	int fd;

	*understood = true;
	fd = openat(keeper->folder.fd, PROTECTED, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		keeper->range_count = 0;
		return true;
	}
	if (fd < 0 || fstat(fd, &st) || st.st_size > PROTECTED_BYTES_MAX)
		goto out;
	text = malloc((size_t)st.st_size + 1);
	if (text)
		n = read(fd, text, (size_t)st.st_size);
	if (n < 0)
		goto out;
	text[n] = '\0';
	*understood = read_ranges(keeper, text);
out:
	free(text);
	if (fd >= 0)
		close(fd);
	return n >= 0;
}

/* When the file's last frame ended: as it says, else when it was written. */
static int64_t end_ms(const struct netra_store_keeper *keeper, uint32_t channel,
		      const struct netra_store_entry *entry)
{
	int64_t end = entry->changed_ms;
	char name[NETRA_STORE_NAME_BYTES];
	struct netra_store_scan *scan;
	int fd;

	netra_store_name(name, entry->start_ms, netra_store_suffix(entry->kind));
	fd = openat(keeper->folder.channel[channel], name,
		    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	scan = malloc(sizeof(*scan));
	if (fd >= 0 && scan && !netra_store_scan_open(scan, fd) &&
	    scan->head.duration_90k)
		end = entry->start_ms + (int64_t)(scan->head.duration_90k / 90);
	free(scan);
	if (fd >= 0)
		close(fd);
	return end;
}

/* The file being written grows between listings. */
static uint64_t total_bytes(const struct netra_store_keeper *keeper,
			    uint32_t channel)
{
	struct netra_keeper_channel *c =
		(struct netra_keeper_channel *)&keeper->channel[channel];
	char name[NETRA_STORE_NAME_BYTES];
	uint64_t bytes = 0;
	struct stat st;

	for (size_t i = 0; i < c->count; i++) {
		if (c->entries[i].kind == NETRA_STORE_FILE_PART) {
			netra_store_name(name, c->entries[i].start_ms,
					 NETRA_STORE_PART);
			if (!fstatat(keeper->folder.channel[channel], name,
				     &st, AT_SYMLINK_NOFOLLOW))
				c->entries[i].bytes = (uint64_t)st.st_size;
		}
		bytes += c->entries[i].bytes;
	}
	return bytes;
}

int64_t netra_keeper_oldest(struct netra_store_keeper *keeper,
			    uint32_t channel, int64_t *end)
{
	const struct netra_keeper_channel *c = &keeper->channel[channel];

	for (size_t i = 0; i < c->count; i++) {
		const struct netra_store_entry *entry = &c->entries[i];

		if (entry->kind == NETRA_STORE_FILE_PART || entry->stuck)
			continue;
		/* Reading a file's end costs; most have no range near them. */
		*end = entry->changed_ms > entry->start_ms ? entry->changed_ms
							   : INT64_MAX;
		if (netra_retention_protected(keeper->ranges,
					      keeper->range_count, channel,
					      entry->start_ms, *end)) {
			*end = end_ms(keeper, channel, entry);
			if (netra_retention_protected(keeper->ranges,
						      keeper->range_count,
						      channel, entry->start_ms,
						      *end))
				continue;
		}
		return (int64_t)i;
	}
	return -1;
}

bool netra_keeper_delete(struct netra_store_keeper *keeper, uint32_t channel,
			 size_t at, char why[NETRA_KEEPER_WHY])
{
	struct netra_keeper_channel *c = &keeper->channel[channel];
	struct netra_keeper_event event = { .channel = (int)channel };
	char name[NETRA_STORE_NAME_BYTES];

	netra_store_name(name, c->entries[at].start_ms,
			 netra_store_suffix(c->entries[at].kind));
	if (unlinkat(keeper->folder.channel[channel], name, 0) &&
	    errno != ENOENT) {
		snprintf(why, NETRA_KEEPER_WHY, "ch%02u/%s: cannot be deleted: %s",
			 channel, name, strerror(errno));
		c->entries[at].stuck = true;
		return false;
	}
	event.time_ns = now_ms() * 1000000;
	snprintf(event.kind, sizeof(event.kind), "deleted");
	snprintf(event.text, sizeof(event.text), "%s", name);
	netra_store_keeper_event(keeper, &event);
	memmove(&c->entries[at], &c->entries[at + 1],
		(c->count - at - 1) * sizeof(c->entries[0]));
	c->count--;
	c->index_due = true;
	pthread_mutex_lock(&keeper->mutex);
	keeper->deleted++;
	pthread_mutex_unlock(&keeper->mutex);
	return true;
}

/* A channel's limits of bytes and age; @why: why they are not kept. */
static void retain_channel(struct netra_store_keeper *keeper, uint32_t channel,
			   char why[NETRA_KEEPER_WHY])
{
	const struct netra_retention_limits *limits = &keeper->options.limits;
	struct netra_keeper_channel *c = &keeper->channel[channel];
	uint32_t stuck = 0;
	uint64_t bytes;
	int64_t at, end;

	for (;;) {
		bytes = total_bytes(keeper, channel);
		at = netra_keeper_oldest(keeper, channel, &end);
		if (at < 0)
			break;
		/* A file that began later has not ended earlier. */
		if (limits->keep_ms &&
		    c->entries[at].start_ms < now_ms() - limits->keep_ms)
			end = end_ms(keeper, channel, &c->entries[at]);
		if (!netra_retention_due(limits, &c->entries[at], end, bytes,
					 now_ms()))
			return;
		if (!netra_keeper_delete(keeper, channel, (size_t)at, why) &&
		    ++stuck == NETRA_KEEPER_STUCK)
			return;
	}
	/* Only what is protected, and the file being written, are left. */
	if (!stuck && limits->keep_bytes && bytes > limits->keep_bytes &&
	    c->count && c->entries[0].kind != NETRA_STORE_FILE_PART)
		snprintf(why, NETRA_KEEPER_WHY, "channel %u: over its limit: what is "
			 "left is protected", channel);
}

/* What could not be deleted is tried again. */
static void try_again(struct netra_keeper_channel *channel)
{
	for (size_t i = 0; i < channel->count; i++)
		channel->entries[i].stuck = false;
}

void netra_keeper_retain(struct netra_store_keeper *keeper)
{
	char why[NETRA_KEEPER_WHY] = "";
	bool understood;

	if (!load_ranges(keeper, &understood)) {
		trouble(keeper, "the file '" PROTECTED "' cannot be read: "
			"nothing is deleted");
		/* Nobody is to wait for what will not happen. */
		netra_keeper_oldest_elsewhere(keeper, INT64_MAX);
		return;
	}
	if (!understood)
		snprintf(why, sizeof(why), "the file '" PROTECTED "' has a line "
			 "that cannot be understood");
	for (uint32_t i = 0; i < NETRA_STORE_CHANNELS; i++) {
		try_again(&keeper->channel[i]);
		retain_channel(keeper, i, why);
	}
	netra_keeper_retain_floor(keeper, why);
	trouble(keeper, why);
}
