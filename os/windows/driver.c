/* SPDX-License-Identifier: BSD-2-Clause */
/* Where Windows enters the driver. */
#include "driver.h"

DRIVER_INITIALIZE DriverEntry;

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path)
{
	WDF_DRIVER_CONFIG config;
	WDFDRIVER handle;

	WDF_DRIVER_CONFIG_INIT(&config, netra_device_add);
	config.DriverPoolTag = NETRA_TAG;
	return WdfDriverCreate(driver, registry_path, WDF_NO_OBJECT_ATTRIBUTES,
			       &config, &handle);
}
