// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The parameter sets of each channel, for those who join it while it runs: an
 * encoder may send them with its first picture only. The board's thread looks
 * for them in what came in; a new stream's take the place of the old one's.
 */
#include <linux/slab.h>

#include "control.h"
#include "media/h264.h"
#include "sets.h"

struct netra_channel_sets {
	u32 epoch;
	u32 next;		/* position of the next frame to look at */
	struct netra_kept_sets kept;
	u8 head[NETRA_HEAD_BYTES];	/* private: the board cannot change it */
};

static void look_into(struct netra_channel_sets *sets, const u8 *data, u32 length)
{
	u32 bytes = min_t(u32, length, NETRA_HEAD_BYTES);
	struct netra_unit_head head;

	memcpy(sets->head, data, bytes);
	netra_sets_look(&sets->kept, sets->head, bytes, bytes == length, &head);
}

static void serve(struct netra_host *host, const struct netra_channel *c,
		  struct netra_channel_sets *sets)
{
	const struct netra_ring *ring = &c->ring;

	if (sets->epoch != c->epoch || (s32)(ring->tail - sets->next) > 0)
		sets->next = ring->tail;
	sets->epoch = c->epoch;
	for (; sets->next != ring->head; sets->next++) {
		const struct netra_ring_frame *frame =
			netra_ring_frame(ring, sets->next);

		if (frame->flags & (NETRA_FRAME_KEY | NETRA_FRAME_PARAMETERS))
			look_into(sets, host->view + frame->offset,
				  frame->length);
	}
}

void netra_channel_sets_serve(struct netra_device *dev)
{
	struct netra_host *host = &dev->host;
	unsigned int i;

	lockdep_assert_held(&dev->lock);
	for (i = 0; i < host->channels; i++) {
		const struct netra_channel *c = &host->channel[i];

		if (!dev->sets[i] && c->ring.head != c->ring.tail)
			dev->sets[i] = kvzalloc(sizeof(*dev->sets[i]),
						GFP_KERNEL);
		if (dev->sets[i])
			serve(host, c, dev->sets[i]);
	}
}

void netra_channel_sets_free(struct netra_device *dev)
{
	unsigned int i;

	for (i = 0; i < NETRA_CHANNELS_MAX; i++)
		kvfree(dev->sets[i]);
}

const struct netra_kept_sets *netra_channel_sets(const struct netra_device *dev,
						 u32 channel)
{
	return dev->sets[channel] ? &dev->sets[channel]->kept : NULL;
}

int netra_channel_sets_get(const struct netra_device *dev,
			   struct netra_ioc_sets *arg)
{
	const struct netra_kept_sets *kept = netra_channel_sets(dev, arg->channel);

	memset(arg->data, 0, sizeof(arg->data));
	arg->bytes = kept ? kept->bytes : 0;
	if (kept)
		netra_sets_copy(kept, arg->data);
	return 0;
}
