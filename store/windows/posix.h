/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls of POSIX that a store is written with, as Windows has them: folders
 * are held open and files opened beneath them (NtCreateFile with a root), files
 * that are open may be renamed and deleted. Names are UTF-8. The headers of this
 * folder lead here, before those of the compiler.
 *
 * What is made durable: fsync() and fdatasync() of a file are FlushFileBuffers(),
 * which takes the file's own entry along on NTFS; a rename is written through.
 * fsync() of a folder therefore has nothing left to do.
 *
 * Return values and errno as POSIX says. Any thread.
 */
#ifndef NETRA_STORE_WINDOWS_POSIX_H
#define NETRA_STORE_WINDOWS_POSIX_H

/* All of the compiler's own first: below, names of theirs become ours. */
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* ---- flags, where the compiler's headers have none ------------------------- */

#define F_DUPFD_CLOEXEC	1
/* A name that the headers of Windows take. */
#define tell netra_tell

#define O_CLOEXEC	0x100000
#define O_DIRECTORY	0x200000
#define O_NOFOLLOW	0x400000

#define AT_FDCWD	(-100)
#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_REMOVEDIR	0x200
#define RENAME_NOREPLACE 1

#define LOCK_SH		1
#define LOCK_EX		2
#define LOCK_NB		4
#define LOCK_UN		8

#define POSIX_FADV_DONTNEED 4
#define SYNC_FILE_RANGE_WRITE 2

#undef S_ISREG
#undef S_ISDIR
#define POSIX_REGULAR	0100000
#define POSIX_FOLDER	0040000
#define S_ISREG(mode)	(((mode) & 0170000) == POSIX_REGULAR)
#define S_ISDIR(mode)	(((mode) & 0170000) == POSIX_FOLDER)

/* ---- structures ------------------------------------------------------------- */

struct iovec {
	void *iov_base;
	size_t iov_len;
};

#define dev_t uint64_t
#define ino_t uint64_t
#undef stat
#define stat nt_stat
struct nt_stat {
	dev_t st_dev;
	ino_t st_ino;
	unsigned int st_mode;
	int64_t st_size;
	struct timespec st_mtim;
};

struct statvfs {
	unsigned long f_bsize, f_frsize;
	uint64_t f_blocks, f_bfree, f_bavail;
};

struct dirent {
	char d_name[1024];
};
typedef struct nt_folder DIR;

/* ---- calls -------------------------------------------------------------------- */

int nt_open(const char *path, int flags, ...);
int nt_openat(int folder, const char *name, int flags, ...);
int nt_mkdir(const char *path, unsigned int mode);
int nt_mkdirat(int folder, const char *name, unsigned int mode);
int nt_unlinkat(int folder, const char *name, int flags);
int nt_unlink(const char *path);
int nt_rename(const char *from, const char *to);
int nt_renameat2(int folder, const char *from, int to_folder, const char *to,
		    unsigned int flags);
int nt_faccessat(int folder, const char *name, int mode, int flags);
int nt_fstat(int fd, struct stat *st);
int nt_fstatat(int folder, const char *name, struct stat *st, int flags);
int nt_stat(const char *path, struct nt_stat *st);
ssize_t nt_write(int fd, const void *data, size_t length);
ssize_t nt_read(int fd, void *data, size_t length);
int nt_fcntl(int fd, int command, int least);
int nt_fstatvfs(int fd, struct statvfs *fs);
ssize_t nt_pread(int fd, void *data, size_t length, int64_t offset);
ssize_t nt_pwrite(int fd, const void *data, size_t length, int64_t offset);
ssize_t nt_pwritev(int fd, const struct iovec *iov, int count, int64_t offset);
int nt_ftruncate(int fd, int64_t length);
int nt_fsync(int fd);
int nt_flock(int fd, int how);
DIR *nt_fdopendir(int fd);
struct dirent *nt_readdir(DIR *dir);
int nt_closedir(DIR *dir);

/** nt_folder_path() - Of a folder that is held open; false if it has none. */
int nt_folder_path(int folder, char *path, size_t size);

#undef fstat
#undef ftruncate
#define write(f, d, n)	nt_write(f, d, n)
#define read(f, d, n)	nt_read(f, d, n)
#define fcntl(f, c, x)	nt_fcntl(f, c, x)
#define open(...)	nt_open(__VA_ARGS__)
#define openat(...)	nt_openat(__VA_ARGS__)
#define mkdir(p, m)	nt_mkdir(p, m)
#define mkdirat(f, p, m) nt_mkdirat(f, p, m)
#define unlinkat(f, p, x) nt_unlinkat(f, p, x)
#define unlink(p)	nt_unlink(p)
#define rename(a, b)	nt_rename(a, b)
#define renameat(f, a, g, b) nt_renameat2(f, a, g, b, 0)
#define renameat2(f, a, g, b, x) nt_renameat2(f, a, g, b, x)
#define faccessat(f, p, m, x) nt_faccessat(f, p, m, x)
#define fstat(f, s)	nt_fstat(f, s)
#define fstatat(f, p, s, x) nt_fstatat(f, p, s, x)
#define fstatvfs(f, s)	nt_fstatvfs(f, s)
#define pread(f, d, n, o) nt_pread(f, d, n, o)
#define pwrite(f, d, n, o) nt_pwrite(f, d, n, o)
#define pwritev(f, v, n, o) nt_pwritev(f, v, n, o)
#define ftruncate(f, n)	nt_ftruncate(f, n)
#define fsync(f)	nt_fsync(f)
#define fdatasync(f)	nt_fsync(f)
#define flock(f, h)	nt_flock(f, h)
#define fdopendir(f)	nt_fdopendir(f)
#define readdir(d)	nt_readdir(d)
#define closedir(d)	nt_closedir(d)

/* Text, as the C library of Linux has it. */
char *nt_strsep(char **at, const char *ends);
void *nt_reallocarray(void *old, size_t count, size_t bytes);
ssize_t nt_getline(char **line, size_t *room, FILE *file);
FILE *nt_open_memstream(char **data, size_t *length);
int nt_fclose(FILE *file);
#define open_memstream(d, n) nt_open_memstream(d, n)
#define fclose(f)	nt_fclose(f)
#define strsep(a, e)	nt_strsep(a, e)
#define reallocarray(o, n, b) nt_reallocarray(o, n, b)
#define getline(l, r, f) nt_getline(l, r, f)

/* No signal comes to a thread of Windows. */
typedef int nt_sigset;
#define sigset_t	nt_sigset
#undef SIG_SETMASK
#define SIG_SETMASK	0
#define sigfillset(s)	((void)(*(s) = 0))
#undef pthread_sigmask
#define pthread_sigmask(how, s, o) ((void)(how), (void)(s), (void)(o))

/* Hints: Windows writes as it likes, and drops what it must. */
#define posix_fadvise(f, o, n, a) ((void)(f))
#define sync_file_range(f, o, n, x) ((void)(f))

static inline struct tm *nt_gmtime(const time_t *from, struct tm *to)
{
	return gmtime_s(to, from) ? NULL : to;
}

static inline struct tm *nt_localtime(const time_t *from, struct tm *to)
{
	return localtime_s(to, from) ? NULL : to;
}

#undef gmtime_r
#undef localtime_r
#define gmtime_r(f, t)	nt_gmtime(f, t)
#define localtime_r(f, t) nt_localtime(f, t)
#define timegm(t)	_mkgmtime(t)

#endif
