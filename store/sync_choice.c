/* SPDX-License-Identifier: BSD-2-Clause */
#include "sync_choice.h"

#define SLOW_NS		200000000u
#define SLOW_MAX_NS	1000000000u
#define PAUSES		20u		/* 5 % of the time in slow syncs, no more */
#define PAUSE_MAX_NS	60000000000u

static uint64_t at_most(uint64_t value, uint64_t limit)
{
	return value < limit ? value : limit;
}

/* More than a second is more than any disk may make frames wait. */
static uint64_t slow_ns(const struct netra_sync_choice *choice)
{
	uint64_t twice = at_most(choice->apart_ns, SLOW_MAX_NS / 2) * 2;

	return twice > SLOW_NS ? twice : SLOW_NS;
}

bool netra_sync_choice_together(const struct netra_sync_choice *choice,
				uint64_t now_ns)
{
	return now_ns >= choice->apart_until_ns;
}

void netra_sync_choice_took_together(struct netra_sync_choice *choice,
				     uint64_t begin_ns, uint64_t end_ns)
{
	uint64_t took_ns = end_ns - begin_ns;

	choice->together_ns = took_ns;
	if (took_ns > slow_ns(choice))
		choice->apart_until_ns = end_ns +
			at_most(took_ns, PAUSE_MAX_NS / PAUSES) * PAUSES;
}

void netra_sync_choice_took_apart(struct netra_sync_choice *choice,
				  uint64_t begin_ns, uint64_t end_ns)
{
	choice->apart_ns = end_ns - begin_ns;
	if (choice->apart_ns > choice->together_ns / 2)
		choice->apart_until_ns = 0;
}
