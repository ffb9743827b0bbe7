/* SPDX-License-Identifier: BSD-2-Clause */
/* Wrong passwords cost time, per address. Pure. */
#ifndef NETRA_STREAMER_THROTTLE_H
#define NETRA_STREAMER_THROTTLE_H

#include <netinet/in.h>
#include <stdint.h>

#define NETRA_THROTTLE_FREE 3u		/* so many cost nothing */
#define NETRA_THROTTLE_ENTRIES 256u

/* Zero it to begin. */
struct netra_throttle {
	struct netra_throttle_entry {
		uint8_t address[16];
		uint32_t wrong;
		uint64_t last_ns;
		uint64_t until_ns;	/* no further try is looked at before */
	} entry[NETRA_THROTTLE_ENTRIES];
	uint64_t wrong;			/* in all */
};

/**
 * netra_throttle_address() - What counts as one address: of IPv6 its /64, which
 * is what one customer has at least. IPv4 is the same in both families.
 */
void netra_throttle_address(const struct sockaddr *peer, uint8_t address[16]);

/** netra_throttle_until() - From when on a try from this address is looked at. */
uint64_t netra_throttle_until(const struct netra_throttle *throttle,
			      const uint8_t address[16]);

/** netra_throttle_wrong() - A wrong password came from there. */
void netra_throttle_wrong(struct netra_throttle *throttle,
			  const uint8_t address[16], uint64_t now_ns);

/** netra_throttle_right() - A right one: its past is forgotten. */
void netra_throttle_right(struct netra_throttle *throttle,
			  const uint8_t address[16]);

#endif
