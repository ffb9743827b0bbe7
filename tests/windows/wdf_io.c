/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files, queues and requests. A request's buffers are blocks of exactly the
 * length that a program gave, so that ASan sees every byte too many.
 */
#include <string.h>

#include "wdf_objects.h"

struct fake_handle {
	struct object object;		/* first: the WDFFILEOBJECT */
	bool write;
};

struct request {
	struct object object;		/* first */
	struct fake_handle *file;
	struct fake_io io;
	void *system;			/* METHOD_BUFFERED's, or the input of OUT_DIRECT */
	void *process;
	bool create;			/* IRP_MJ_CREATE */
	bool owned;			/* by the driver: it may be completed */
	bool completed;
	bool canceled;
	struct queue *queue;		/* waits in it */
	struct request *next;
	NTSTATUS status;
	size_t done;
};

#define METHOD(code) ((code) & 3)

/* ---- requests ------------------------------------------------------------ */

static void *of(void *handle, enum type type)
{
	struct object *o = handle;

	RULE(o && o->type == type, "a handle of another kind");
	return o;
}

static struct request *mine(WDFREQUEST handle)
{
	struct request *r = of(handle, T_REQUEST);

	RULE(!r->completed, "a request is used after it was completed");
	RULE(r->owned, "a request is used that lies in a queue");
	return r;
}

/* What the I/O manager does then, and the driver's buffer is gone. */
static void finish(struct request *r, NTSTATUS status, size_t done)
{
	RULE(status != STATUS_PENDING, "completed with STATUS_PENDING");
	machine_lock();
	r->owned = false;
	r->completed = true;
	r->status = status;
	r->done = NT_ERROR(status) ? 0 : done;
	RULE(r->create || r->done <= r->io.out_bytes, "more is given out than there is room for");
	if (!r->create && METHOD(r->io.code) == METHOD_BUFFERED && r->done)
		memcpy(r->io.out, r->system, r->done);
	free(r->system);
	r->system = NULL;
	machine_changed();
	machine_unlock();
}

static VOID NTAPI complete_information(PWDF_DRIVER_GLOBALS g, WDFREQUEST handle, NTSTATUS status,
				       ULONG_PTR done)
{
	(void)g;
	AT_MOST(DISPATCH);
	RULE(!fake_self()->locks, "a request is completed with a lock held");
	finish(mine(handle), status, done);
}

static VOID NTAPI complete(PWDF_DRIVER_GLOBALS g, WDFREQUEST handle, NTSTATUS status)
{
	complete_information(g, handle, status, 0);
}

static VOID NTAPI get_parameters(PWDF_DRIVER_GLOBALS g, WDFREQUEST handle, PWDF_REQUEST_PARAMETERS p)
{
	struct request *r = mine(handle);

	(void)g;
	RULE(p->Size == sizeof(*p), "parameters were not initialised");
	p->Type = WdfRequestTypeDeviceControl;
	p->Parameters.DeviceIoControl.IoControlCode = r->io.code;
	p->Parameters.DeviceIoControl.InputBufferLength = r->io.in_bytes;
	p->Parameters.DeviceIoControl.OutputBufferLength = r->io.out_bytes;
}

static NTSTATUS NTAPI input_buffer(PWDF_DRIVER_GLOBALS g, WDFREQUEST handle, size_t least, PVOID *at,
				   size_t *bytes)
{
	struct request *r = mine(handle);

	(void)g;
	if (fake_fails("WdfRequestRetrieveInputBuffer"))
		return STATUS_INSUFFICIENT_RESOURCES;
	if (r->io.in_bytes < least)
		return STATUS_BUFFER_TOO_SMALL;
	*at = r->system;
	if (bytes)
		*bytes = r->io.in_bytes;
	return STATUS_SUCCESS;
}

static NTSTATUS NTAPI output_buffer(PWDF_DRIVER_GLOBALS g, WDFREQUEST handle, size_t least, PVOID *at,
				    size_t *bytes)
{
	struct request *r = mine(handle);

	(void)g;
	if (fake_fails("WdfRequestRetrieveOutputBuffer") || r->io.fails_mapping)
		return STATUS_INSUFFICIENT_RESOURCES;
	if (r->io.out_bytes < least)
		return STATUS_BUFFER_TOO_SMALL;
	*at = METHOD(r->io.code) == METHOD_BUFFERED ? r->system : r->io.out;
	if (bytes)
		*bytes = r->io.out_bytes;
	return STATUS_SUCCESS;
}

static WDFFILEOBJECT NTAPI request_file(PWDF_DRIVER_GLOBALS g, WDFREQUEST handle)
{
	(void)g;
	return (WDFFILEOBJECT)mine(handle)->file;
}

/* ---- queues -------------------------------------------------------------- */

static NTSTATUS NTAPI queue_create(PWDF_DRIVER_GLOBALS g, WDFDEVICE handle, PWDF_IO_QUEUE_CONFIG c,
				   PWDF_OBJECT_ATTRIBUTES attributes, WDFQUEUE *to)
{
	struct device *device = of(handle, T_DEVICE);
	struct queue *queue;

	(void)g;
	AT_MOST(PASSIVE);
	RULE(c->Size == sizeof(*c), "a configuration was not initialised");
	if (fake_fails("WdfIoQueueCreate"))
		return STATUS_INSUFFICIENT_RESOURCES;
	queue = (struct queue *)fake_object_new(T_QUEUE, sizeof(*queue), &device->object, attributes);
	queue->config = *c;
	if (c->DefaultQueue)
		device->queue = queue;
	*to = (WDFQUEUE)queue;
	return STATUS_SUCCESS;
}

static NTSTATUS NTAPI enqueue(PWDF_DRIVER_GLOBALS g, WDFDEVICE handle, WDFREQUEST request)
{
	struct device *device = of(handle, T_DEVICE);
	struct request *r = mine(request);

	(void)g;
	if (fake_fails("WdfDeviceEnqueueRequest"))
		return STATUS_INSUFFICIENT_RESOURCES;
	if (device->purged)
		return STATUS_INVALID_DEVICE_STATE;
	device->queue->config.EvtIoDeviceControl((WDFQUEUE)device->queue, request, r->io.out_bytes,
						 r->io.in_bytes, r->io.code);
	return STATUS_SUCCESS;
}

static NTSTATUS NTAPI forward(PWDF_DRIVER_GLOBALS g, WDFREQUEST request, WDFQUEUE handle)
{
	struct queue *queue = of(handle, T_QUEUE);
	struct request *r = mine(request);
	bool canceled;

	(void)g;
	AT_MOST(DISPATCH);
	RULE(queue->config.DispatchType == WdfIoQueueDispatchManual, "forwarded to where it came from");
	if (fake_fails("WdfRequestForwardToIoQueue"))
		return STATUS_INSUFFICIENT_RESOURCES;
	if (((struct device *)queue->object.parent)->purged)
		return STATUS_INVALID_DEVICE_STATE;
	machine_lock();
	canceled = r->canceled;
	r->owned = false;
	if (!canceled) {
		r->queue = queue;
		r->next = queue->first;
		queue->first = r;
	}
	machine_unlock();
	if (canceled)
		finish(r, (NTSTATUS)STATUS_CANCELLED, 0);
	return STATUS_SUCCESS;
}

static bool unlink_request(struct request *r)
{
	struct request **at;

	if (!r->queue)
		return false;
	for (at = &r->queue->first; *at != r; at = &(*at)->next)
		;
	*at = r->next;
	r->queue = NULL;
	return true;
}

static NTSTATUS NTAPI retrieve_by_file(PWDF_DRIVER_GLOBALS g, WDFQUEUE handle, WDFFILEOBJECT file,
				       WDFREQUEST *request)
{
	struct queue *queue = of(handle, T_QUEUE);
	struct request *r;

	(void)g, (void)of(file, T_FILE);
	AT_MOST(DISPATCH);
	machine_lock();
	r = queue->first;
	while (r && (WDFFILEOBJECT)r->file != file)
		r = r->next;
	if (r) {
		unlink_request(r);
		r->owned = true;
	}
	machine_unlock();
	*request = (WDFREQUEST)r;
	return r ? STATUS_SUCCESS : (NTSTATUS)STATUS_NO_MORE_ENTRIES;
}

void fake_io_table(WDFFUNC *table)
{
#define SET(name, function) table[Wdf##name##Index] = (WDFFUNC)(function)
	SET(RequestComplete, complete);
	SET(RequestCompleteWithInformation, complete_information);
	SET(RequestGetParameters, get_parameters);
	SET(RequestRetrieveInputBuffer, input_buffer);
	SET(RequestRetrieveOutputBuffer, output_buffer);
	SET(RequestGetFileObject, request_file);
	SET(RequestForwardToIoQueue, forward);
	SET(IoQueueCreate, queue_create);
	SET(IoQueueRetrieveRequestByFileObject, retrieve_by_file);
	SET(DeviceEnqueueRequest, enqueue);
}

/* The framework ends what lies in its queues when the device goes. */
void fake_purge(struct device *device)
{
	device->purged = true;
	for (struct object *o = device->object.children; o; o = o->sibling) {
		struct queue *queue = (struct queue *)o;

		if (o->type != T_QUEUE)
			continue;
		for (;;) {
			struct request *r;

			machine_lock();
			r = queue->first;
			if (r)
				unlink_request(r);
			machine_unlock();
			if (!r)
				break;
			finish(r, (NTSTATUS)STATUS_CANCELLED, 0);
		}
	}
}

/* ---- what programs do ---------------------------------------------------- */

static struct request *new_request(struct fake_handle *file, void *process)
{
	struct request *r = (struct request *)fake_object_new(T_REQUEST, sizeof(*r), NULL, NULL);

	fake_count(FAKE_REQUEST, 1);
	r->file = file;
	r->process = process;
	r->owned = true;
	return r;
}

static void free_request(struct request *r)
{
	fake_count(FAKE_REQUEST, -1);
	fake_object_delete(&r->object);
}

int32_t fake_open(void *process, bool write, struct fake_handle **handle)
{
	struct device *device = fake_driver.device;
	struct fake_handle *file;
	struct request *r;
	NTSTATUS status;

	file = (struct fake_handle *)fake_object_new(T_FILE, sizeof(*file), &device->object,
						     &device->init.file_attributes);
	file->write = write;
	r = new_request(file, process);
	r->create = true;
	fake_self()->process = process;
	CALLBACK(device->init.files.EvtDeviceFileCreate((WDFDEVICE)device, (WDFREQUEST)r,
							(WDFFILEOBJECT)file));
	RULE(r->completed, "a create is not completed");
	status = r->status;
	free_request(r);
	if (!NT_SUCCESS(status)) {
		fake_object_delete(&file->object);
		return status;
	}
	*handle = file;
	return status;
}

void fake_close(struct fake_handle *file, void *process)
{
	struct device *device = fake_driver.device;

	fake_self()->process = process;
	CALLBACK(device->init.files.EvtFileCleanup((WDFFILEOBJECT)file));
	CALLBACK(device->init.files.EvtFileClose((WDFFILEOBJECT)file));
	fake_object_delete(&file->object);
}

struct fake_request *fake_begin(struct fake_handle *file, void *process, const struct fake_io *io)
{
	struct device *device = fake_driver.device;
	struct request *r = new_request(file, process);
	size_t bytes = io->in_bytes;

	r->io = *io;
	if (METHOD(io->code) == METHOD_BUFFERED && io->out_bytes > bytes)
		bytes = io->out_bytes;
	if (bytes)
		r->system = malloc(bytes);
	if (io->in_bytes)
		memcpy(r->system, io->in, io->in_bytes);
	/* The I/O manager looks at the code's access bits. */
	if ((io->code >> 14 & FILE_WRITE_DATA && !file->write)) {
		finish(r, STATUS_ACCESS_DENIED, 0);
		return (struct fake_request *)r;
	}
	fake_self()->process = process;
	CALLBACK(device->init.in_caller((WDFDEVICE)device, (WDFREQUEST)r));
	return (struct fake_request *)r;
}

bool fake_done(struct fake_request *request)
{
	bool done;

	machine_lock();
	done = ((struct request *)request)->completed;
	machine_unlock();
	return done;
}

void fake_cancel(struct fake_request *request)
{
	struct request *r = (struct request *)request;
	bool waited;

	machine_lock();
	r->canceled = true;
	waited = unlink_request(r);
	machine_unlock();
	if (waited)
		finish(r, (NTSTATUS)STATUS_CANCELLED, 0);
}

int32_t fake_end(struct fake_request *request, unsigned int ms, size_t *done)
{
	struct request *r = (struct request *)request;
	const uint64_t until = machine_now_ns() + (uint64_t)ms * 1000000;
	NTSTATUS status;

	machine_lock();
	while (!r->completed && machine_wait(until))
		;
	RULE(r->completed, "a request of code %#x is not completed in %u ms",
	     (unsigned int)r->io.code, ms);
	machine_unlock();
	status = r->status;
	if (done)
		*done = r->done;
	free_request(r);
	return status;
}

int32_t fake_call(struct fake_handle *handle, void *process, const struct fake_io *io, size_t *done)
{
	return fake_end(fake_begin(handle, process, io), 10000, done);
}
