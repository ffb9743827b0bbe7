/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk that misbehaves, for one program: preloaded, with NETRA_BAD_DISK the
 * name of a file of one struct bad_disk, which a test changes while the program
 * runs (tests/store/bad_disk.py). Concerned are files whose path has `where`
 * in it, and whoever syncs all of the file system that they are on; the clock
 * is every caller's.
 */
/* Both names of each call are defined here, not one for the other. */
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define NS 1000000000
#define ALL (-2)

struct bad_disk {
	int64_t stall_until_ns;		/* CLOCK_MONOTONIC */
	int64_t clock_ns;		/* added to CLOCK_REALTIME */
	int64_t write_error;		/* errno, 0 = none */
	int64_t sync_error;
	int64_t left_bytes;		/* that fit; negative = no limit */
	uint64_t hits;			/* calls that were delayed or failed */
	char where[208];
};

static struct bad_disk *volatile disk;

#define REAL(name) \
	static __typeof__(name) *real; \
	if (!real) \
		*(void **)&real = dlsym(RTLD_NEXT, #name)

static void open_control(void)
{
	const char *path = getenv("NETRA_BAD_DISK");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *mapped = fd < 0 ? MAP_FAILED :
		       mmap(NULL, sizeof(*disk), PROT_READ | PROT_WRITE,
			    MAP_SHARED, fd, 0);

	if (mapped == MAP_FAILED) {
		fprintf(stderr, "bad_disk: NETRA_BAD_DISK: %s\n",
			strerror(errno));
		_exit(99);
	}
	close(fd);
	disk = mapped;
}

static struct bad_disk *control(void)
{
	if (!disk)
		open_control();
	return disk;
}

static int64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * NS + t.tv_nsec;
}

static int concerned(int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t length;

	if (fd == ALL)
		return 1;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return 0;
	path[length] = '\0';
	return path[0] == '/' && strstr(path, control()->where);
}

/* Waits as long as the disk stalls. Return: the error to give, 0 = none. */
static int suffer(int fd, int64_t error)
{
	int64_t left = control()->stall_until_ns - monotonic_ns();

	if ((left <= 0 && !error) || !concerned(fd))
		return 0;
	__atomic_fetch_add(&disk->hits, 1, __ATOMIC_RELAXED);
	while ((left = disk->stall_until_ns - monotonic_ns()) > 0)
		usleep((useconds_t)(left / 1000 < 20000 ? left / 1000 + 1 : 20000));
	return (int)error;
}

/* Return: how much of it fits; -1 with errno set. */
static ssize_t room(int fd, size_t bytes)
{
	int error = suffer(fd, control()->write_error);
	int64_t left = disk->left_bytes;

	if (error) {
		errno = error;
		return -1;
	}
	if (left < 0 || !concerned(fd))
		return (ssize_t)bytes;
	if (!left && bytes) {
		__atomic_fetch_add(&disk->hits, 1, __ATOMIC_RELAXED);
		errno = ENOSPC;
		return -1;
	}
	if ((int64_t)bytes > left)
		bytes = (size_t)left;
	disk->left_bytes = left - (int64_t)bytes;
	return (ssize_t)bytes;
}

/* As much of a gathered write as there is room for. */
static ssize_t some_of(int fd, const struct iovec *iov, int count, off_t offset,
		       ssize_t fits)
{
	ssize_t done = 0, n;
	size_t length;

	for (int i = 0; i < count && done < fits; i++) {
		length = iov[i].iov_len;
		if ((ssize_t)length > fits - done)
			length = (size_t)(fits - done);
		n = pwrite(fd, iov[i].iov_base, length, offset + done);
		if (n < 0)
			return done ? done : n;
		done += n;
	}
	return done;
}

ssize_t pwritev(int fd, const struct iovec *iov, int count, off_t offset)
{
	REAL(pwritev);
	size_t bytes = 0;
	ssize_t fits;

	for (int i = 0; i < count; i++)
		bytes += iov[i].iov_len;
	if (control()->left_bytes >= 0 && concerned(fd)) {
		/* pwrite() below takes the room. */
		return some_of(fd, iov, count, offset, (ssize_t)bytes);
	}
	fits = room(fd, bytes);
	return fits < 0 ? fits : real(fd, iov, count, offset);
}

ssize_t pwritev64(int fd, const struct iovec *iov, int count, off64_t offset)
{
	return pwritev(fd, iov, count, offset);
}

ssize_t pwrite(int fd, const void *data, size_t bytes, off_t offset)
{
	REAL(pwrite);
	ssize_t fits = room(fd, bytes);

	return fits < 0 ? fits : real(fd, data, (size_t)fits, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t offset)
{
	return pwrite(fd, data, bytes, offset);
}

ssize_t write(int fd, const void *data, size_t bytes)
{
	REAL(write);
	ssize_t fits = room(fd, bytes);

	return fits < 0 ? fits : real(fd, data, (size_t)fits);
}

#define SYNC(name, whose)						\
int name(int fd)							\
{									\
	REAL(name);							\
	int error = suffer(whose, control()->sync_error);		\
									\
	if (error) {							\
		errno = error;						\
		return -1;						\
	}								\
	return real(fd);						\
}

SYNC(fsync, fd)
SYNC(fdatasync, fd)
SYNC(syncfs, ALL)

int clock_gettime(clockid_t clock, struct timespec *t)
{
	REAL(clock_gettime);
	int status = real(clock, t);
	int64_t ns;

	if (clock != CLOCK_REALTIME || status)
		return status;
	ns = (int64_t)t->tv_sec * NS + t->tv_nsec + control()->clock_ns;
	t->tv_sec = ns / NS;
	t->tv_nsec = ns % NS;
	return 0;
}
