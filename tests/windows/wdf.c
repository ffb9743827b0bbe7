/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * KMDF as this driver knows it, behind the table that the driver binds to: a
 * function that is not here is NULL there. Objects have parents and go with
 * them; contexts are memory of their own, so that ASan sees who leaves them.
 */
#include <string.h>

#include <wdf.h>
#include <wdmguid.h>

#include "wdf_objects.h"

struct fake_driver fake_driver;
const struct fake_value *fake_registry;

/* ---- objects ------------------------------------------------------------- */

struct object *fake_object_new(enum type type, size_t bytes, struct object *parent,
			       PWDF_OBJECT_ATTRIBUTES attributes)
{
	struct object *o = calloc(1, bytes);

	RULE(!attributes || attributes->Size == sizeof(*attributes), "attributes were not initialised");
	o->type = type;
	if (attributes) {
		o->cleanup = attributes->EvtCleanupCallback;
		o->context_type = attributes->ContextTypeInfo;
		if (attributes->ParentObject)
			parent = attributes->ParentObject;
	}
	if (o->context_type)
		o->context = calloc(1, o->context_type->ContextSize);
	o->parent = parent;
	if (parent) {
		machine_lock();
		o->sibling = parent->children;
		parent->children = o;
		machine_unlock();
	}
	fake_count(FAKE_OBJECT, 1);
	return o;
}

/* Children's clean-up comes before their parent's, as KMDF has it. */
void fake_object_delete(struct object *o)
{
	while (o->children) {
		struct object *child = o->children;

		o->children = child->sibling;
		child->parent = NULL;
		fake_object_delete(child);
	}
	if (o->parent) {
		struct object **at = &o->parent->children;

		machine_lock();
		while (*at != o)
			at = &(*at)->sibling;
		*at = o->sibling;
		machine_unlock();
	}
	if (o->cleanup)
		o->cleanup(o);
	fake_count(FAKE_OBJECT, -1);
	free(o->context);
	free(o);
}

static void *of(void *handle, enum type type)
{
	struct object *o = handle;

	RULE(o && o->type == type, "a handle of another kind");
	return o;
}

static PVOID NTAPI context_of(PWDF_DRIVER_GLOBALS g, WDFOBJECT handle,
			      const WDF_OBJECT_CONTEXT_TYPE_INFO *type)
{
	struct object *o = handle;

	(void)g;
	RULE(o->context_type == type, "a context of another type");
	return o->context;
}

static VOID NTAPI object_delete(PWDF_DRIVER_GLOBALS g, WDFOBJECT handle)
{
	(void)g;
	AT_MOST(DISPATCH);
	fake_object_delete(handle);
}

/* ---- driver and registry ------------------------------------------------- */

static NTSTATUS NTAPI driver_create(PWDF_DRIVER_GLOBALS g, PDRIVER_OBJECT object,
				    PCUNICODE_STRING path, PWDF_OBJECT_ATTRIBUTES attributes,
				    PWDF_DRIVER_CONFIG config, WDFDRIVER *handle)
{
	(void)object;
	AT_MOST(PASSIVE);
	RULE(config->Size == sizeof(*config) && path->Length, "a driver made in another way");
	if (fake_fails("WdfDriverCreate"))
		return STATUS_INSUFFICIENT_RESOURCES;
	fake_driver.object = fake_object_new(T_DRIVER, sizeof(struct object), NULL, attributes);
	fake_driver.add = config->EvtDriverDeviceAdd;
	*handle = g->Driver = (WDFDRIVER)fake_driver.object;
	return STATUS_SUCCESS;
}

static NTSTATUS NTAPI open_parameters(PWDF_DRIVER_GLOBALS g, WDFDRIVER driver, ACCESS_MASK access,
				      PWDF_OBJECT_ATTRIBUTES attributes, WDFKEY *key)
{
	(void)g, (void)attributes;
	AT_MOST(PASSIVE);
	RULE(access == KEY_READ, "a key to be written");
	if (fake_fails("WdfDriverOpenParametersRegistryKey"))
		return STATUS_OBJECT_NAME_NOT_FOUND;
	*key = (WDFKEY)fake_object_new(T_KEY, sizeof(struct object), of(driver, T_DRIVER), NULL);
	return STATUS_SUCCESS;
}

static VOID NTAPI close_key(PWDF_DRIVER_GLOBALS g, WDFKEY key)
{
	(void)g;
	AT_MOST(PASSIVE);
	fake_object_delete(of(key, T_KEY));
}

static const struct fake_value *value_of(PCUNICODE_STRING name)
{
	for (const struct fake_value *v = fake_registry; v && v->name; v++) {
		USHORT n = name->Length / sizeof(WCHAR), i = 0;

		while (i < n && (WCHAR)v->name[i] == name->Buffer[i])
			i++;
		if (i == n && !v->name[i])
			return v;
	}
	return NULL;
}

static NTSTATUS NTAPI query_string(PWDF_DRIVER_GLOBALS g, WDFKEY key, PCUNICODE_STRING name,
				   PUSHORT bytes, PUNICODE_STRING to)
{
	const struct fake_value *v = value_of(name);
	size_t n;

	(void)g, (void)bytes, (void)of(key, T_KEY);
	AT_MOST(PASSIVE);
	if (fake_fails("WdfRegistryQueryUnicodeString"))
		return STATUS_INSUFFICIENT_RESOURCES;
	if (!v || !v->text)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	n = strlen(v->text);
	if (n * sizeof(WCHAR) > to->MaximumLength)
		return (NTSTATUS)STATUS_BUFFER_OVERFLOW;
	for (size_t i = 0; i < n; i++)
		to->Buffer[i] = (WCHAR)v->text[i];
	to->Length = (USHORT)(n * sizeof(WCHAR));
	return STATUS_SUCCESS;
}

static NTSTATUS NTAPI query_ulong(PWDF_DRIVER_GLOBALS g, WDFKEY key, PCUNICODE_STRING name, PULONG to)
{
	const struct fake_value *v = value_of(name);

	(void)g, (void)of(key, T_KEY);
	AT_MOST(PASSIVE);
	if (fake_fails("WdfRegistryQueryULong") || !v || v->text)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	*to = v->number;
	return STATUS_SUCCESS;
}

/* ---- making a device ----------------------------------------------------- */

static VOID NTAPI set_power(PWDF_DRIVER_GLOBALS g, PWDFDEVICE_INIT init, PWDF_PNPPOWER_EVENT_CALLBACKS c)
{
	(void)g;
	RULE(c->Size == sizeof(*c), "callbacks were not initialised");
	((struct device_init *)init)->power = *c;
}

static NTSTATUS NTAPI assign_name(PWDF_DRIVER_GLOBALS g, PWDFDEVICE_INIT init, PCUNICODE_STRING name)
{
	(void)g, (void)init;
	AT_MOST(PASSIVE);
	RULE(name->Length > 14 && name->Buffer[0] == L'\\', "a strange name");
	return fake_fails("WdfDeviceInitAssignName") ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
}

static VOID NTAPI set_characteristics(PWDF_DRIVER_GLOBALS g, PWDFDEVICE_INIT init, ULONG flags,
				      BOOLEAN or_in)
{
	(void)g;
	((struct device_init *)init)->secure_open = or_in && flags & FILE_DEVICE_SECURE_OPEN;
}

static VOID NTAPI set_files(PWDF_DRIVER_GLOBALS g, PWDFDEVICE_INIT init, PWDF_FILEOBJECT_CONFIG c,
			    PWDF_OBJECT_ATTRIBUTES attributes)
{
	(void)g;
	RULE(c->Size == sizeof(*c), "a configuration was not initialised");
	((struct device_init *)init)->files = *c;
	((struct device_init *)init)->file_attributes = *attributes;
}

static VOID NTAPI set_in_caller(PWDF_DRIVER_GLOBALS g, PWDFDEVICE_INIT init,
				EVT_WDF_IO_IN_CALLER_CONTEXT *function)
{
	(void)g;
	((struct device_init *)init)->in_caller = function;
}

static NTSTATUS NTAPI device_create(PWDF_DRIVER_GLOBALS g, PWDFDEVICE_INIT *init,
				    PWDF_OBJECT_ATTRIBUTES attributes, WDFDEVICE *handle)
{
	struct device_init *i = (struct device_init *)*init;
	struct device *device;

	(void)g;
	AT_MOST(PASSIVE);
	RULE(i->secure_open, "names below the device's would be open to everybody");
	RULE(attributes->ExecutionLevel == WdfExecutionLevelPassive, "IOCTLs might come at DISPATCH_LEVEL");
	RULE(attributes->SynchronizationScope == WdfSynchronizationScopeNone, "calls would wait for each other");
	if (fake_fails("WdfDeviceCreate"))
		return STATUS_INSUFFICIENT_RESOURCES;
	device = (struct device *)fake_object_new(T_DEVICE, sizeof(*device), fake_driver.object, attributes);
	device->init = *i;
	fake_driver.device = device;
	*handle = (WDFDEVICE)device;
	*init = NULL;
	return STATUS_SUCCESS;
}

static PDEVICE_OBJECT NTAPI device_object(PWDF_DRIVER_GLOBALS g, WDFDEVICE device)
{
	(void)g;
	return (PDEVICE_OBJECT)of(device, T_DEVICE);
}

static NTSTATUS NTAPI create_interface(PWDF_DRIVER_GLOBALS g, WDFDEVICE device, const GUID *guid,
				       PCUNICODE_STRING reference)
{
	(void)g, (void)of(device, T_DEVICE);
	AT_MOST(PASSIVE);
	RULE(guid->Data1 && !reference, "another interface");
	return fake_fails("WdfDeviceCreateDeviceInterface") ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
}

static NTSTATUS NTAPI create_link(PWDF_DRIVER_GLOBALS g, WDFDEVICE device, PCUNICODE_STRING name)
{
	(void)g, (void)of(device, T_DEVICE);
	AT_MOST(PASSIVE);
	RULE(name->Length > 24, "a strange name");
	return fake_fails("WdfDeviceCreateSymbolicLink") ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
}

/* ---- configuration space ------------------------------------------------- */

static VOID NTAPI interface_drop(PVOID context)
{
	(void)context;
	AT_MOST(PASSIVE);
	fake_count(FAKE_INTERFACE, -1);
}

static ULONG NTAPI config_read(PVOID context, ULONG space, PVOID to, ULONG offset, ULONG bytes)
{
	(void)context;
	AT_MOST(DISPATCH);
	RULE(space == PCI_WHICHSPACE_CONFIG && offset + bytes <= 256, "outside of configuration space");
	return machine_config_read(offset, to, bytes);
}

static ULONG NTAPI config_write(PVOID context, ULONG space, PVOID from, ULONG offset, ULONG bytes)
{
	(void)context;
	AT_MOST(DISPATCH);
	RULE(space == PCI_WHICHSPACE_CONFIG && offset + bytes <= 256, "outside of configuration space");
	return machine_config_write(offset, from, bytes);
}

static NTSTATUS NTAPI query_interface(PWDF_DRIVER_GLOBALS g, WDFDEVICE device, const GUID *guid,
				      PINTERFACE to, USHORT size, USHORT version, PVOID data)
{
	BUS_INTERFACE_STANDARD *bus = (BUS_INTERFACE_STANDARD *)to;

	(void)g, (void)of(device, T_DEVICE), (void)guid;
	AT_MOST(PASSIVE);
	RULE(size == sizeof(*bus) && version == 1 && !data, "another interface");
	if (fake_fails("WdfFdoQueryForInterface"))
		return STATUS_NOT_SUPPORTED;
	memset(bus, 0, sizeof(*bus));
	bus->Size = size;
	bus->Version = version;
	bus->InterfaceDereference = interface_drop;
	bus->GetBusData = config_read;
	bus->SetBusData = config_write;
	fake_count(FAKE_INTERFACE, 1);
	return STATUS_SUCCESS;
}

/* ---- DMA, interrupts, locks, resources ----------------------------------- */

NTSTATUS NTAPI fake_get_list(PDMA_ADAPTER, PDEVICE_OBJECT, PMDL, PVOID, ULONG, PDRIVER_LIST_CONTROL,
			     PVOID, BOOLEAN);
VOID NTAPI fake_put_list(PDMA_ADAPTER, PSCATTER_GATHER_LIST, BOOLEAN);

static DMA_OPERATIONS dma_operations = {
	.Size = sizeof(dma_operations),
	.GetScatterGatherList = fake_get_list,
	.PutScatterGatherList = fake_put_list,
};
static DMA_ADAPTER adapter = { .Version = 2, .Size = sizeof(adapter), .DmaOperations = &dma_operations };

static NTSTATUS NTAPI dma_create(PWDF_DRIVER_GLOBALS g, WDFDEVICE device, PWDF_DMA_ENABLER_CONFIG c,
				 PWDF_OBJECT_ATTRIBUTES attributes, WDFDMAENABLER *handle)
{
	(void)g;
	AT_MOST(PASSIVE);
	RULE(c->Size == sizeof(*c) && c->Profile == WdfDmaProfileScatterGather64Duplex, "another profile");
	RULE(c->MaximumLength < 1u << 20 || c->Flags & WDF_DMA_ENABLER_CONFIG_NO_SGLIST_PREALLOCATION,
	     "a lookaside list of megabytes");
	if (fake_fails("WdfDmaEnablerCreate"))
		return STATUS_INSUFFICIENT_RESOURCES;
	*handle = (WDFDMAENABLER)fake_object_new(T_DMA, sizeof(struct object), of(device, T_DEVICE), attributes);
	return STATUS_SUCCESS;
}

static PDMA_ADAPTER NTAPI dma_adapter(PWDF_DRIVER_GLOBALS g, WDFDMAENABLER dma, WDF_DMA_DIRECTION to)
{
	(void)g, (void)of(dma, T_DMA), (void)to;
	AT_MOST(DISPATCH);
	return &adapter;
}

static NTSTATUS NTAPI interrupt_create(PWDF_DRIVER_GLOBALS g, WDFDEVICE device, PWDF_INTERRUPT_CONFIG c,
				       PWDF_OBJECT_ATTRIBUTES attributes, WDFINTERRUPT *handle)
{
	struct interrupt *interrupt;

	(void)g;
	AT_MOST(PASSIVE);
	RULE(c->Size == sizeof(*c) && c->EvtInterruptIsr && c->EvtInterruptDpc, "another interrupt");
	if (fake_fails("WdfInterruptCreate"))
		return STATUS_INSUFFICIENT_RESOURCES;
	interrupt = (struct interrupt *)fake_object_new(T_INTERRUPT, sizeof(*interrupt),
							of(device, T_DEVICE), attributes);
	interrupt->config = *c;
	fake_driver.device->interrupt = interrupt;
	*handle = (WDFINTERRUPT)interrupt;
	return STATUS_SUCCESS;
}

static BOOLEAN NTAPI queue_dpc(PWDF_DRIVER_GLOBALS g, WDFINTERRUPT handle)
{
	struct interrupt *interrupt = of(handle, T_INTERRUPT);

	(void)g;
	RULE(fake_self()->level == DEVICE, "a DPC queued outside of an ISR");
	interrupt->dpc_queued = true;
	return TRUE;
}

static WDFDEVICE NTAPI interrupt_device(PWDF_DRIVER_GLOBALS g, WDFINTERRUPT handle)
{
	(void)g;
	return (WDFDEVICE)((struct object *)of(handle, T_INTERRUPT))->parent;
}

static NTSTATUS NTAPI lock_create(PWDF_DRIVER_GLOBALS g, PWDF_OBJECT_ATTRIBUTES attributes, WDFWAITLOCK *handle)
{
	(void)g;
	AT_MOST(PASSIVE);
	RULE(attributes && attributes->ParentObject, "a lock that the driver owns");
	if (fake_fails("WdfWaitLockCreate"))
		return STATUS_INSUFFICIENT_RESOURCES;
	*handle = (WDFWAITLOCK)fake_object_new(T_LOCK, sizeof(struct lock), NULL, attributes);
	return STATUS_SUCCESS;
}

static NTSTATUS NTAPI lock_acquire(PWDF_DRIVER_GLOBALS g, WDFWAITLOCK handle, PLONGLONG timeout)
{
	struct lock *lock = of(handle, T_LOCK);
	uint64_t me = machine_thread_id();

	(void)g;
	AT_MOST(PASSIVE);
	RULE(!timeout, "a lock with a time-out");
	machine_lock();
	RULE(lock->owner != me, "a wait lock is taken twice: that is a dead lock");
	while (lock->owner)
		machine_wait(UINT64_MAX);
	lock->owner = me;
	machine_unlock();
	fake_self()->locks++;
	return STATUS_SUCCESS;
}

static VOID NTAPI lock_release(PWDF_DRIVER_GLOBALS g, WDFWAITLOCK handle)
{
	struct lock *lock = of(handle, T_LOCK);

	(void)g;
	AT_MOST(PASSIVE);
	machine_lock();
	RULE(lock->owner == machine_thread_id(), "a wait lock is let go that another thread holds");
	lock->owner = 0;
	machine_changed();
	machine_unlock();
	fake_self()->locks--;
}

static ULONG NTAPI resource_count(PWDF_DRIVER_GLOBALS g, WDFCMRESLIST list)
{
	(void)g;
	return ((struct resources *)list)->count;
}

static PCM_PARTIAL_RESOURCE_DESCRIPTOR NTAPI resource(PWDF_DRIVER_GLOBALS g, WDFCMRESLIST list, ULONG i)
{
	struct resources *r = (struct resources *)list;

	(void)g;
	return i < r->count ? &r->descriptor[i] : NULL;
}

/* ---- binding ------------------------------------------------------------- */

static WDFFUNC table[WDF_TABLE_ENTRIES];
static WDF_DRIVER_GLOBALS globals = { .DisplaceDriverUnload = TRUE };

NTSTATUS NTAPI WdfVersionBind(PDRIVER_OBJECT driver, PUNICODE_STRING path, PWDF_BIND_INFO info,
			      PWDF_DRIVER_GLOBALS *to)
{
	(void)driver;
	RULE(path->Length && info->Size == sizeof(*info) && info->Version.Major == 1 &&
	     info->Version.Minor == 15 && info->FuncCount == WDF_TABLE_ENTRIES, "another KMDF");
	if (fake_fails("WdfVersionBind"))
		return STATUS_NOT_SUPPORTED;
#define SET(name, function) table[Wdf##name##Index] = (WDFFUNC)(function)
	SET(ObjectGetTypedContextWorker, context_of);
	SET(ObjectDelete, object_delete);
	SET(DriverCreate, driver_create);
	SET(DriverOpenParametersRegistryKey, open_parameters);
	SET(RegistryClose, close_key);
	SET(RegistryQueryUnicodeString, query_string);
	SET(RegistryQueryULong, query_ulong);
	SET(DeviceInitSetPnpPowerEventCallbacks, set_power);
	SET(DeviceInitAssignName, assign_name);
	SET(DeviceInitSetCharacteristics, set_characteristics);
	SET(DeviceInitSetFileObjectConfig, set_files);
	SET(DeviceInitSetIoInCallerContextCallback, set_in_caller);
	SET(DeviceCreate, device_create);
	SET(DeviceWdmGetDeviceObject, device_object);
	SET(DeviceCreateDeviceInterface, create_interface);
	SET(DeviceCreateSymbolicLink, create_link);
	SET(FdoQueryForInterface, query_interface);
	SET(DmaEnablerCreate, dma_create);
	SET(DmaEnablerWdmGetDmaAdapter, dma_adapter);
	SET(InterruptCreate, interrupt_create);
	SET(InterruptQueueDpcForIsr, queue_dpc);
	SET(InterruptGetDevice, interrupt_device);
	SET(WaitLockCreate, lock_create);
	SET(WaitLockAcquire, lock_acquire);
	SET(WaitLockRelease, lock_release);
	SET(CmResourceListGetCount, resource_count);
	SET(CmResourceListGetDescriptor, resource);
	fake_io_table(table);
	*info->FuncTable = table;
	*to = &globals;
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI WdfVersionUnbind(PUNICODE_STRING path, PWDF_BIND_INFO info, PWDF_DRIVER_GLOBALS g)
{
	(void)path, (void)info;
	RULE(g == &globals, "other globals");
	if (fake_driver.object)
		fake_object_delete(fake_driver.object);
	memset(&fake_driver, 0, sizeof(fake_driver));
	return STATUS_SUCCESS;
}
