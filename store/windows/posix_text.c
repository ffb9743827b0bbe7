/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions of Linux' C library that Windows' lacks. */
#include <windows.h>

#include "posix.h"

#define STREAMS_MAX 8

/* Streams into memory: files that Windows keeps in memory, read at their end. */
static struct memory {
	FILE *file;
	char **data;
	size_t *length;
} streams[STREAMS_MAX];
static SRWLOCK streams_lock = SRWLOCK_INIT;

char *nt_strsep(char **at, const char *ends)
{
	char *begin = *at;

	if (!begin)
		return NULL;
	*at = begin + strcspn(begin, ends);
	if (**at)
		*(*at)++ = '\0';
	else
		*at = NULL;
	return begin;
}

void *nt_reallocarray(void *old, size_t count, size_t bytes)
{
	size_t total;

	if (__builtin_mul_overflow(count, bytes, &total)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(old, total);
}

ssize_t nt_getline(char **line, size_t *room, FILE *file)
{
	size_t length = 0;
	int c;

	while ((c = getc(file)) != EOF) {
		if (length + 2 > *room) {
			size_t more = *room ? 2 * *room : 128;
			char *larger = realloc(*line, more);

			if (!larger)
				return -1;
			*line = larger;
			*room = more;
		}
		(*line)[length++] = (char)c;
		if (c == '\n')
			break;
	}
	if (!length)
		return -1;
	(*line)[length] = '\0';
	return (ssize_t)length;
}

static bool keep(FILE *file, char **data, size_t *length)
{
	bool kept = false;

	AcquireSRWLockExclusive(&streams_lock);
	for (int i = 0; !kept && i < STREAMS_MAX; i++) {
		if (streams[i].file)
			continue;
		streams[i] = (struct memory){ file, data, length };
		kept = true;
	}
	ReleaseSRWLockExclusive(&streams_lock);
	return kept;
}

static struct memory take(FILE *file)
{
	struct memory found = { 0 };

	AcquireSRWLockExclusive(&streams_lock);
	for (int i = 0; i < STREAMS_MAX; i++) {
		if (streams[i].file != file)
			continue;
		found = streams[i];
		streams[i].file = NULL;
	}
	ReleaseSRWLockExclusive(&streams_lock);
	return found;
}

FILE *nt_open_memstream(char **data, size_t *length)
{
	char folder[MAX_PATH], path[MAX_PATH];
	FILE *file;

	*data = NULL;
	*length = 0;
	if (!GetTempPathA(sizeof(folder), folder) || !GetTempFileNameA(folder, "net", 0, path))
		return NULL;
	file = fopen(path, "w+bTD");
	if (file && !keep(file, data, length)) {
		(fclose)(file);
		file = NULL;
	}
	return file;
}

int nt_fclose(FILE *file)
{
	struct memory memory = take(file);
	long length;

	if (!memory.file)
		return (fclose)(file);
	length = fseek(file, 0, SEEK_END) ? -1 : ftell(file);
	if (length >= 0)
		*memory.data = malloc((size_t)length + 1);
	if (!*memory.data) {
		(fclose)(file);
		return EOF;
	}
	rewind(file);
	*memory.length = fread(*memory.data, 1, (size_t)length, file);
	(*memory.data)[*memory.length] = '\0';
	return (fclose)(file);
}
