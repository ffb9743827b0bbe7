/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parameters, from the driver's own key (Services\netra\Parameters): what the
 * INF puts there, and what an administrator changes. Read when a board is found,
 * the images' names at each boot.
 */
#include "driver.h"

static WDFKEY open_key(void)
{
	WDFKEY key;

	if (!NT_SUCCESS(WdfDriverOpenParametersRegistryKey(WdfDriverGlobals->Driver, KEY_READ,
							   WDF_NO_OBJECT_ATTRIBUTES, &key)))
		return NULL;
	return key;
}

static ULONG number(WDFKEY key, PCWSTR name, ULONG otherwise)
{
	UNICODE_STRING string;
	ULONG value;

	RtlInitUnicodeString(&string, name);
	return NT_SUCCESS(WdfRegistryQueryULong(key, &string, &value)) ? value : otherwise;
}

void netra_parameters_read(struct netra_parameters *p)
{
	WDFKEY key = open_key();
	ULONG window_mb;

	RtlZeroMemory(p, sizeof(*p));
	p->boot = true;
	if (!key)
		return;
	p->boot = number(key, L"Boot", 1) != 0;
	p->options.sync_mode = number(key, L"Peterson", 0) ? NETRA_SYNC_PETERSON :
							     NETRA_SYNC_RING;
	window_mb = number(key, L"WindowMB", 0);
	for (ULONG log2 = 20; log2 <= 23; log2++)
		if (window_mb == 1u << (log2 - 20))
			p->options.window_log2 = log2;
	p->options.heartbeat_timeout_ms = number(key, L"HeartbeatMs", 0);
	p->options.stall_timeout_ms = number(key, L"StallMs", 0);
	p->options.boot_timeout_ms = number(key, L"BootMs", 0);
	WdfRegistryClose(key);
}

/* "C:\folder\file" is a name for the kernel behind "\??\". */
static bool is_kernel_name(const UNICODE_STRING *path)
{
	return path->Length && path->Buffer[0] == L'\\';
}

bool netra_parameters_path(enum netra_image image, UNICODE_STRING *path)
{
	static const PCWSTR names[NETRA_IMAGE_COUNT] = {
		[NETRA_IMAGE_UBOOT] = L"UBoot",
		[NETRA_IMAGE_SCRIPT] = L"BootScript",
		[NETRA_IMAGE_KERNEL] = L"Kernel",
		[NETRA_IMAGE_RAMDISK] = L"RamDisk",
	};
	static const WCHAR prefix[] = L"\\??\\";
	const USHORT before = sizeof(prefix) - sizeof(WCHAR);
	WDFKEY key = open_key();
	UNICODE_STRING name, value = {
		.MaximumLength = (USHORT)(path->MaximumLength - before),
		.Buffer = path->Buffer + before / sizeof(WCHAR),
	};
	NTSTATUS status;

	if (!key)
		return false;
	RtlInitUnicodeString(&name, names[image]);
	status = WdfRegistryQueryUnicodeString(key, &name, NULL, &value);
	WdfRegistryClose(key);
	if (!NT_SUCCESS(status) || !value.Length)
		return false;
	if (is_kernel_name(&value)) {
		RtlMoveMemory(path->Buffer, value.Buffer, value.Length);
		path->Length = value.Length;
	} else {
		RtlCopyMemory(path->Buffer, prefix, before);
		path->Length = (USHORT)(value.Length + before);
	}
	return true;
}
