/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boards as Plug and Play devices: what is made when one is found, and the
 * hardware it is given. Which board it is says its device id, read and not
 * assumed; BAR sizes depend on pins and firmware, and are what Windows assigned.
 */
#include "driver.h"
#include "netra_ioctl.h"

#define DEVICES_MAX	64u
#define NAME_LENGTH	40
#define LONGEST_TRANSFER ((size_t)NETRA_DATA_WINDOWS_MAX << 23)

typedef struct netra_device NETRA_DEVICE;
WDF_DECLARE_CONTEXT_TYPE_WITH_NAME(NETRA_DEVICE, context_of)

struct netra_device *netra_device_of_wdf(WDFOBJECT device)
{
	return context_of(device);
}

static volatile LONG numbers[DEVICES_MAX];	/* 1 = taken */
static const GUID interface_guid = NETRA_INTERFACE_GUID;

static VOID NTAPI cleanup(WDFOBJECT object)
{
	struct netra_device *dev = netra_device_of_wdf(object);

	netra_control_delete(dev);
	netra_config_close(dev);
	for (ULONG i = 0; i < NETRA_CHANNELS_MAX; i++)
		if (dev->host.channel[i].frames)
			netra_free(dev->host.channel[i].frames);
	if (dev->numbered)
		InterlockedExchange(&numbers[dev->number], 0);
}

static bool take_number(ULONG *number)
{
	for (*number = 0; *number < DEVICES_MAX; ++*number)
		if (!InterlockedExchange(&numbers[*number], 1))
			return true;
	return false;
}

/* @string: prefix and number, in its own buffer. */
static NTSTATUS make_name(PCWSTR prefix, ULONG number, UNICODE_STRING *string)
{
	WCHAR text[12];
	UNICODE_STRING digits = { .MaximumLength = sizeof(text), .Buffer = text };
	NTSTATUS status = RtlAppendUnicodeToString(string, prefix);

	if (NT_SUCCESS(status))
		status = RtlIntegerToUnicodeString(number, 10, &digits);
	return NT_SUCCESS(status) ? RtlAppendUnicodeStringToString(string, &digits) : status;
}

static NTSTATUS create_device(PWDFDEVICE_INIT init, ULONG number, WDFDEVICE *wdf)
{
	WDF_PNPPOWER_EVENT_CALLBACKS power;
	WDF_OBJECT_ATTRIBUTES attributes;
	WCHAR text[NAME_LENGTH];
	UNICODE_STRING name = { .MaximumLength = sizeof(text), .Buffer = text };
	NTSTATUS status;

	WDF_PNPPOWER_EVENT_CALLBACKS_INIT(&power);
	power.EvtDevicePrepareHardware = netra_prepare_hardware;
	power.EvtDeviceReleaseHardware = netra_release_hardware;
	power.EvtDeviceD0EntryPostInterruptsEnabled = netra_d0_entry;
	power.EvtDeviceD0ExitPreInterruptsDisabled = netra_d0_exit;
	power.EvtDeviceSurpriseRemoval = netra_surprise_removal;
	power.EvtDeviceSelfManagedIoInit = netra_io_init;
	power.EvtDeviceSelfManagedIoCleanup = netra_io_cleanup;
	WdfDeviceInitSetPnpPowerEventCallbacks(init, &power);
	netra_control_init(init);
	/* Who may open it says the INF, also for names below the device's. */
	WdfDeviceInitSetCharacteristics(init, FILE_DEVICE_SECURE_OPEN, TRUE);
	status = make_name(L"\\Device\\Netra", number, &name);
	if (NT_SUCCESS(status))
		status = WdfDeviceInitAssignName(init, &name);
	if (!NT_SUCCESS(status))
		return status;
	WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(&attributes, NETRA_DEVICE);
	attributes.EvtCleanupCallback = cleanup;
	/* IOCTLs come at PASSIVE_LEVEL, any number at once. */
	attributes.ExecutionLevel = WdfExecutionLevelPassive;
	attributes.SynchronizationScope = WdfSynchronizationScopeNone;
	return WdfDeviceCreate(&init, &attributes, wdf);
}

static NTSTATUS create_parts(struct netra_device *dev)
{
	WDF_OBJECT_ATTRIBUTES attributes;
	WDF_DMA_ENABLER_CONFIG dma;
	WCHAR text[NAME_LENGTH];
	UNICODE_STRING name = { .MaximumLength = sizeof(text), .Buffer = text };
	NTSTATUS status;

	WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
	attributes.ParentObject = dev->wdf;
	status = WdfWaitLockCreate(&attributes, &dev->lock);
	if (NT_SUCCESS(status))
		status = netra_config_open(dev);
	/* Its outbound registers hold 64 bits of a bus address. */
	WDF_DMA_ENABLER_CONFIG_INIT(&dma, WdfDmaProfileScatterGather64Duplex,
				    LONGEST_TRANSFER);
	/* The adapter's own lists are used: a lookaside list for this length is large. */
	dma.Flags = WDF_DMA_ENABLER_CONFIG_NO_SGLIST_PREALLOCATION;
	if (NT_SUCCESS(status))
		status = WdfDmaEnablerCreate(dev->wdf, &dma, WDF_NO_OBJECT_ATTRIBUTES,
					     &dev->dma);
	if (NT_SUCCESS(status))
		status = netra_irq_create(dev);
	if (NT_SUCCESS(status))
		status = netra_control_create(dev);
	if (NT_SUCCESS(status))
		status = WdfDeviceCreateDeviceInterface(dev->wdf, &interface_guid, NULL);
	if (NT_SUCCESS(status))
		status = make_name(L"\\DosDevices\\Netra", dev->number, &name);
	if (NT_SUCCESS(status))
		status = WdfDeviceCreateSymbolicLink(dev->wdf, &name);
	return status;
}

/* What fails after the device was made is undone by the framework and cleanup(). */
NTSTATUS NTAPI netra_device_add(WDFDRIVER driver, PWDFDEVICE_INIT init)
{
	struct netra_device *dev;
	WDFDEVICE wdf;
	NTSTATUS status;
	ULONG number;

	UNREFERENCED_PARAMETER(driver);
	if (!take_number(&number))
		return STATUS_TOO_MANY_NAMES;
	status = create_device(init, number, &wdf);
	if (!NT_SUCCESS(status)) {
		InterlockedExchange(&numbers[number], 0);
		return status;
	}
	dev = netra_device_of_wdf(wdf);
	dev->wdf = wdf;
	dev->number = number;
	dev->numbered = true;
	dev->suspended = true;
	dev->wake_ns = UINT64_MAX;
	InitializeListHead(&dev->files);
	KeInitializeEvent(&dev->kick, SynchronizationEvent, FALSE);
	KeInitializeEvent(&dev->changed, NotificationEvent, FALSE);
	KeInitializeEvent(&dev->arena.listed, NotificationEvent, TRUE);
	return create_parts(dev);
}

/* Which BAR a resource is: the raw list has what Windows wrote into it. */
static bool find_bar(struct netra_device *dev, uint64_t address, ULONG *bar)
{
	for (ULONG i = 0; i < NETRA_BARS; i++) {
		ULONG low = netra_config_read(dev, 0x10 + 4 * i);
		bool wide = (low & 6) == 4;
		uint64_t high = wide ? netra_config_read(dev, 0x14 + 4 * i) : 0;

		if (!(low & 1) && (high << 32 | (low & ~0xfu)) == address) {
			*bar = i;
			return true;
		}
		i += wide;
	}
	return false;
}

static void take_resources(struct netra_device *dev, WDFCMRESLIST raw,
			   WDFCMRESLIST translated)
{
	for (ULONG i = 0; i < WdfCmResourceListGetCount(translated); i++) {
		const CM_PARTIAL_RESOURCE_DESCRIPTOR *bus = WdfCmResourceListGetDescriptor(raw, i);
		const CM_PARTIAL_RESOURCE_DESCRIPTOR *cpu =
			WdfCmResourceListGetDescriptor(translated, i);
		ULONG bar;

		if (!bus || !cpu)
			continue;
		if (cpu->Type == CmResourceTypeInterrupt)
			dev->msi_granted = cpu->Flags & CM_RESOURCE_INTERRUPT_MESSAGE;
		if (cpu->Type != CmResourceTypeMemory ||
		    !find_bar(dev, (uint64_t)bus->u.Memory.Start.QuadPart, &bar))
			continue;
		dev->bar[bar] = cpu->u.Memory.Start;
		dev->bar_bus[bar] = (uint64_t)bus->u.Memory.Start.QuadPart;
		dev->host.bar_bytes[bar] = cpu->u.Memory.Length;
	}
}

/* The first time only: after a rebalance the host's half goes on. */
static NTSTATUS identify(struct netra_device *dev)
{
	const ULONG id = netra_config_read(dev, 0);
	const struct netra_soc *soc = netra_soc_by_id((uint16_t)(id >> 16));
	struct netra_parameters parameters;
	LARGE_INTEGER now = KeQueryPerformanceCounter(NULL);
	LARGE_INTEGER date = { .QuadPart = 0 };

	if ((id & 0xffff) != NETRA_VENDOR_TI || !soc)
		return STATUS_NO_SUCH_DEVICE;
	if (dev->host.ops)
		return STATUS_SUCCESS;
	netra_parameters_read(&parameters);
	/* As random as it must be: no other load of the driver may have had it. */
	KeQuerySystemTime(&date);
	netra_host_init(&dev->host, &netra_windows_ops, &parameters.options, soc,
			now.LowPart ^ date.LowPart ^ (ULONG)date.HighPart << 16);
	dev->boot_wanted = parameters.boot;
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI netra_prepare_hardware(WDFDEVICE wdf, WDFCMRESLIST raw,
				      WDFCMRESLIST translated)
{
	struct netra_device *dev = netra_device_of_wdf(wdf);
	NTSTATUS status;

	netra_lock(dev);
	status = identify(dev);
	if (NT_SUCCESS(status)) {
		RtlZeroMemory(dev->host.bar_bytes, sizeof(dev->host.bar_bytes));
		take_resources(dev, raw, translated);
		status = dev->host.bar_bytes[0] < NETRA_BAR0_MIN_BYTES ?
				 STATUS_DEVICE_CONFIGURATION_ERROR :
				 netra_map_bar0(dev);
	}
	netra_unlock(dev);
	return status;
}

NTSTATUS NTAPI netra_release_hardware(WDFDEVICE wdf, WDFCMRESLIST translated)
{
	struct netra_device *dev = netra_device_of_wdf(wdf);

	UNREFERENCED_PARAMETER(translated);
	netra_lock(dev);
	netra_unmap_bars(dev);
	netra_unlock(dev);
	return STATUS_SUCCESS;
}
