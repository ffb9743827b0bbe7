/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Annex B: where NAL units begin and end (B.1). Pure functions, any thread.
 */
#include "media/h264.h"

#ifdef __SSE2__
/* Vector extensions instead of <emmintrin.h>, which drags <stdlib.h> in. */
typedef char vector __attribute__((vector_size(16)));
#define STEP 16u

/* Bit i: bytes i and i + 1 are zero. Reads STEP + 1 bytes. */
static uint32_t zero_pairs(const uint8_t *p)
{
	vector a, b;

	__builtin_memcpy(&a, p, sizeof(a));
	__builtin_memcpy(&b, p + 1, sizeof(b));
	return (uint32_t)__builtin_ia32_pmovmskb128((vector)((a | b) == 0));
}
#else
#define STEP 8u

static uint32_t zero_pairs(const uint8_t *p)
{
	const uint64_t low = 0x0101010101010101u;
	uint64_t a, b;
	uint32_t mask = 0;

	__builtin_memcpy(&a, p, sizeof(a));
	__builtin_memcpy(&b, p + 1, sizeof(b));
	a |= b;
	if (!((a - low) & ~a & low << 7))
		return 0;
	for (uint32_t i = 0; i < STEP; i++)
		mask |= (uint32_t)(!p[i] && !p[i + 1]) << i;
	return mask;
}
#endif

size_t netra_start_code(const uint8_t *data, size_t size, size_t from)
{
	size_t i = from;

	/* Two zeros in a row are rare in coded data: look for those first. */
	while (size >= STEP + 2 && i <= size - STEP - 2) {
		uint32_t pairs = zero_pairs(data + i);

		for (; pairs; pairs &= pairs - 1) {
			size_t at = i + (uint32_t)__builtin_ctz(pairs);

			if (data[at + 2] == 1)
				return at;
		}
		i += STEP;
	}
	for (; size >= 3 && i <= size - 3; i++) {
		if (!data[i] && !data[i + 1] && data[i + 2] == 1)
			return i;
	}
	return size;
}

bool netra_nal_next(const uint8_t *data, size_t size, size_t *position,
		    struct netra_nal *nal)
{
	size_t begin, end;

	do {
		begin = netra_start_code(data, size, *position);
		if (begin >= size)
			return false;
		begin += 3;
		end = netra_start_code(data, size, begin);
		*position = end;
		while (end > begin && !data[end - 1])
			end--;
	} while (end == begin);
	nal->data = data + begin;
	nal->length = end - begin;
	nal->type = data[begin] & 31;
	nal->ref_idc = data[begin] >> 5 & 3;
	return true;
}
