/* SPDX-License-Identifier: BSD-2-Clause */
#include "recorder_wall.h"

#define NS_PER_S	1000000000ll
#define STEP_NS		(NS_PER_S / 2)	/* more is the clock being set */
#define JITTER_NS	(NS_PER_S / 5)	/* less is evened out */
#define LATE_NS		(60 * NS_PER_S)	/* a frame older than this is none */

void netra_recorder_wall_update(struct netra_recorder_wall *wall,
				uint64_t monotonic_ns, int64_t real_ns)
{
	int64_t offset = real_ns - (int64_t)monotonic_ns;
	int64_t step = offset - wall->offset_ns;

	if (wall->known && (step > STEP_NS || step < -STEP_NS))
		wall->steps++;
	wall->known = true;
	wall->offset_ns = offset;
}

int64_t netra_recorder_stamp(struct netra_recorder_stamp *stamp,
			     const struct netra_recorder_wall *wall,
			     int64_t dts_90k, uint64_t taken_ns,
			     uint64_t now_ns)
{
	int64_t time, even, apart;

	if (!taken_ns || taken_ns > now_ns || now_ns - taken_ns > LATE_NS)
		taken_ns = now_ns;
	time = (int64_t)taken_ns + wall->offset_ns;
	if (stamp->known && stamp->steps == wall->steps &&
	    dts_90k - stamp->dts_90k < 90000 * 3600ll) {
		even = stamp->wall_ns +
		       (dts_90k - stamp->dts_90k) * 100000 / 9;
		apart = time - even;
		if (apart > -JITTER_NS && apart < JITTER_NS)
			time = even + apart / 8;
	}
	stamp->known = true;
	stamp->steps = wall->steps;
	stamp->wall_ns = time;
	stamp->dts_90k = dts_90k;
	return time;
}
