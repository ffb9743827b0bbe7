/* SPDX-License-Identifier: BSD-2-Clause */
#include "protect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "retention.h"

#define NAME "protected"
#define PART "protected.part"

/* The new text being written; the lock is on it. */
struct edit {
	struct netra_store_folder *folder;
	FILE *old;		/* NULL = there is none yet */
	FILE *made;
};

static enum netra_error begin(struct edit *edit,
			      struct netra_store_folder *folder)
{
	int fd;

	edit->folder = folder;
	edit->old = NULL;
	fd = openat(folder->fd, PART, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return NETRA_ERR_IO;
	edit->made = fdopen(fd, "w");
	if (!edit->made) {
		close(fd);
		return NETRA_ERR_IO;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) || ftruncate(fd, 0)) {
		fclose(edit->made);
		return NETRA_ERR_IO;
	}
	fd = openat(folder->fd, NAME, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		edit->old = fdopen(fd, "r");
	if (fd < 0 ? errno == ENOENT : edit->old != NULL)
		return NETRA_OK;
	if (fd >= 0)
		close(fd);
	fclose(edit->made);
	return NETRA_ERR_IO;
}

static enum netra_error end(struct edit *edit, bool good)
{
	int fd = edit->folder->fd;

	if (edit->old) {
		good &= !ferror(edit->old);
		fclose(edit->old);
	}
	good &= !fflush(edit->made) && !fsync(fileno(edit->made));
	if (good)
		good = !renameat(fd, PART, fd, NAME) && !fsync(fd);
	else
		unlinkat(fd, PART, 0);
	fclose(edit->made);
	return good ? NETRA_OK : NETRA_ERR_IO;
}

enum netra_error netra_store_protect(struct netra_store_folder *folder,
				     const char *line)
{
	enum netra_error err;
	struct edit edit;
	char *text = NULL;
	size_t room = 0;
	ssize_t n;

	err = begin(&edit, folder);
	if (err)
		return err;
	while (edit.old && (n = getline(&text, &room, edit.old)) > 0) {
		fputs(text, edit.made);
		if (text[n - 1] != '\n')
			fputc('\n', edit.made);
	}
	fprintf(edit.made, "%s\n", line);
	free(text);
	return end(&edit, !ferror(edit.made));
}

enum netra_error netra_store_unprotect(struct netra_store_folder *folder,
				       int64_t from_ms, int64_t to_ms,
				       uint32_t *removed)
{
	struct netra_protected range;
	enum netra_error err;
	struct edit edit;
	char *text = NULL;
	size_t room = 0;

	*removed = 0;
	err = begin(&edit, folder);
	if (err)
		return err;
	while (edit.old && getline(&text, &room, edit.old) > 0) {
		text[strcspn(text, "\n")] = '\0';
		if (netra_protected_read(&range, text) == 1 &&
		    range.from_ms >= from_ms && range.to_ms <= to_ms)
			(*removed)++;
		else
			fprintf(edit.made, "%s\n", text);
	}
	free(text);
	return end(&edit, !ferror(edit.made));
}
