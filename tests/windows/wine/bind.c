/* SPDX-License-Identifier: BSD-2-Clause */
/* What the driver's loader calls: binding, and the table of functions. */
#include "shim.h"

static WDF_DRIVER_GLOBALS globals_of_driver;
static WDFFUNC table[WDF_TABLE_ENTRIES];

static VOID NTAPI missing(VOID)
{
	shim_die("a function of the framework that the shim does not have");
}

__declspec(dllexport) NTSTATUS NTAPI WdfVersionBind(PDRIVER_OBJECT driver, PUNICODE_STRING path,
						    PWDF_BIND_INFO info,
						    PWDF_DRIVER_GLOBALS *globals)
{
	(void)path;
	if (info->Size != sizeof(*info) || info->Version.Major != 1 ||
	    info->FuncCount > WDF_TABLE_ENTRIES)
		return STATUS_INVALID_PARAMETER;
	shim_log_begin();
	for (ULONG i = 0; i < WDF_TABLE_ENTRIES; i++)
		table[i] = missing;
#define ENTRY(index, result, name, parameters, names)	\
	table[index] = (WDFFUNC)(PVOID)shim_##name;
	WDF_FUNCTIONS(ENTRY)
#undef ENTRY
	shim_patch_imports(driver->DriverStart);
	*info->FuncTable = table;
	globals_of_driver.DisplaceDriverUnload = TRUE;
	*globals = &globals_of_driver;
	return STATUS_SUCCESS;
}

__declspec(dllexport) NTSTATUS NTAPI WdfVersionUnbind(PUNICODE_STRING path, PWDF_BIND_INFO info,
						      PWDF_DRIVER_GLOBALS globals)
{
	(void)path;
	(void)info;
	if (globals->Driver)
		shim_object_delete((struct object *)globals->Driver);
	globals->Driver = NULL;
	return STATUS_SUCCESS;
}

int __stdcall DllMain(void *module, ULONG reason, void *reserved)
{
	(void)module;
	(void)reason;
	(void)reserved;
	return 1;
}
