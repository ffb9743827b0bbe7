/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * \\.\NetraN: queues, and the life of handles. Windows gives up a device only
 * after its last handle was closed; removal of a board leaves handles with
 * nothing that works but to be closed.
 */
#include "control.h"

typedef struct netra_file NETRA_FILE;
WDF_DECLARE_CONTEXT_TYPE_WITH_NAME(NETRA_FILE, context_of)

struct netra_file *netra_file_of_wdf(WDFOBJECT file)
{
	return context_of(file);
}

static VOID NTAPI file_create(WDFDEVICE wdf, WDFREQUEST request, WDFFILEOBJECT object)
{
	struct netra_device *dev = netra_device_of_wdf(wdf);
	struct netra_file *file = netra_file_of_wdf(object);
	NTSTATUS status = STATUS_SUCCESS;

	netra_lock(dev);
	if (dev->dead) {
		status = STATUS_DEVICE_REMOVED;
	} else {
		file->dev = dev;
		file->wdf = object;
		file->events_taken = dev->log->events;
		/* A create comes in the context of the process that opens. */
		file->process = PsGetCurrentProcess();
		ObReferenceObject(file->process);
		InsertTailList(&dev->files, &file->entry);
	}
	netra_unlock(dev);
	WdfRequestComplete(request, status);
}

/* The last handle was closed. Calls of it may still be on their way. */
static VOID NTAPI file_cleanup(WDFFILEOBJECT object)
{
	struct netra_file *file = netra_file_of_wdf(object);
	struct netra_device *dev = file->dev;

	if (!dev)	/* its create failed */
		return;
	netra_unmap(file);
	netra_lock(dev);
	file->closed = true;
	RemoveEntryList(&file->entry);
	netra_readers_drop(file);
	for (uint32_t i = 0; i < NETRA_CHANNELS_MAX; i++)
		if (file->started >> i & 1)
			netra_file_pass(dev, i, file);
	netra_unlock(dev);
	netra_waits_end(file);
}

static VOID NTAPI file_close(WDFFILEOBJECT object)
{
	struct netra_file *file = netra_file_of_wdf(object);

	if (file->process)
		ObDereferenceObject(file->process);
}

void netra_control_init(PWDFDEVICE_INIT init)
{
	WDF_OBJECT_ATTRIBUTES attributes;
	WDF_FILEOBJECT_CONFIG config;

	WDF_FILEOBJECT_CONFIG_INIT(&config, file_create, file_close, file_cleanup);
	WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(&attributes, NETRA_FILE);
	WdfDeviceInitSetFileObjectConfig(init, &config, &attributes);
	WdfDeviceInitSetIoInCallerContextCallback(init, netra_control_in_caller);
}

/* Not held up by the board's power: what a call needs of it, the call says. */
NTSTATUS netra_control_create(struct netra_device *dev)
{
	WDF_IO_QUEUE_CONFIG config;
	NTSTATUS status;
	WDFQUEUE queue;

	dev->log = netra_allocate(PagedPool, sizeof(*dev->log));
	if (!dev->log)
		return STATUS_INSUFFICIENT_RESOURCES;
	WDF_IO_QUEUE_CONFIG_INIT(&config, WdfIoQueueDispatchManual);
	config.PowerManaged = WdfFalse;
	status = WdfIoQueueCreate(dev->wdf, &config, WDF_NO_OBJECT_ATTRIBUTES, &dev->waits);
	if (!NT_SUCCESS(status))
		return status;
	WDF_IO_QUEUE_CONFIG_INIT_DEFAULT_QUEUE(&config, WdfIoQueueDispatchParallel);
	config.PowerManaged = WdfFalse;
	config.EvtIoDeviceControl = netra_control_ioctl;
	return WdfIoQueueCreate(dev->wdf, &config, WDF_NO_OBJECT_ATTRIBUTES, &queue);
}

void netra_control_delete(struct netra_device *dev)
{
	if (dev->log)
		netra_free(dev->log);
	dev->log = NULL;
}
