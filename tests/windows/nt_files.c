/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The NT kernel as this driver knows it: files, strings and
 * messages.
 */
#include <string.h>

#include "nt.h"

/* ---- files --------------------------------------------------------------- */

struct file {
	int fd;
};

/* "\??\C:\a\b" is "/a/b" here, and "\SystemRoot\a" is "/a". */
static void unix_path(const UNICODE_STRING *name, char *path, size_t size)
{
	size_t n = 0, skip = 0;
	static const WCHAR dos[] = L"\\??\\C:", root[] = L"\\SystemRoot";

	if (name->Length > sizeof(dos) && !memcmp(name->Buffer, dos, sizeof(dos) - sizeof(WCHAR)))
		skip = sizeof(dos) / sizeof(WCHAR) - 1;
	else if (name->Length > sizeof(root) && !memcmp(name->Buffer, root, sizeof(root) - sizeof(WCHAR)))
		skip = sizeof(root) / sizeof(WCHAR) - 1;
	for (size_t i = skip; i < name->Length / sizeof(WCHAR) && n < size - 1; i++)
		path[n++] = name->Buffer[i] == L'\\' ? '/' : (char)name->Buffer[i];
	path[n] = 0;
}

NTSTATUS NTAPI ZwCreateFile(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes,
			    PIO_STATUS_BLOCK io, PLARGE_INTEGER allocation, ULONG file_attributes,
			    ULONG share, ULONG disposition, ULONG options, PVOID ea, ULONG ea_bytes)
{
	struct file *file;
	char path[512];
	int fd;

	(void)io, (void)allocation, (void)file_attributes, (void)share, (void)ea, (void)ea_bytes;
	AT_MOST(PASSIVE);
	RULE(attributes->Attributes & OBJ_KERNEL_HANDLE, "a handle that programs can use");
	RULE(disposition == FILE_OPEN && access & SYNCHRONIZE &&
	     options & FILE_SYNCHRONOUS_IO_NONALERT, "a file opened in another way");
	if (fake_fails("ZwCreateFile"))
		return STATUS_OBJECT_NAME_NOT_FOUND;
	unix_path(attributes->ObjectName, path, sizeof(path));
	fd = machine_file_open(path);
	if (fd < 0)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	file = malloc(sizeof(*file));
	file->fd = fd;
	*handle = file;
	fake_count(FAKE_HANDLE, 1);
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI ZwQueryInformationFile(HANDLE handle, PIO_STATUS_BLOCK io, PVOID to, ULONG bytes,
				      FILE_INFORMATION_CLASS class)
{
	FILE_STANDARD_INFORMATION *about = to;

	(void)io;
	AT_MOST(PASSIVE);
	RULE(class == FileStandardInformation && bytes == sizeof(*about), "another question");
	if (fake_fails("ZwQueryInformationFile"))
		return STATUS_INVALID_PARAMETER;
	memset(about, 0, sizeof(*about));
	about->EndOfFile.QuadPart = machine_file_size(((struct file *)handle)->fd);
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI ZwReadFile(HANDLE handle, HANDLE event, PIO_APC_ROUTINE apc, PVOID context,
			  PIO_STATUS_BLOCK io, PVOID to, ULONG bytes, PLARGE_INTEGER offset,
			  PULONG key)
{
	(void)context, (void)key;
	AT_MOST(PASSIVE);
	RULE(!event && !apc && offset && !offset->QuadPart, "another way of reading");
	if (fake_fails("ZwReadFile"))
		return STATUS_IO_DEVICE_ERROR;
	io->Information = (ULONG_PTR)machine_file_read(((struct file *)handle)->fd, to, bytes);
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI ZwClose(HANDLE handle)
{
	AT_MOST(PASSIVE);
	fake_count(FAKE_HANDLE, -1);
	if (fake_is_thread(handle)) {
		fake_thread_put(handle);
		return STATUS_SUCCESS;
	}
	machine_file_close(((struct file *)handle)->fd);
	free(handle);
	return STATUS_SUCCESS;
}

/* ---- strings, messages --------------------------------------------------- */

VOID NTAPI RtlInitUnicodeString(PUNICODE_STRING to, PCWSTR from)
{
	USHORT n = 0;

	while (from && from[n])
		n++;
	to->Buffer = (PWSTR)(ULONG_PTR)from;
	to->Length = (USHORT)(n * sizeof(WCHAR));
	to->MaximumLength = (USHORT)(to->Length + sizeof(WCHAR));
}

VOID NTAPI RtlCopyUnicodeString(PUNICODE_STRING to, PCUNICODE_STRING from)
{
	to->Length = from->Length < to->MaximumLength ? from->Length : to->MaximumLength;
	memcpy(to->Buffer, from->Buffer, to->Length);
}

NTSTATUS NTAPI RtlAppendUnicodeStringToString(PUNICODE_STRING to, PCUNICODE_STRING from)
{
	if (to->Length + from->Length > to->MaximumLength)
		return STATUS_BUFFER_TOO_SMALL;
	memcpy((char *)to->Buffer + to->Length, from->Buffer, from->Length);
	to->Length = (USHORT)(to->Length + from->Length);
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlAppendUnicodeToString(PUNICODE_STRING to, PCWSTR from)
{
	UNICODE_STRING string;

	RtlInitUnicodeString(&string, from);
	return RtlAppendUnicodeStringToString(to, &string);
}

NTSTATUS NTAPI RtlIntegerToUnicodeString(ULONG value, ULONG base, PUNICODE_STRING to)
{
	USHORT n = 1;

	RULE(base == 10, "another base");
	AT_MOST(PASSIVE);
	for (ULONG rest = value; rest >= 10; rest /= 10)
		n++;
	to->Length = (USHORT)(n * sizeof(WCHAR));
	for (; n; value /= 10)
		to->Buffer[--n] = (WCHAR)(L'0' + value % 10);
	return STATUS_SUCCESS;
}

/* The kernel's: nothing ends the text when it is cut. */
int _vsnprintf(char *to, size_t size, const char *format, va_list arguments)
{
	char text[1024];
	int n = machine_format(text, sizeof(text), format, arguments);

	if (n < 0 || (size_t)n >= size) {
		memcpy(to, text, size);
		return -1;
	}
	memcpy(to, text, (size_t)n + 1);
	return n;
}

ULONG DbgPrintEx(ULONG component, ULONG level, PCSTR format, ...)
{
	(void)component, (void)level, (void)format;
	return 0;
}
