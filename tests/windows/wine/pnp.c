/* SPDX-License-Identifier: BSD-2-Clause */
/* Drivers, and the lives of their devices: from AddDevice to removal. One board, so one device with resources. */
#include "shim.h"

typedef NTSTATUS NTAPI power_callback(WDFDEVICE, WDF_POWER_DEVICE_STATE);

#define DRAIN_MS 10000
#define PNP_MS 60000

NTSTATUS NTAPI ObReferenceObjectByName(PUNICODE_STRING name, ULONG attributes, PVOID state,
				       ACCESS_MASK access, POBJECT_TYPE type, KPROCESSOR_MODE mode,
				       PVOID parse, PVOID *object);

struct driver *shim_driver;

static void sleep_ms(void)
{
	LARGE_INTEGER delay = { .QuadPart = -10000 };

	KeDelayExecutionThread(KernelMode, FALSE, &delay);
}

static NTSTATUS call_power(struct device *d, PVOID callback, WDF_POWER_DEVICE_STATE state)
{
	return callback ? ((power_callback *)callback)((WDFDEVICE)d, state) : STATUS_SUCCESS;
}

static NTSTATUS NTAPI passed(PDEVICE_OBJECT wdm, PIRP irp, PVOID event)
{
	(void)wdm;
	(void)irp;
	KeSetEvent(event, 0, FALSE);
	return STATUS_MORE_PROCESSING_REQUIRED;
}

/* To the drivers below, and back. */
static NTSTATUS forward(struct device *d, PIRP irp)
{
	KEVENT event;

	KeInitializeEvent(&event, NotificationEvent, FALSE);
	IoCopyCurrentIrpStackLocationToNext(irp);
	IoSetCompletionRoutine(irp, passed, &event, TRUE, TRUE, TRUE);
	if (IoCallDriver(d->lower, irp) == STATUS_PENDING)
		KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
	return irp->IoStatus.Status;
}

static void finish(PIRP irp, NTSTATUS status)
{
	irp->IoStatus.Status = status;
	IoCompleteRequest(irp, IO_NO_INCREMENT);
}

static NTSTATUS start(struct device *d)
{
	const WDF_PNPPOWER_EVENT_CALLBACKS *c = &d->init.pnp;
	NTSTATUS status = STATUS_SUCCESS;

	if (!board_open(shim_on_interrupt, d)) {
		shim_say("no board: see bridge.py");
		return STATUS_NO_SUCH_DEVICE;
	}
	board_enable();
	d->resources = shim_make_resources(d);
	if (c->EvtDevicePrepareHardware)
		status = c->EvtDevicePrepareHardware((WDFDEVICE)d, (WDFCMRESLIST)d->resources,
						     (WDFCMRESLIST)d->resources);
	if (NT_SUCCESS(status))
		status = call_power(d, (PVOID)c->EvtDeviceD0Entry, WdfPowerDeviceD3Final);
	if (!NT_SUCCESS(status))
		return status;
	d->powered = true;
	status = call_power(d, (PVOID)c->EvtDeviceD0EntryPostInterruptsEnabled,
			    WdfPowerDeviceD3Final);
	if (NT_SUCCESS(status) && c->EvtDeviceSelfManagedIoInit) {
		d->begun = true;
		status = c->EvtDeviceSelfManagedIoInit((WDFDEVICE)d);
	}
	if (NT_SUCCESS(status) && d->interface_link.Length)
		IoSetDeviceInterfaceState(&d->interface_link, TRUE);
	return status;
}

static void power_down(struct device *d)
{
	const WDF_PNPPOWER_EVENT_CALLBACKS *c = &d->init.pnp;

	if (!d->powered)
		return;
	call_power(d, (PVOID)c->EvtDeviceD0ExitPreInterruptsDisabled, WdfPowerDeviceD3Final);
	EnterCriticalSection(d->interrupt->lock);
	d->powered = false;
	LeaveCriticalSection(d->interrupt->lock);
	call_power(d, (PVOID)c->EvtDeviceD0Exit, WdfPowerDeviceD3Final);
	if (c->EvtDeviceReleaseHardware)
		c->EvtDeviceReleaseHardware((WDFDEVICE)d, (WDFCMRESLIST)d->resources);
	shim_object_delete(&d->resources->object);
	d->resources = NULL;
}

/* Who is in a call gets out of it before what it works on goes. */
static void drain(struct device *d)
{
	shim_cancel_requests(d, NULL);
	for (int ms = 0; d->requests; ms++) {
		if (ms == DRAIN_MS)
			shim_die("%ld requests do not end", d->requests);
		sleep_ms();
	}
}

static void take_down(struct device *d)
{
	const WDF_PNPPOWER_EVENT_CALLBACKS *c = &d->init.pnp;

	if (d->interface_link.Length)
		IoSetDeviceInterfaceState(&d->interface_link, FALSE);
	power_down(d);
	drain(d);
	if (d->begun && c->EvtDeviceSelfManagedIoCleanup)
		c->EvtDeviceSelfManagedIoCleanup((WDFDEVICE)d);
	d->begun = false;
	board_close();
	if (d->symbolic_link.Length)
		IoDeleteSymbolicLink(&d->symbolic_link);
}

static NTSTATUS remove_device(struct device *d, PIRP irp)
{
	PDEVICE_OBJECT wdm = d->wdm, lower = d->lower;
	NTSTATUS status;

	take_down(d);
	irp->IoStatus.Status = STATUS_SUCCESS;
	IoSkipCurrentIrpStackLocation(irp);
	status = IoCallDriver(lower, irp);
	IoDetachDevice(lower);
	if (d->interface_link.Buffer)
		RtlFreeUnicodeString(&d->interface_link);
	shim_object_delete(&d->object);
	IoDeleteDevice(wdm);
	return status;
}

static NTSTATUS NTAPI dispatch_pnp(PDEVICE_OBJECT wdm, PIRP irp)
{
	struct device *d = shim_device_of(wdm);
	NTSTATUS status;

	switch (IoGetCurrentIrpStackLocation(irp)->MinorFunction) {
	case IRP_MN_START_DEVICE:
		status = forward(d, irp);
		if (NT_SUCCESS(status))
			status = start(d);
		shim_say("device started: %#lx", status);
		finish(irp, status);
		return status;
	case IRP_MN_SURPRISE_REMOVAL:
		if (d->init.pnp.EvtDeviceSurpriseRemoval)
			d->init.pnp.EvtDeviceSurpriseRemoval((WDFDEVICE)d);
		power_down(d);
		break;
	case IRP_MN_REMOVE_DEVICE:
		return remove_device(d, irp);
	case IRP_MN_QUERY_REMOVE_DEVICE:
	case IRP_MN_QUERY_STOP_DEVICE:
		break;
	default:
		IoSkipCurrentIrpStackLocation(irp);
		return IoCallDriver(d->lower, irp);
	}
	irp->IoStatus.Status = STATUS_SUCCESS;
	IoSkipCurrentIrpStackLocation(irp);
	return IoCallDriver(d->lower, irp);
}

static NTSTATUS NTAPI dispatch_other(PDEVICE_OBJECT wdm, PIRP irp)
{
	IoSkipCurrentIrpStackLocation(irp);
	return IoCallDriver(shim_device_of(wdm)->lower, irp);
}

static NTSTATUS NTAPI add_device(PDRIVER_OBJECT wdm, PDEVICE_OBJECT pdo)
{
	struct WDFDEVICE_INIT *init;
	NTSTATUS status;

	(void)wdm;
	init = ExAllocatePoolWithTag(NonPagedPool, sizeof(*init), 'mihs');
	if (!init)
		return STATUS_INSUFFICIENT_RESOURCES;
	RtlZeroMemory(init, sizeof(*init));
	init->pdo = pdo;
	status = shim_driver->config.EvtDriverDeviceAdd((WDFDRIVER)shim_driver, init);
	ExFreePoolWithTag(init, 'mihs');
	shim_say("device added: %#lx", status);
	return status;
}

static VOID NTAPI unload(PDRIVER_OBJECT wdm)
{
	(void)wdm;
	if (shim_driver->config.EvtDriverUnload)
		((VOID (NTAPI *)(WDFDRIVER))(PVOID)shim_driver->config.EvtDriverUnload)(
			(WDFDRIVER)shim_driver);
}

/* It has more than the functions that every driver object begins with. */
static bool pnp_manager_runs(void)
{
	UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Driver\\PnpManager");
	PVOID object;
	PDRIVER_OBJECT manager;
	bool runs;

	if (!NT_SUCCESS(ObReferenceObjectByName(&name, 0, NULL, 0, NULL, KernelMode, NULL,
						&object)))
		return false;
	manager = object;
	runs = manager->MajorFunction[IRP_MJ_PNP] != manager->MajorFunction[IRP_MJ_CREATE];
	ObDereferenceObject(object);
	return runs;
}

/*
 * A process of drivers tells Wine that it runs before its PnP manager does. A driver
 * that is loaded in between would have its devices made for no driver object, and so
 * end them all (seen with 8.0): DriverEntry, which comes first, waits here.
 */
static void wait_for_pnp_manager(void)
{
	for (int ms = 0; !pnp_manager_runs(); ms++) {
		if (ms == PNP_MS)
			shim_die("Wine's PnP manager does not start");
		sleep_ms();
	}
}

NTSTATUS NTAPI shim_DriverCreate(PWDF_DRIVER_GLOBALS globals, PDRIVER_OBJECT wdm,
				 PCUNICODE_STRING path, PWDF_OBJECT_ATTRIBUTES a,
				 PWDF_DRIVER_CONFIG config, WDFDRIVER *out)
{
	struct driver *driver = shim_object_new(KIND_DRIVER, sizeof(*driver), NULL, a);

	if (config->Size != sizeof(*config))
		return STATUS_INFO_LENGTH_MISMATCH;
	wait_for_pnp_manager();
	driver->wdm = wdm;
	driver->config = *config;
	driver->path.Buffer = driver->path_text;
	driver->path.MaximumLength = sizeof(driver->path_text);
	RtlCopyUnicodeString(&driver->path, (PUNICODE_STRING)(uintptr_t)path);
	shim_driver = driver;
	globals->Driver = (WDFDRIVER)driver;
	wdm->DriverExtension->AddDevice = add_device;
	wdm->DriverUnload = unload;
	for (int i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++)
		wdm->MajorFunction[i] = dispatch_other;
	wdm->MajorFunction[IRP_MJ_PNP] = dispatch_pnp;
	wdm->MajorFunction[IRP_MJ_CREATE] = shim_dispatch_file;
	wdm->MajorFunction[IRP_MJ_CLOSE] = shim_dispatch_file;
	wdm->MajorFunction[IRP_MJ_DEVICE_CONTROL] = shim_dispatch_control;
	if (out)
		*out = (WDFDRIVER)driver;
	return STATUS_SUCCESS;
}
