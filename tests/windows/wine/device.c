/* SPDX-License-Identifier: BSD-2-Clause */
/* Drivers and devices: from AddDevice to removal. One board, so one device with resources. */
#include <initguid.h>
#include <wdmguid.h>

#include "shim.h"

typedef NTSTATUS NTAPI power_callback(WDFDEVICE, WDF_POWER_DEVICE_STATE);

#define DRAIN_MS 10000
#define PNP_MS 60000

NTSTATUS NTAPI ObReferenceObjectByName(PUNICODE_STRING name, ULONG attributes, PVOID state,
				       ACCESS_MASK access, POBJECT_TYPE type, KPROCESSOR_MODE mode,
				       PVOID parse, PVOID *object);

static struct driver *the_driver;

static struct device *device_of(PDEVICE_OBJECT wdm)
{
	return *(struct device **)wdm->DeviceExtension;
}

static void sleep_ms(void)
{
	LARGE_INTEGER delay = { .QuadPart = -10000 };

	KeDelayExecutionThread(KernelMode, FALSE, &delay);
}

static NTSTATUS call_power(struct device *d, PVOID callback, WDF_POWER_DEVICE_STATE state)
{
	return callback ? ((power_callback *)callback)((WDFDEVICE)d, state) : STATUS_SUCCESS;
}

/* ---- interrupts ------------------------------------------------------------- */

NTSTATUS NTAPI shim_InterruptCreate(PWDF_DRIVER_GLOBALS globals, WDFDEVICE device,
				    PWDF_INTERRUPT_CONFIG config, PWDF_OBJECT_ATTRIBUTES a,
				    WDFINTERRUPT *out)
{
	struct device *d = shim_object(device, KIND_DEVICE);
	struct interrupt *i = shim_object_new(KIND_INTERRUPT, sizeof(*i), &d->object, a);

	(void)globals;
	if (config->Size != sizeof(*config) || d->interrupt)
		shim_die("WdfInterruptCreate() with %lu bytes, or a second time", config->Size);
	i->config = *config;
	i->device = d;
	InitializeCriticalSection(i->lock);
	d->interrupt = i;
	*out = (WDFINTERRUPT)i;
	return STATUS_SUCCESS;
}

BOOLEAN NTAPI shim_InterruptQueueDpcForIsr(PWDF_DRIVER_GLOBALS globals, WDFINTERRUPT handle)
{
	struct interrupt *i = shim_object(handle, KIND_INTERRUPT);

	(void)globals;
	return !InterlockedExchange(&i->dpc_wanted, 1);
}

WDFDEVICE NTAPI shim_InterruptGetDevice(PWDF_DRIVER_GLOBALS globals, WDFINTERRUPT handle)
{
	(void)globals;
	return (WDFDEVICE)((struct interrupt *)shim_object(handle, KIND_INTERRUPT))->device;
}

/* On the thread that hears of MSIs. */
static void on_interrupt(void *context)
{
	struct device *d = context;
	struct interrupt *i = d->interrupt;
	bool ours;

	if (!i)
		return;
	EnterCriticalSection(i->lock);
	ours = d->powered && i->config.EvtInterruptIsr((WDFINTERRUPT)i, 0);
	LeaveCriticalSection(i->lock);
	if (ours && InterlockedExchange(&i->dpc_wanted, 0) && i->config.EvtInterruptDpc)
		i->config.EvtInterruptDpc((WDFINTERRUPT)i, (WDFOBJECT)d);
}

/* ---- resources -------------------------------------------------------------- */

static struct resources *make_resources(struct device *d)
{
	struct resources *r = shim_object_new(KIND_RESOURCES, sizeof(*r), &d->object, NULL);
	CM_PARTIAL_RESOURCE_DESCRIPTOR *c;

	for (unsigned int i = 0; i < BOARD_BARS; i++) {
		if (!board_bar_bytes(i))
			continue;
		c = &r->item[r->count++];
		c->Type = CmResourceTypeMemory;
		c->u.Memory.Start.QuadPart = (LONGLONG)board_bar_address(i);
		c->u.Memory.Length = (ULONG)board_bar_bytes(i);
	}
	c = &r->item[r->count++];
	c->Type = CmResourceTypeInterrupt;
	c->Flags = CM_RESOURCE_INTERRUPT_LATCHED | CM_RESOURCE_INTERRUPT_MESSAGE;
	c->u.MessageInterrupt.Translated.Vector = 0x41;
	c->u.MessageInterrupt.Translated.Level = 5;
	c->u.MessageInterrupt.Translated.Affinity = 1;
	return r;
}

ULONG NTAPI shim_CmResourceListGetCount(PWDF_DRIVER_GLOBALS globals, WDFCMRESLIST list)
{
	(void)globals;
	return ((struct resources *)shim_object(list, KIND_RESOURCES))->count;
}

PCM_PARTIAL_RESOURCE_DESCRIPTOR NTAPI shim_CmResourceListGetDescriptor(
	PWDF_DRIVER_GLOBALS globals, WDFCMRESLIST list, ULONG i)
{
	struct resources *r = shim_object(list, KIND_RESOURCES);

	(void)globals;
	return i < r->count ? &r->item[i] : NULL;
}

/* ---- the bus's interface ------------------------------------------------------ */

static VOID NTAPI no_reference(PVOID context)
{
	(void)context;
}

static ULONG NTAPI get_config(PVOID context, ULONG type, PVOID data, ULONG offset, ULONG bytes)
{
	(void)context;
	(void)type;
	board_read(BOARD_CONFIG, offset, data, bytes);
	return bytes;
}

static ULONG NTAPI set_config(PVOID context, ULONG type, PVOID data, ULONG offset, ULONG bytes)
{
	(void)context;
	(void)type;
	return board_write(BOARD_CONFIG, offset, data, bytes) ? bytes : 0;
}

NTSTATUS NTAPI shim_FdoQueryForInterface(PWDF_DRIVER_GLOBALS globals, WDFDEVICE device,
					 const GUID *guid, PINTERFACE to, USHORT size,
					 USHORT version, PVOID data)
{
	BUS_INTERFACE_STANDARD *bus = (BUS_INTERFACE_STANDARD *)(PVOID)to;

	(void)globals;
	(void)data;
	shim_object(device, KIND_DEVICE);
	if (!IsEqualGUID(guid, &GUID_BUS_INTERFACE_STANDARD) || size < sizeof(*bus) ||
	    version != 1)
		return STATUS_NOT_SUPPORTED;
	RtlZeroMemory(bus, sizeof(*bus));
	bus->Size = sizeof(*bus);
	bus->Version = version;
	bus->InterfaceReference = no_reference;
	bus->InterfaceDereference = no_reference;
	bus->GetBusData = get_config;
	bus->SetBusData = set_config;
	return STATUS_SUCCESS;
}

/* ---- making a device ----------------------------------------------------------- */

VOID NTAPI shim_DeviceInitSetPnpPowerEventCallbacks(PWDF_DRIVER_GLOBALS globals,
						    PWDFDEVICE_INIT init,
						    PWDF_PNPPOWER_EVENT_CALLBACKS c)
{
	(void)globals;
	if (c->Size != sizeof(*c))
		shim_die("callbacks of %lu bytes", c->Size);
	init->pnp = *c;
}

NTSTATUS NTAPI shim_DeviceInitAssignName(PWDF_DRIVER_GLOBALS globals, PWDFDEVICE_INIT init,
					 PCUNICODE_STRING name)
{
	(void)globals;
	init->name.Buffer = init->name_text;
	init->name.MaximumLength = sizeof(init->name_text);
	RtlCopyUnicodeString(&init->name, (PUNICODE_STRING)(uintptr_t)name);
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI shim_DeviceInitAssignSDDLString(PWDF_DRIVER_GLOBALS globals, PWDFDEVICE_INIT init,
					       PCUNICODE_STRING sddl)
{
	(void)globals;
	(void)init;
	(void)sddl;
	return STATUS_SUCCESS;
}

VOID NTAPI shim_DeviceInitSetCharacteristics(PWDF_DRIVER_GLOBALS globals, PWDFDEVICE_INIT init,
					     ULONG flags, BOOLEAN or_in)
{
	(void)globals;
	init->characteristics = or_in ? init->characteristics | flags : flags;
}

VOID NTAPI shim_DeviceInitSetFileObjectConfig(PWDF_DRIVER_GLOBALS globals, PWDFDEVICE_INIT init,
					      PWDF_FILEOBJECT_CONFIG config,
					      PWDF_OBJECT_ATTRIBUTES a)
{
	(void)globals;
	if (config->Size != sizeof(*config))
		shim_die("a file configuration of %lu bytes", config->Size);
	init->file = *config;
	if (a)
		init->file_attributes = *a;
}

VOID NTAPI shim_DeviceInitSetIoInCallerContextCallback(PWDF_DRIVER_GLOBALS globals,
						       PWDFDEVICE_INIT init,
						       EVT_WDF_IO_IN_CALLER_CONTEXT *f)
{
	(void)globals;
	init->in_caller = f;
}

NTSTATUS NTAPI shim_DeviceCreate(PWDF_DRIVER_GLOBALS globals, PWDFDEVICE_INIT *init,
				 PWDF_OBJECT_ATTRIBUTES a, WDFDEVICE *out)
{
	struct WDFDEVICE_INIT *from = *init;
	PDEVICE_OBJECT wdm;
	struct device *d;
	NTSTATUS status;

	(void)globals;
	status = IoCreateDevice(the_driver->wdm, sizeof(d), from->name.Length ? &from->name : NULL,
				FILE_DEVICE_UNKNOWN, from->characteristics, FALSE, &wdm);
	if (!NT_SUCCESS(status))
		return status;
	d = shim_object_new(KIND_DEVICE, sizeof(*d), &the_driver->object, a);
	InitializeListHead(&d->queues);
	d->init = *from;
	d->init.name.Buffer = d->init.name_text;
	d->wdm = wdm;
	d->pdo = from->pdo;
	*(struct device **)wdm->DeviceExtension = d;
	d->lower = IoAttachDeviceToDeviceStack(wdm, d->pdo);
	wdm->Flags = (wdm->Flags | DO_DIRECT_IO) & ~(ULONG)DO_DEVICE_INITIALIZING;
	*init = NULL;
	*out = (WDFDEVICE)d;
	return STATUS_SUCCESS;
}

PDEVICE_OBJECT NTAPI shim_DeviceWdmGetDeviceObject(PWDF_DRIVER_GLOBALS globals, WDFDEVICE handle)
{
	(void)globals;
	return ((struct device *)shim_object(handle, KIND_DEVICE))->wdm;
}

NTSTATUS NTAPI shim_DeviceCreateDeviceInterface(PWDF_DRIVER_GLOBALS globals, WDFDEVICE handle,
						const GUID *guid, PCUNICODE_STRING reference)
{
	struct device *d = shim_object(handle, KIND_DEVICE);

	(void)globals;
	return IoRegisterDeviceInterface(d->pdo, guid, (PUNICODE_STRING)(uintptr_t)reference,
					 &d->interface_link);
}

NTSTATUS NTAPI shim_DeviceCreateSymbolicLink(PWDF_DRIVER_GLOBALS globals, WDFDEVICE handle,
					     PCUNICODE_STRING name)
{
	struct device *d = shim_object(handle, KIND_DEVICE);
	NTSTATUS status;

	(void)globals;
	d->symbolic_link.Buffer = d->symbolic_text;
	d->symbolic_link.MaximumLength = sizeof(d->symbolic_text);
	RtlCopyUnicodeString(&d->symbolic_link, (PUNICODE_STRING)(uintptr_t)name);
	status = IoCreateSymbolicLink(&d->symbolic_link, &d->init.name);
	if (!NT_SUCCESS(status))
		d->symbolic_link.Length = 0;
	return status;
}

/* ---- plug and play -------------------------------------------------------------- */

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

	if (!board_open(on_interrupt, d)) {
		shim_say("no board: see bridge.py");
		return STATUS_NO_SUCH_DEVICE;
	}
	board_enable();
	d->resources = make_resources(d);
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
	struct device *d = device_of(wdm);
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
	return IoCallDriver(device_of(wdm)->lower, irp);
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
	status = the_driver->config.EvtDriverDeviceAdd((WDFDRIVER)the_driver, init);
	ExFreePoolWithTag(init, 'mihs');
	shim_say("device added: %#lx", status);
	return status;
}

static VOID NTAPI unload(PDRIVER_OBJECT wdm)
{
	(void)wdm;
	if (the_driver->config.EvtDriverUnload)
		((VOID (NTAPI *)(WDFDRIVER))(PVOID)the_driver->config.EvtDriverUnload)(
			(WDFDRIVER)the_driver);
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
	the_driver = driver;
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
