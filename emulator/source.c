/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sources of an emulated board: which kind a file is, and time that goes on
 * from one pass over it to the next. One thread per source.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source_internal.h"

static enum netra_error open_kind(const char *path, int fd, size_t size,
				  struct netra_source **source,
				  char *why, size_t why_size)
{
	enum netra_error error;
	uint8_t *data;

	data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED) {
		snprintf(why, why_size, "cannot map %s: %s", path,
			 strerror(errno));
		return NETRA_ERR_IO;
	}
	if (netra_source_is_annex_b(data, size)) {
		error = netra_source_open_annex_b(path, data, size, source, why,
						  why_size);
		if (error)
			munmap(data, size);
		return error;
	}
	munmap(data, size);
	return netra_source_open_container(path, source, why, why_size);
}

enum netra_error netra_source_open_file(const char *path, uint32_t loops,
					struct netra_source **source,
					char *why, size_t why_size)
{
	enum netra_error error;
	struct stat st;
	int fd;

	*source = NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		error = errno == ENOENT || errno == ENOTDIR ?
			NETRA_ERR_NOT_FOUND : NETRA_ERR_IO;
		snprintf(why, why_size, "cannot open %s: %s", path,
			 strerror(errno));
		return error;
	}
	if (fstat(fd, &st)) {
		snprintf(why, why_size, "cannot examine %s: %s", path,
			 strerror(errno));
		error = NETRA_ERR_IO;
	} else if (!S_ISREG(st.st_mode)) {
		snprintf(why, why_size, "%s is not a file", path);
		error = NETRA_ERR_UNSUPPORTED;
	} else if (!st.st_size) {
		snprintf(why, why_size, "%s is empty", path);
		error = NETRA_ERR_UNSUPPORTED;
	} else {
		error = open_kind(path, fd, (size_t)st.st_size, source, why,
				  why_size);
	}
	close(fd);
	if (!error)
		(*source)->loops = loops;
	return error;
}

/*
 * Begin the next pass where this one ends, in decode order and in
 * presentation order both.
 */
static enum netra_error begin_pass(struct netra_source *source)
{
	enum netra_error error = source->ops->rewind(source);

	if (error)
		return error;
	source->base = source->dts_end;
	if (source->base < source->pts_end - source->first_pts)
		source->base = source->pts_end - source->first_pts;
	source->given = false;
	return NETRA_OK;
}

enum netra_error netra_source_next(struct netra_source *source,
				   struct netra_access_unit *unit)
{
	enum netra_error error;
	int64_t end;

	if (source->ended)
		return NETRA_ERR_ENDED;
	*unit = (struct netra_access_unit){ 0 };
	error = source->ops->next(source, unit);
	if (error == NETRA_ERR_ENDED && source->given) {
		source->loop++;
		if (source->loops && source->loop >= source->loops) {
			source->ended = true;
			return NETRA_ERR_ENDED;
		}
		error = begin_pass(source);
		if (!error)
			error = source->ops->next(source, unit);
	}
	if (error) {
		source->ended = true;
		return error;
	}
	if (!source->given)
		source->first_pts = unit->pts_90k;
	source->given = true;
	unit->dts_90k += source->base;
	unit->pts_90k += source->base;
	source->dts_end = unit->dts_90k + unit->duration_90k;
	end = unit->pts_90k + unit->duration_90k;
	if (source->pts_end < end)
		source->pts_end = end;
	return NETRA_OK;
}

enum netra_error netra_source_rewind(struct netra_source *source)
{
	enum netra_error error = begin_pass(source);

	if (error)
		return error;
	source->loop = 0;
	source->ended = false;
	return NETRA_OK;
}

uint32_t netra_source_command(struct netra_source *source,
			      const struct netra_command *command)
{
	if (!source->ops->command)
		return NETRA_REPLY_UNSUPPORTED;
	return source->ops->command(source, command);
}

void netra_source_format(const struct netra_source *source,
			 struct netra_source_format *format)
{
	*format = source->format;
}

void netra_source_close(struct netra_source *source)
{
	if (source)
		source->ops->close(source);
}
