/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Plug and Play manager, and what the framework makes of it: the order of a
 * driver's callbacks as Microsoft's reference gives it, for starts that fail, too.
 */
#include <string.h>

#include "wdf_objects.h"

#define CPU_OFFSET 0x400000000ull	/* machine_board.c's */

NTSTATUS NTAPI FxDriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path);

static DRIVER_OBJECT driver_object;
static struct resources raw, translated;
static void *system_process;

int32_t fake_load(void)
{
	UNICODE_STRING path;

	RtlInitUnicodeString(&path, L"\\Registry\\Machine\\System\\Services\\netra");
	memset(&driver_object, 0, sizeof(driver_object));
	system_process = fake_process_new();
	fake_self()->process = system_process;
	return FxDriverEntry(&driver_object, &path);
}

void fake_unload(void)
{
	RULE(!fake_driver.device, "unloaded with a device");
	if (driver_object.DriverUnload)
		driver_object.DriverUnload(&driver_object);
	fake_process_put(system_process);
	fake_self()->process = NULL;
}

/* ---- resources ----------------------------------------------------------- */

static void add_resource(UCHAR type, USHORT flags, uint64_t address, uint64_t bytes)
{
	ULONG i = raw.count++;

	translated.count = raw.count;
	raw.descriptor[i].Type = type;
	raw.descriptor[i].Flags = flags;
	translated.descriptor[i] = raw.descriptor[i];
	if (type != CmResourceTypeMemory)
		return;
	raw.descriptor[i].u.Memory.Start.QuadPart = (LONGLONG)address;
	raw.descriptor[i].u.Memory.Length = (ULONG)bytes;
	translated.descriptor[i].u.Memory.Start.QuadPart = (LONGLONG)(address + CPU_OFFSET);
	translated.descriptor[i].u.Memory.Length = (ULONG)bytes;
}

/* In an order that is not the BARs'. */
static void make_resources(void)
{
	memset(&raw, 0, sizeof(raw));
	memset(&translated, 0, sizeof(translated));
	add_resource(CmResourceTypeInterrupt, fake_options.line ? 0 : CM_RESOURCE_INTERRUPT_MESSAGE, 0, 0);
	for (unsigned int i = 6; i--;) {
		uint64_t bytes, address = machine_bar(i, &bytes);

		if (bytes)
			add_resource(CmResourceTypeMemory, 0, address, bytes);
	}
	add_resource(CmResourceTypeDevicePrivate, 0, 0, 0);
}

/* ---- interrupts ---------------------------------------------------------- */

static void interrupt(void)
{
	struct interrupt *i = fake_driver.device->interrupt;
	struct fake_thread *self = fake_self();
	BOOLEAN ours;

	self->level = DEVICE;
	ours = i->config.EvtInterruptIsr((WDFINTERRUPT)i, 0);
	RULE(self->level == DEVICE, "an ISR changes the level");
	RULE(ours == i->dpc_queued, "an ISR of ours without DPC");
	self->level = DISPATCH;
	if (i->dpc_queued) {
		i->dpc_queued = false;
		i->config.EvtInterruptDpc((WDFINTERRUPT)i, i->object.parent);
	}
	RULE(self->level == DISPATCH, "a DPC changes the level");
	self->level = PASSIVE;
}

/* ---- starting and stopping ----------------------------------------------- */

static void release(struct device *device)
{
	WDF_PNPPOWER_EVENT_CALLBACKS *c = &device->init.power;

	if (device->prepared)
		CALLBACK(c->EvtDeviceReleaseHardware((WDFDEVICE)device, (WDFCMRESLIST)&translated));
	device->prepared = false;
}

static void leave_d0(struct device *device, WDF_POWER_DEVICE_STATE to)
{
	if (!device->in_d0)
		return;
	CALLBACK(device->init.power.EvtDeviceD0ExitPreInterruptsDisabled((WDFDEVICE)device, to));
	machine_interrupts_stop();
	device->in_d0 = false;
}

static NTSTATUS prepare(struct device *device)
{
	NTSTATUS status;

	make_resources();
	/* KMDF releases also what could not be prepared. */
	device->prepared = true;
	CALLBACK(status = device->init.power.EvtDevicePrepareHardware(
			 (WDFDEVICE)device, (WDFCMRESLIST)&raw, (WDFCMRESLIST)&translated));
	if (!NT_SUCCESS(status))
		release(device);
	return status;
}

static NTSTATUS enter_d0(struct device *device)
{
	NTSTATUS status;

	machine_interrupts(interrupt);
	device->in_d0 = true;
	CALLBACK(status = device->init.power.EvtDeviceD0EntryPostInterruptsEnabled(
			 (WDFDEVICE)device, WdfPowerDeviceD3));
	return status;
}

static void delete(struct device *device)
{
	fake_purge(device);
	fake_object_delete(&device->object);
	fake_driver.device = NULL;
}

static NTSTATUS start(struct device *device)
{
	WDF_PNPPOWER_EVENT_CALLBACKS *c = &device->init.power;
	NTSTATUS status = prepare(device);

	if (NT_SUCCESS(status))
		status = enter_d0(device);
	if (NT_SUCCESS(status))
		CALLBACK(status = c->EvtDeviceSelfManagedIoInit((WDFDEVICE)device));
	device->self_managed = NT_SUCCESS(status);
	if (!NT_SUCCESS(status)) {
		leave_d0(device, WdfPowerDeviceD3Final);
		release(device);
	}
	return status;
}

int32_t fake_add(void)
{
	struct device_init init = { 0 };
	NTSTATUS status;

	if (!machine_connect())
		return STATUS_NO_SUCH_DEVICE;
	CALLBACK(status = fake_driver.add((WDFDRIVER)fake_driver.object, (PWDFDEVICE_INIT)&init));
	if (NT_SUCCESS(status))
		status = start(fake_driver.device);
	if (!NT_SUCCESS(status)) {
		if (fake_driver.device)
			delete(fake_driver.device);
		machine_disconnect();
	}
	return status;
}

int32_t fake_power_down(void)
{
	leave_d0(fake_driver.device, WdfPowerDeviceD3);
	return STATUS_SUCCESS;
}

int32_t fake_power_up(void)
{
	return enter_d0(fake_driver.device);
}

int32_t fake_rebalance(void)
{
	struct device *device = fake_driver.device;
	NTSTATUS status;

	leave_d0(device, WdfPowerDeviceD3);
	release(device);
	status = prepare(device);
	return NT_SUCCESS(status) ? enter_d0(device) : status;
}

void fake_surprise(void)
{
	struct device *device = fake_driver.device;

	CALLBACK(device->init.power.EvtDeviceSurpriseRemoval((WDFDEVICE)device));
	leave_d0(device, WdfPowerDeviceD3Final);
	release(device);
}

void fake_remove(void)
{
	struct device *device = fake_driver.device;

	for (struct object *o = device->object.children; o; o = o->sibling)
		RULE(o->type != T_FILE, "a device is removed with a handle open");
	leave_d0(device, WdfPowerDeviceD3Final);
	release(device);
	fake_purge(device);
	if (device->self_managed)
		CALLBACK(device->init.power.EvtDeviceSelfManagedIoCleanup((WDFDEVICE)device));
	delete(device);
	machine_disconnect();
}
