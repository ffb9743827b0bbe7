/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handles, requests and queues. Wine hands out one request at a time, in a
 * thread that stands for the caller's; all but what must be there goes on in a
 * pool, as a queue with parallel dispatch would have it.
 */
#include "shim.h"

static struct request *request_of(WDFREQUEST handle)
{
	return shim_object(handle, KIND_REQUEST);
}

static struct request *new_request(struct device *d, PIRP irp)
{
	struct request *r = shim_object_new(KIND_REQUEST, sizeof(*r), NULL, NULL);

	r->device = d;
	r->irp = irp;
	r->file = IoGetCurrentIrpStackLocation(irp)->FileObject->FsContext;
	InterlockedIncrement(&r->file->uses);
	InterlockedIncrement(&d->requests);
	IoMarkIrpPending(irp);
	return r;
}

/* Closed when its handle is, and the last of its requests has ended. */
static void put_file(struct file *f)
{
	struct device *d = f->device;

	if (InterlockedDecrement(&f->uses))
		return;
	if (d->init.file.EvtFileClose)
		d->init.file.EvtFileClose((WDFFILEOBJECT)f);
	shim_object_delete(&f->object);
}

static void complete(struct request *r, NTSTATUS status, ULONG_PTR bytes)
{
	struct device *d = r->device;
	struct file *f = r->file;
	PIRP irp = r->irp;

	shim_object_delete(&r->object);
	shim_end_irp(irp, status, bytes);
	put_file(f);
	InterlockedDecrement(&d->requests);
}

/* ---- handles ------------------------------------------------------------------ */

static void open_file(struct device *d, PIRP irp)
{
	struct request *r;
	struct file *f;

	f = shim_object_new(KIND_FILE, sizeof(*f), &d->object,
			    d->init.file_attributes.Size ? &d->init.file_attributes : NULL);
	f->device = d;
	f->uses = 1;
	IoGetCurrentIrpStackLocation(irp)->FileObject->FsContext = f;
	r = new_request(d, irp);
	if (d->init.file.EvtDeviceFileCreate)
		d->init.file.EvtDeviceFileCreate((WDFDEVICE)d, (WDFREQUEST)r, (WDFFILEOBJECT)f);
	else
		complete(r, STATUS_SUCCESS, 0);
}

/*
 * Wine has one message for what Windows has two for, cleanup and close, and sends
 * it while calls of a program that was killed may still be under way.
 */
static void close_file(struct device *d, PIRP irp)
{
	struct file *f = IoGetCurrentIrpStackLocation(irp)->FileObject->FsContext;

	if (f) {
		shim_cancel_requests(d, f);
		if (d->init.file.EvtFileCleanup)
			d->init.file.EvtFileCleanup((WDFFILEOBJECT)f);
		put_file(f);
	}
	irp->IoStatus.Status = STATUS_SUCCESS;
	IoCompleteRequest(irp, IO_NO_INCREMENT);
}

NTSTATUS NTAPI shim_dispatch_file(PDEVICE_OBJECT wdm, PIRP irp)
{
	struct device *d = shim_device_of(wdm);

	if (IoGetCurrentIrpStackLocation(irp)->MajorFunction == IRP_MJ_CREATE) {
		open_file(d, irp);
		return STATUS_PENDING;
	}
	close_file(d, irp);
	return STATUS_SUCCESS;
}

WDFDEVICE NTAPI shim_FileObjectGetDevice(PWDF_DRIVER_GLOBALS globals, WDFFILEOBJECT handle)
{
	(void)globals;
	return (WDFDEVICE)((struct file *)shim_object(handle, KIND_FILE))->device;
}

/* ---- queues ------------------------------------------------------------------- */

NTSTATUS NTAPI shim_IoQueueCreate(PWDF_DRIVER_GLOBALS globals, WDFDEVICE device,
				  PWDF_IO_QUEUE_CONFIG config, PWDF_OBJECT_ATTRIBUTES a,
				  WDFQUEUE *out)
{
	struct device *d = shim_object(device, KIND_DEVICE);
	struct queue *q = shim_object_new(KIND_QUEUE, sizeof(*q), &d->object, a);

	(void)globals;
	if (config->Size != sizeof(*config))
		return STATUS_INFO_LENGTH_MISMATCH;
	q->device = d;
	q->config = *config;
	InitializeListHead(&q->requests);
	InsertTailList(&d->queues, &q->sibling);
	if (config->DefaultQueue)
		d->default_queue = q;
	if (out)
		*out = (WDFQUEUE)q;
	return STATUS_SUCCESS;
}

WDFDEVICE NTAPI shim_IoQueueGetDevice(PWDF_DRIVER_GLOBALS globals, WDFQUEUE handle)
{
	(void)globals;
	return (WDFDEVICE)((struct queue *)shim_object(handle, KIND_QUEUE))->device;
}

/* Out of its queue, for one who then completes it; false: a cancel has it. */
static bool unqueue_locked(struct request *r)
{
	if (!IoSetCancelRoutine(r->irp, NULL))
		return false;
	RemoveEntryList(&r->entry);
	return true;
}

static VOID NTAPI on_cancel(PDEVICE_OBJECT wdm, PIRP irp)
{
	struct device *d = shim_device_of(wdm);
	struct request *found = NULL;

	IoReleaseCancelSpinLock(irp->CancelIrql);
	shim_lock();
	for (LIST_ENTRY *q = d->queues.Flink; q != &d->queues; q = q->Flink) {
		struct queue *queue = CONTAINING_RECORD(q, struct queue, sibling);

		for (LIST_ENTRY *e = queue->requests.Flink; e != &queue->requests; e = e->Flink) {
			struct request *r = CONTAINING_RECORD(e, struct request, entry);

			if (r->irp == irp)
				found = r;
		}
	}
	if (found)
		RemoveEntryList(&found->entry);
	shim_unlock();
	if (found)
		complete(found, STATUS_CANCELLED, 0);
}

static struct request *take_waiting(struct device *d, struct queue *only, struct file *file)
{
	struct request *found = NULL;

	shim_lock();
	for (LIST_ENTRY *q = d->queues.Flink; !found && q != &d->queues; q = q->Flink) {
		struct queue *queue = CONTAINING_RECORD(q, struct queue, sibling);

		if (only && queue != only)
			continue;
		for (LIST_ENTRY *e = queue->requests.Flink; !found && e != &queue->requests;) {
			struct request *r = CONTAINING_RECORD(e, struct request, entry);

			e = e->Flink;
			if ((!file || r->file == file) && unqueue_locked(r))
				found = r;
		}
	}
	shim_unlock();
	return found;
}

void shim_cancel_requests(struct device *d, struct file *file)
{
	struct request *r;

	while ((r = take_waiting(d, NULL, file)))
		complete(r, STATUS_CANCELLED, 0);
}

NTSTATUS NTAPI shim_RequestForwardToIoQueue(PWDF_DRIVER_GLOBALS globals, WDFREQUEST handle,
					    WDFQUEUE queue)
{
	struct queue *q = shim_object(queue, KIND_QUEUE);
	struct request *r = request_of(handle);
	bool cancelled;

	(void)globals;
	if (q->config.DispatchType != WdfIoQueueDispatchManual)
		shim_die("forwarding to a queue that is not manual");
	shim_lock();
	InsertTailList(&q->requests, &r->entry);
	IoSetCancelRoutine(r->irp, on_cancel);
	cancelled = r->irp->Cancel && unqueue_locked(r);
	shim_unlock();
	if (cancelled)
		complete(r, STATUS_CANCELLED, 0);
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI shim_IoQueueRetrieveRequestByFileObject(PWDF_DRIVER_GLOBALS globals,
						       WDFQUEUE queue, WDFFILEOBJECT file,
						       WDFREQUEST *out)
{
	struct queue *q = shim_object(queue, KIND_QUEUE);
	struct request *r = take_waiting(q->device, q, shim_object(file, KIND_FILE));

	(void)globals;
	*out = (WDFREQUEST)r;
	return r ? STATUS_SUCCESS : STATUS_NO_MORE_ENTRIES;
}

/* ---- requests ----------------------------------------------------------------- */

static ULONG __stdcall serve(void *context)
{
	struct request *r = context;
	IO_STACK_LOCATION *at = IoGetCurrentIrpStackLocation(r->irp);
	struct queue *q = r->device->default_queue;

	q->config.EvtIoDeviceControl((WDFQUEUE)q, (WDFREQUEST)r,
				     at->Parameters.DeviceIoControl.OutputBufferLength,
				     at->Parameters.DeviceIoControl.InputBufferLength,
				     at->Parameters.DeviceIoControl.IoControlCode);
	return 0;
}

NTSTATUS NTAPI shim_DeviceEnqueueRequest(PWDF_DRIVER_GLOBALS globals, WDFDEVICE device,
					 WDFREQUEST handle)
{
	struct request *r = request_of(handle);

	(void)globals;
	shim_object(device, KIND_DEVICE);
	if (!r->device->default_queue || !QueueUserWorkItem(serve, r, 0))
		return STATUS_INVALID_DEVICE_STATE;
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI shim_dispatch_control(PDEVICE_OBJECT wdm, PIRP irp)
{
	struct device *d = shim_device_of(wdm);
	struct request *r = new_request(d, irp);

	if (d->init.in_caller)
		d->init.in_caller((WDFDEVICE)d, (WDFREQUEST)r);
	else if (!d->default_queue || !QueueUserWorkItem(serve, r, 0))
		complete(r, STATUS_INVALID_DEVICE_STATE, 0);
	return STATUS_PENDING;
}

VOID NTAPI shim_RequestComplete(PWDF_DRIVER_GLOBALS globals, WDFREQUEST handle, NTSTATUS status)
{
	(void)globals;
	complete(request_of(handle), status, 0);
}

VOID NTAPI shim_RequestCompleteWithInformation(PWDF_DRIVER_GLOBALS globals, WDFREQUEST handle,
					       NTSTATUS status, ULONG_PTR bytes)
{
	(void)globals;
	complete(request_of(handle), status, bytes);
}

VOID NTAPI shim_RequestGetParameters(PWDF_DRIVER_GLOBALS globals, WDFREQUEST handle,
				     PWDF_REQUEST_PARAMETERS p)
{
	IO_STACK_LOCATION *at = IoGetCurrentIrpStackLocation(request_of(handle)->irp);

	(void)globals;
	if (p->Size != sizeof(*p))
		shim_die("request parameters of %u bytes", p->Size);
	p->Type = at->MajorFunction;
	p->Parameters.DeviceIoControl.OutputBufferLength =
		at->Parameters.DeviceIoControl.OutputBufferLength;
	p->Parameters.DeviceIoControl.InputBufferLength =
		at->Parameters.DeviceIoControl.InputBufferLength;
	p->Parameters.DeviceIoControl.IoControlCode = at->Parameters.DeviceIoControl.IoControlCode;
}

static NTSTATUS give(PVOID from, size_t have, size_t least, PVOID *buffer, size_t *bytes)
{
	if (!have || have < least)
		return STATUS_BUFFER_TOO_SMALL;
	*buffer = from;
	if (bytes)
		*bytes = have;
	return from ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS NTAPI shim_RequestRetrieveInputBuffer(PWDF_DRIVER_GLOBALS globals, WDFREQUEST handle,
					       size_t least, PVOID *buffer, size_t *bytes)
{
	PIRP irp = request_of(handle)->irp;
	IO_STACK_LOCATION *at = IoGetCurrentIrpStackLocation(irp);

	(void)globals;
	return give(irp->AssociatedIrp.SystemBuffer,
		    at->Parameters.DeviceIoControl.InputBufferLength, least, buffer, bytes);
}

NTSTATUS NTAPI shim_RequestRetrieveOutputBuffer(PWDF_DRIVER_GLOBALS globals, WDFREQUEST handle,
						size_t least, PVOID *buffer, size_t *bytes)
{
	PIRP irp = request_of(handle)->irp;
	IO_STACK_LOCATION *at = IoGetCurrentIrpStackLocation(irp);
	PVOID from = irp->AssociatedIrp.SystemBuffer;

	(void)globals;
	if ((at->Parameters.DeviceIoControl.IoControlCode & 3) != METHOD_BUFFERED)
		from = irp->MdlAddress ? MmGetSystemAddressForMdlSafe(irp->MdlAddress,
								      NormalPagePriority) :
					 NULL;
	return give(from, at->Parameters.DeviceIoControl.OutputBufferLength, least, buffer,
		    bytes);
}

WDFFILEOBJECT NTAPI shim_RequestGetFileObject(PWDF_DRIVER_GLOBALS globals, WDFREQUEST handle)
{
	(void)globals;
	return (WDFFILEOBJECT)request_of(handle)->file;
}
