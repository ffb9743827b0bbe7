/* SPDX-License-Identifier: BSD-2-Clause */
/* The metrics' file: a reader finds the old text or the new one, never half of one. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keeper.h"

void netra_store_keeper_metrics(struct netra_store_keeper *keeper, char *text)
{
	pthread_mutex_lock(&keeper->mutex);
	free(keeper->metrics);
	keeper->metrics = text;
	pthread_mutex_unlock(&keeper->mutex);
}

/* Return: 0 or an errno. */
static int write_file(const char *path, const char *text)
{
	size_t length = strlen(text);
	char part[PATH_MAX];
	ssize_t n;
	int fd, error = 0;

	if (strlen(path) + sizeof(".part") > sizeof(part))
		return ENAMETOOLONG;
	snprintf(part, sizeof(part), "%s.part", path);
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return errno;
	n = write(fd, text, length);
	if (n != (ssize_t)length)
		error = n < 0 ? errno : ENOSPC;
	if (close(fd) && !error)
		error = errno;
	if (!error && rename(part, path))
		error = errno;
	if (error)
		unlink(part);
	return error;
}

void netra_keeper_write_metrics(struct netra_store_keeper *keeper)
{
	char *text;
	int error;

	pthread_mutex_lock(&keeper->mutex);
	text = keeper->metrics;
	keeper->metrics = NULL;
	pthread_mutex_unlock(&keeper->mutex);
	if (text && keeper->options.metrics) {
		error = write_file(keeper->options.metrics, text);
		pthread_mutex_lock(&keeper->mutex);
		keeper->metrics_trouble[0] = '\0';
		if (error)
			snprintf(keeper->metrics_trouble,
				 sizeof(keeper->metrics_trouble),
				 "metrics: %.100s: %s", keeper->options.metrics,
				 strerror(error));
		pthread_mutex_unlock(&keeper->mutex);
	}
	free(text);
}
