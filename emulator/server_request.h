/* SPDX-License-Identifier: BSD-2-Clause */
/* One request under way: shared by the files that answer messages. */
#ifndef NETRA_EMULATOR_SERVER_REQUEST_H
#define NETRA_EMULATOR_SERVER_REQUEST_H

#include <string.h>

#include "server.h"

struct request {
	struct netra_emu_link *link;
	struct vfio_user_header header;
	const uint8_t *body;
	size_t body_bytes;
	int *fds;
	size_t fd_count;
	struct netra_emu_reply *reply;
};

/* Take the fixed part of a request; false if it is not there. */
static inline bool take(const struct request *request, void *part,
			size_t bytes)
{
	if (request->body_bytes < bytes)
		return false;
	memcpy(part, request->body, bytes);
	return true;
}

static inline void give(struct request *request, const void *part,
			size_t bytes)
{
	memcpy(request->reply->data + request->reply->length, part, bytes);
	request->reply->length += bytes;
}

/* server_irqs.c; both return 0 or an errno for the reply. */
int netra_emu_on_irq_info(struct request *request);
int netra_emu_on_set_irqs(struct request *request);

#endif
