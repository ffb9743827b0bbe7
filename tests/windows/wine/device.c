/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices as drivers make them: interrupts, resources, the bus, names. See pnp.c for their lives. */
#include <initguid.h>
#include <wdmguid.h>

#include "shim.h"

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

void shim_on_interrupt(void *context)
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

struct resources *shim_make_resources(struct device *d)
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
	status = IoCreateDevice(shim_driver->wdm, sizeof(d), from->name.Length ? &from->name : NULL,
				FILE_DEVICE_UNKNOWN, from->characteristics, FALSE, &wdm);
	if (!NT_SUCCESS(status))
		return status;
	d = shim_object_new(KIND_DEVICE, sizeof(*d), &shim_driver->object, a);
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
