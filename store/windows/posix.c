/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening, naming and deleting: see posix.h. */
#include <windows.h>
#include <winternl.h>
#include <stdlib.h>

#include "posix_internal.h"

#ifndef FILE_OPEN_REPARSE_POINT
#define FILE_OPEN_REPARSE_POINT 0x00200000
#endif
#define RENAME_INFORMATION 10	/* FileRenameInformation */

struct rename_information {
	BOOLEAN replace;
	HANDLE folder;
	ULONG name_bytes;
	WCHAR name[POSIX_NAME];
};

int nt_errno(unsigned long code)
{
	static const struct {
		unsigned long code;
		int number;
	} known[] = {
		{ ERROR_FILE_NOT_FOUND, ENOENT }, { ERROR_PATH_NOT_FOUND, ENOENT },
		{ ERROR_BAD_NETPATH, ENOENT }, { ERROR_ACCESS_DENIED, EACCES },
		{ ERROR_SHARING_VIOLATION, EBUSY }, { ERROR_LOCK_VIOLATION, EWOULDBLOCK },
		{ ERROR_ALREADY_EXISTS, EEXIST }, { ERROR_FILE_EXISTS, EEXIST },
		{ ERROR_DISK_FULL, ENOSPC }, { ERROR_HANDLE_DISK_FULL, ENOSPC },
		{ ERROR_WRITE_PROTECT, EROFS }, { ERROR_INVALID_NAME, EINVAL },
		{ ERROR_INVALID_PARAMETER, EINVAL }, { ERROR_DIRECTORY, ENOTDIR },
		{ ERROR_DIR_NOT_EMPTY, ENOTEMPTY }, { ERROR_NOT_ENOUGH_MEMORY, ENOMEM },
		{ ERROR_TOO_MANY_OPEN_FILES, EMFILE }, { ERROR_INVALID_HANDLE, EBADF },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].code == code)
			return known[i].number;
	return EIO;
}

int nt_failed(void)
{
	errno = nt_errno(GetLastError());
	return -1;
}

static int failed_status(NTSTATUS status)
{
	errno = nt_errno(RtlNtStatusToDosError(status));
	return -1;
}

HANDLE nt_handle(int fd)
{
	return (HANDLE)_get_osfhandle(fd);
}

/* A name beneath a folder, or a path of its own (\??\C:\…). */
static bool make_name(int folder, const char *name, UNICODE_STRING *string, WCHAR *room)
{
	WCHAR wide[POSIX_NAME];
	UNICODE_STRING full = { 0 };
	int n = MultiByteToWideChar(CP_UTF8, 0, name, -1, wide, POSIX_NAME);

	if (!n)
		return false;
	if (folder == AT_FDCWD) {
		if (!RtlDosPathNameToNtPathName_U(wide, &full, NULL, NULL) ||
		    full.Length >= POSIX_NAME * sizeof(WCHAR))
			return false;
		memcpy(room, full.Buffer, full.Length);
		string->Length = full.Length;
		RtlFreeUnicodeString(&full);
	} else {
		memcpy(room, wide, (size_t)n * sizeof(WCHAR));
		string->Length = (USHORT)((size_t)(n - 1) * sizeof(WCHAR));
	}
	string->Buffer = room;
	string->MaximumLength = POSIX_NAME * sizeof(WCHAR);
	return true;
}

/* NULL: errno says why. */
static HANDLE create(int folder, const char *name, ACCESS_MASK access, ULONG how, ULONG options)
{
	WCHAR room[POSIX_NAME];
	OBJECT_ATTRIBUTES attributes;
	UNICODE_STRING string;
	IO_STATUS_BLOCK done;
	NTSTATUS status;
	HANDLE file;

	if (!make_name(folder, name, &string, room)) {
		errno = ENOENT;
		return NULL;
	}
	/* The folder itself. */
	if (folder != AT_FDCWD && !strcmp(name, "."))
		string.Length = 0;
	InitializeObjectAttributes(&attributes, &string, OBJ_CASE_INSENSITIVE,
				   folder == AT_FDCWD ? NULL : nt_handle(folder), NULL);
	status = NtCreateFile(&file, access | SYNCHRONIZE, &attributes, &done, NULL,
			      FILE_ATTRIBUTE_NORMAL,
			      FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, how,
			      options | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
	if (!status)
		return file;
	failed_status(status);
	return NULL;
}

static int open_beneath(int folder, const char *name, int flags)
{
	ACCESS_MASK access = FILE_GENERIC_READ;
	ULONG how = FILE_OPEN, options = FILE_NON_DIRECTORY_FILE;
	HANDLE file;
	int fd;

	if ((flags & 3) != O_RDONLY)
		access |= FILE_GENERIC_WRITE | DELETE;
	if (flags & O_CREAT)
		how = flags & O_EXCL ? FILE_CREATE :
		      flags & O_TRUNC ? FILE_OVERWRITE_IF : FILE_OPEN_IF;
	else if (flags & O_TRUNC)
		how = FILE_OVERWRITE;
	if (flags & O_DIRECTORY)
		options = FILE_DIRECTORY_FILE;
	if (flags & O_NOFOLLOW)
		options |= FILE_OPEN_REPARSE_POINT;
	file = create(folder, name, access, how, options);
	if (!file)
		return -1;
	fd = _open_osfhandle((intptr_t)file, O_BINARY | O_NOINHERIT |
					     ((flags & 3) == O_RDONLY ? O_RDONLY : 0));
	if (fd < 0)
		CloseHandle(file);
	return fd;
}

int nt_open(const char *path, int flags, ...)
{
	return open_beneath(AT_FDCWD, path, flags);
}

/* Windows knows no way up from a handle: what asks for it makes folders durable. */
int nt_openat(int folder, const char *name, int flags, ...)
{
	return open_beneath(folder, strcmp(name, "..") ? name : ".", flags);
}

int nt_mkdirat(int folder, const char *name, unsigned int mode)
{
	HANDLE file = create(folder, name, FILE_LIST_DIRECTORY, FILE_CREATE, FILE_DIRECTORY_FILE);

	(void)mode;
	if (!file)
		return -1;
	CloseHandle(file);
	return 0;
}

int nt_mkdir(const char *path, unsigned int mode)
{
	return nt_mkdirat(AT_FDCWD, path, mode);
}

int nt_unlinkat(int folder, const char *name, int flags)
{
	ULONG kind = flags & AT_REMOVEDIR ? FILE_DIRECTORY_FILE : FILE_NON_DIRECTORY_FILE;
	HANDLE file = create(folder, name, DELETE, FILE_OPEN,
			     FILE_DELETE_ON_CLOSE | FILE_OPEN_REPARSE_POINT | kind);

	if (!file)
		return -1;
	CloseHandle(file);
	return 0;
}

int nt_unlink(const char *path)
{
	return nt_unlinkat(AT_FDCWD, path, 0);
}

/* Written through, so that nobody need make the folder durable. */
int nt_renameat2(int folder, const char *from, int to_folder, const char *to,
		    unsigned int flags)
{
	struct rename_information info = { .replace = !(flags & RENAME_NOREPLACE) };
	IO_STATUS_BLOCK done;
	UNICODE_STRING name;
	NTSTATUS status;
	HANDLE file;

	if (!make_name(to_folder, to, &name, info.name)) {
		errno = EINVAL;
		return -1;
	}
	file = create(folder, from, DELETE | FILE_GENERIC_WRITE, FILE_OPEN,
		      FILE_WRITE_THROUGH | FILE_NON_DIRECTORY_FILE);
	if (!file)
		return -1;
	info.folder = to_folder == AT_FDCWD ? NULL : nt_handle(to_folder);
	info.name_bytes = name.Length;
	status = NtSetInformationFile(file, &done, &info, sizeof(info),
				      (FILE_INFORMATION_CLASS)RENAME_INFORMATION);
	CloseHandle(file);
	return status ? failed_status(status) : 0;
}

int nt_rename(const char *from, const char *to)
{
	return nt_renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int nt_faccessat(int folder, const char *name, int mode, int flags)
{
	HANDLE file = create(folder, name, FILE_READ_ATTRIBUTES, FILE_OPEN,
			     FILE_OPEN_REPARSE_POINT);

	(void)mode;
	(void)flags;
	if (!file)
		return -1;
	CloseHandle(file);
	return 0;
}

int nt_fstatat(int folder, const char *name, struct stat *st, int flags)
{
	HANDLE file = create(folder, name, FILE_READ_ATTRIBUTES, FILE_OPEN,
			     flags & AT_SYMLINK_NOFOLLOW ? FILE_OPEN_REPARSE_POINT : 0);
	int result;

	if (!file)
		return -1;
	result = nt_describe(file, st);
	CloseHandle(file);
	return result;
}

int nt_stat(const char *path, struct stat *st)
{
	return nt_fstatat(AT_FDCWD, path, st, 0);
}
