/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver's entry for builds without the WDK, which has its own in
 * WdfDriverEntry.lib: bind to the framework, enter, and unbind at the end.
 */
#include <wdf.h>

#define PATH_MAX_BYTES 512

DRIVER_INITIALIZE DriverEntry;
DRIVER_INITIALIZE FxDriverEntry;

const WDFFUNC *WdfFunctions;
PWDF_DRIVER_GLOBALS WdfDriverGlobals;

static WCHAR component[] = L"KmdfLibrary";
static WDF_BIND_INFO bind_info = {
	.Size = sizeof(bind_info),
	.Component = component,
	.Version = { .Major = 1, .Minor = 15 },
	.FuncCount = WDF_TABLE_ENTRIES,
	.FuncTable = &WdfFunctions,
};
static WCHAR path_text[PATH_MAX_BYTES / sizeof(WCHAR)];
static UNICODE_STRING path = {
	.MaximumLength = sizeof(path_text),
	.Buffer = path_text,
};
static DRIVER_UNLOAD *displaced;

static VOID NTAPI unload(PDRIVER_OBJECT driver)
{
	if (displaced)
		displaced(driver);
	WdfVersionUnbind(&path, &bind_info, WdfDriverGlobals);
}

NTSTATUS NTAPI FxDriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path)
{
	NTSTATUS status;

	RtlCopyUnicodeString(&path, registry_path);
	status = WdfVersionBind(driver, &path, &bind_info, &WdfDriverGlobals);
	if (!NT_SUCCESS(status))
		return status;
	status = DriverEntry(driver, registry_path);
	if (!NT_SUCCESS(status)) {
		WdfVersionUnbind(&path, &bind_info, WdfDriverGlobals);
		return status;
	}
	/* The framework put its own there, and asks to be called before. */
	if (WdfDriverGlobals->DisplaceDriverUnload) {
		displaced = driver->DriverUnload;
		driver->DriverUnload = unload;
	}
	return STATUS_SUCCESS;
}
