/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does this machine let programs run? Wakes every 20 ms and, each tenth time
 * and whenever it woke late, prints the clock time and by how many ms it was
 * late at the worst since the line before. A test tells a slow machine from a
 * slow recorder by it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define PERIOD_NS 20000000
#define LATE_NS 100000000
#define NS 1000000000

static int64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * NS + t.tv_nsec;
}

int main(void)
{
	int64_t due = now_ns(CLOCK_MONOTONIC), late, worst = 0;
	struct timespec t;

	for (int turn = 1;; turn++) {
		due += PERIOD_NS;
		t = (struct timespec){ due / NS, due % NS };
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t,
				       NULL) == EINTR)
			;
		late = now_ns(CLOCK_MONOTONIC) - due;
		if (late > worst)
			worst = late;
		if (late > LATE_NS)
			due += late;
		if (turn % 10 && late <= LATE_NS)
			continue;
		printf("%" PRId64 " %" PRId64 "\n", now_ns(CLOCK_REALTIME),
		       worst / 1000000);
		if (fflush(stdout))
			return 1;
		worst = 0;
	}
}
