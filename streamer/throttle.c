/* SPDX-License-Identifier: BSD-2-Clause */
#include "throttle.h"

#include <string.h>

#define FIRST_NS UINT64_C(250000000)
#define DOUBLINGS 4u	/* to 4 s */
#define FORGET_NS UINT64_C(900000000000)

void netra_throttle_address(const struct sockaddr *peer, uint8_t address[16])
{
	struct in6_addr v6;

	memset(address, 0, 16);
	if (peer->sa_family == AF_INET6) {
		memcpy(&v6, &((const struct sockaddr_in6 *)peer)->sin6_addr,
		       sizeof(v6));
		memcpy(address, &v6, IN6_IS_ADDR_V4MAPPED(&v6) ? 16 : 8);
	} else if (peer->sa_family == AF_INET) {
		address[10] = address[11] = 0xff;
		memcpy(address + 12,
		       &((const struct sockaddr_in *)peer)->sin_addr, 4);
	}
}

static const struct netra_throttle_entry *
find(const struct netra_throttle *throttle, const uint8_t address[16])
{
	for (uint32_t i = 0; i < NETRA_THROTTLE_ENTRIES; i++)
		if (throttle->entry[i].wrong &&
		    !memcmp(throttle->entry[i].address, address, 16))
			return &throttle->entry[i];
	return NULL;
}

uint64_t netra_throttle_until(const struct netra_throttle *throttle,
			      const uint8_t address[16])
{
	const struct netra_throttle_entry *entry = find(throttle, address);

	return entry ? entry->until_ns : 0;
}

void netra_throttle_wrong(struct netra_throttle *throttle,
			  const uint8_t address[16], uint64_t now_ns)
{
	struct netra_throttle_entry *entry =
		(struct netra_throttle_entry *)find(throttle, address);
	uint32_t over;

	throttle->wrong++;
	if (!entry) {
		/* The one that has been quiet longest makes room. */
		entry = &throttle->entry[0];
		for (uint32_t i = 1; i < NETRA_THROTTLE_ENTRIES; i++)
			if (throttle->entry[i].last_ns < entry->last_ns)
				entry = &throttle->entry[i];
		memset(entry, 0, sizeof(*entry));
		memcpy(entry->address, address, 16);
	}
	if (now_ns - entry->last_ns > FORGET_NS)
		entry->wrong = 0;
	entry->last_ns = now_ns;
	entry->wrong++;
	if (entry->wrong <= NETRA_THROTTLE_FREE)
		return;
	over = entry->wrong - NETRA_THROTTLE_FREE - 1;
	if (over > DOUBLINGS)
		over = DOUBLINGS;
	if (entry->until_ns < now_ns)
		entry->until_ns = now_ns;
	entry->until_ns += FIRST_NS << over;
}

void netra_throttle_right(struct netra_throttle *throttle,
			  const uint8_t address[16])
{
	struct netra_throttle_entry *entry =
		(struct netra_throttle_entry *)find(throttle, address);

	if (entry)
		memset(entry, 0, sizeof(*entry));
}
