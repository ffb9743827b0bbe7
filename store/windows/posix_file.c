/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading, writing, locking and listing: see posix.h. */
#include "posix_internal.h"

#include <limits.h>
#include <stdlib.h>

#define TICKS_TO_1970	116444736000000000ll	/* of 100 ns, from 1601 */
#define LOCK_AT		0x40000000u		/* high word: beyond all bytes */
#define LIST_BYTES	65536u

int nt_describe(HANDLE file, struct stat *st)
{
	BY_HANDLE_FILE_INFORMATION info;
	int64_t ticks;

	if (!GetFileInformationByHandle(file, &info))
		return nt_failed();
	ticks = (int64_t)((uint64_t)info.ftLastWriteTime.dwHighDateTime << 32 |
			  info.ftLastWriteTime.dwLowDateTime) - TICKS_TO_1970;
	*st = (struct stat){
		.st_dev = info.dwVolumeSerialNumber,
		.st_ino = (uint64_t)info.nFileIndexHigh << 32 | info.nFileIndexLow,
		.st_mode = info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY ? POSIX_FOLDER :
			   info.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT ? 0 :
										  POSIX_REGULAR,
		.st_size = (int64_t)((uint64_t)info.nFileSizeHigh << 32 | info.nFileSizeLow),
		.st_mtim = { .tv_sec = (time_t)(ticks / 10000000),
			     .tv_nsec = (long)(ticks % 10000000 * 100) },
	};
	return 0;
}

int nt_fstat(int fd, struct stat *st)
{
	return nt_describe(nt_handle(fd), st);
}

int nt_fstatvfs(int fd, struct statvfs *fs)
{
	ULARGE_INTEGER available, total, free_bytes;
	char path[POSIX_NAME];

	if (!nt_folder_path(fd, path, sizeof(path)) ||
	    !GetDiskFreeSpaceExA(path, &available, &total, &free_bytes))
		return nt_failed();
	*fs = (struct statvfs){
		.f_bsize = 1,
		.f_frsize = 1,
		.f_blocks = total.QuadPart,
		.f_bfree = free_bytes.QuadPart,
		.f_bavail = available.QuadPart,
	};
	return 0;
}

static OVERLAPPED at(int64_t offset)
{
	return (OVERLAPPED){
		.Offset = (DWORD)offset,
		.OffsetHigh = (DWORD)((uint64_t)offset >> 32),
	};
}

ssize_t nt_pread(int fd, void *data, size_t length, int64_t offset)
{
	OVERLAPPED from = at(offset);
	DWORD done = 0;

	if (ReadFile(nt_handle(fd), data, (DWORD)length, &done, &from))
		return (ssize_t)done;
	return GetLastError() == ERROR_HANDLE_EOF ? 0 : nt_failed();
}

ssize_t nt_pwrite(int fd, const void *data, size_t length, int64_t offset)
{
	OVERLAPPED to = at(offset);
	DWORD done = 0;

	return WriteFile(nt_handle(fd), data, (DWORD)length, &done, &to) ? (ssize_t)done :
									     nt_failed();
}

ssize_t nt_pwritev(int fd, const struct iovec *iov, int count, int64_t offset)
{
	ssize_t total = 0;

	for (int i = 0; i < count; i++) {
		ssize_t n = nt_pwrite(fd, iov[i].iov_base, iov[i].iov_len, offset + total);

		if (n < 0)
			return total ? total : n;
		total += n;
		if ((size_t)n < iov[i].iov_len)
			break;
	}
	return total;
}

int nt_ftruncate(int fd, int64_t length)
{
	FILE_END_OF_FILE_INFO end = { .EndOfFile.QuadPart = length };

	return SetFileInformationByHandle(nt_handle(fd), FileEndOfFileInfo, &end,
					  sizeof(end)) ? 0 : nt_failed();
}

int nt_fsync(int fd)
{
	HANDLE file = nt_handle(fd);
	struct stat st;

	if (nt_describe(file, &st))
		return -1;
	if (S_ISDIR(st.st_mode))
		return 0;
	return FlushFileBuffers(file) ? 0 : nt_failed();
}

/* A byte that no file has: locks of Windows also keep others from reading. */
int nt_flock(int fd, int how)
{
	OVERLAPPED place = { .OffsetHigh = LOCK_AT };
	HANDLE file = nt_handle(fd);
	DWORD flags = LOCKFILE_FAIL_IMMEDIATELY;

	/* One that is held already is let go first, as flock() changes its kind. */
	UnlockFileEx(file, 0, 1, 0, &place);
	if (how & LOCK_UN)
		return 0;
	if (how & LOCK_EX)
		flags |= LOCKFILE_EXCLUSIVE_LOCK;
	if (LockFileEx(file, flags, 0, 1, 0, &place))
		return 0;
	nt_failed();
	if (GetLastError() == ERROR_IO_PENDING)
		errno = EWOULDBLOCK;
	return -1;
}

int nt_folder_path(int folder, char *path, size_t size)
{
	WCHAR wide[POSIX_NAME];
	DWORD n = GetFinalPathNameByHandleW(nt_handle(folder), wide, POSIX_NAME, 0);

	return n && n < POSIX_NAME &&
	       WideCharToMultiByte(CP_UTF8, 0, wide, -1, path, (int)size, NULL, NULL);
}

ssize_t nt_write(int fd, const void *data, size_t length)
{
	return _write(fd, data, (unsigned int)(length < INT_MAX ? length : INT_MAX));
}

ssize_t nt_read(int fd, void *data, size_t length)
{
	return _read(fd, data, (unsigned int)(length < INT_MAX ? length : INT_MAX));
}

/* F_DUPFD_CLOEXEC is the one command. */
int nt_fcntl(int fd, int command, int least)
{
	HANDLE copy;

	(void)command;
	(void)least;
	if (!DuplicateHandle(GetCurrentProcess(), nt_handle(fd), GetCurrentProcess(), &copy, 0,
			     FALSE, DUPLICATE_SAME_ACCESS))
		return nt_failed();
	return _open_osfhandle((intptr_t)copy, O_BINARY | O_NOINHERIT);
}

/* ---- listing ------------------------------------------------------------------ */

struct nt_folder {
	int fd;
	bool ended;
	FILE_ID_BOTH_DIR_INFO *next;	/* NULL = ask for more */
	struct dirent entry;
	_Alignas(8) uint8_t list[LIST_BYTES];
};

DIR *nt_fdopendir(int fd)
{
	DIR *dir = calloc(1, sizeof(*dir));

	if (dir)
		dir->fd = fd;
	return dir;
}

struct dirent *nt_readdir(DIR *dir)
{
	FILE_ID_BOTH_DIR_INFO *info = dir->next;
	int n;

	if (!info && !dir->ended) {
		info = (FILE_ID_BOTH_DIR_INFO *)(void *)dir->list;
		dir->ended = !GetFileInformationByHandleEx(nt_handle(dir->fd),
							   FileIdBothDirectoryInfo, info,
							   sizeof(dir->list));
	}
	if (!info || dir->ended)
		return NULL;
	dir->next = info->NextEntryOffset ?
			    (FILE_ID_BOTH_DIR_INFO *)(void *)((uint8_t *)info +
							      info->NextEntryOffset) :
			    NULL;
	n = WideCharToMultiByte(CP_UTF8, 0, info->FileName,
				(int)(info->FileNameLength / sizeof(WCHAR)), dir->entry.d_name,
				(int)sizeof(dir->entry.d_name) - 1, NULL, NULL);
	dir->entry.d_name[n] = '\0';
	return &dir->entry;
}

int nt_closedir(DIR *dir)
{
	_close(dir->fd);
	free(dir);
	return 0;
}
