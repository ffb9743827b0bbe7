/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kinds of sources share. A kind gives its units with times that
 * begin at 0; source.c strings the passes together.
 */
#ifndef NETRA_SOURCE_INTERNAL_H
#define NETRA_SOURCE_INTERNAL_H

#include <stdbool.h>

#include "emulator/source.h"
#include "media/h264.h"

struct netra_source_ops {
	enum netra_error (*next)(struct netra_source *source,
				 struct netra_access_unit *unit);
	/* Back to the first unit and time 0. */
	enum netra_error (*rewind)(struct netra_source *source);
	/* NULL: all commands are unsupported. */
	uint32_t (*command)(struct netra_source *source,
			    const struct netra_command *command);
	void (*close)(struct netra_source *source);
};

/* First member of every kind's own structure. */
struct netra_source {
	const struct netra_source_ops *ops;
	struct netra_source_format format;
	uint32_t loops;		/* 0 = for ever */
	uint32_t loop;
	bool ended;
	bool given;		/* something came in this pass */
	int64_t base;		/* of this pass, 90 kHz */
	int64_t first_pts;	/* of the pass, before base is added */
	int64_t dts_end;	/* of what was given so far */
	int64_t pts_end;
};

/*
 * @data is the whole file, mapped; on success the source unmaps it. Takes
 * Annex B only: netra_source_is_annex_b() says whether it looks like that.
 */
bool netra_source_is_annex_b(const uint8_t *data, size_t size);
enum netra_error netra_source_open_annex_b(const char *path, uint8_t *data,
					   size_t size,
					   struct netra_source **source,
					   char *why, size_t why_size);
enum netra_error netra_source_open_container(const char *path,
					     struct netra_source **source,
					     char *why, size_t why_size);

#endif
