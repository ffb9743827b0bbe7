/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NETRA_IOC_WAIT: requests that are kept until their handle has something. They
 * lie in a queue of the framework, which cancels them when it is asked to, and
 * purges them with the device: there is no cancel routine to get wrong.
 *
 * Requests are completed without dev->lock: completing one may run other code.
 */
#include "control.h"

#define AT_ONCE	16

struct finished {
	WDFREQUEST request;
	NTSTATUS status;
	uint32_t ready;
};

/* What there is for a handle; or, if anything is final, that. */
static bool ready(const struct netra_file *file, NTSTATUS *status, uint32_t *flags)
{
	const struct netra_device *dev = file->dev;

	*status = STATUS_SUCCESS;
	*flags = 0;
	if (netra_event_waits(file))
		*flags |= NETRA_READY_EVENT;
	if (netra_readers_ready(file))
		*flags |= NETRA_READY_FRAMES;
	if (*flags)
		return true;
	if (file->closed)
		*status = (NTSTATUS)STATUS_CANCELLED;
	else if (dev->dead)
		*status = STATUS_DEVICE_REMOVED;
	else if (dev->host.lost)
		*status = netra_status(dev->host.lost);
	return *status != STATUS_SUCCESS;
}

static void complete(const struct finished *f)
{
	struct netra_ioc_wait *out;
	NTSTATUS status = f->status;

	if (NT_SUCCESS(status))
		status = WdfRequestRetrieveOutputBuffer(f->request, sizeof(*out),
							(PVOID *)&out, NULL);
	if (!NT_SUCCESS(status)) {
		WdfRequestComplete(f->request, status);
		return;
	}
	*out = (struct netra_ioc_wait){ .ready = f->ready };
	WdfRequestCompleteWithInformation(f->request, status, sizeof(*out));
}

NTSTATUS netra_call_wait(struct netra_call *call)
{
	struct netra_ioc_wait *out = call->out;
	uint32_t flags;
	NTSTATUS status;

	if (!ready(call->file, &status, &flags)) {
		status = WdfRequestForwardToIoQueue(call->request, call->file->dev->waits);
		return NT_SUCCESS(status) ? STATUS_PENDING : status;
	}
	*out = (struct netra_ioc_wait){ .ready = flags };
	call->done = sizeof(*out);
	return status;
}

/* With dev->lock: some requests of handles that are ready. */
static ULONG collect(struct netra_device *dev, struct finished *list)
{
	ULONG n = 0;

	for (LIST_ENTRY *at = dev->files.Flink; at != &dev->files; at = at->Flink) {
		struct netra_file *file = CONTAINING_RECORD(at, struct netra_file, entry);
		struct finished f;

		if (!ready(file, &f.status, &f.ready))
			continue;
		while (n < AT_ONCE &&
		       NT_SUCCESS(WdfIoQueueRetrieveRequestByFileObject(dev->waits, file->wdf,
									&f.request)))
			list[n++] = f;
	}
	return n;
}

void netra_waits_serve(struct netra_device *dev)
{
	struct finished list[AT_ONCE];
	ULONG n;

	do {
		netra_lock(dev);
		n = collect(dev, list);
		/* Those who wait for an answer look for themselves. */
		KeSetEvent(&dev->changed, IO_NO_INCREMENT, FALSE);
		netra_unlock(dev);
		for (ULONG i = 0; i < n; i++)
			complete(&list[i]);
	} while (n == AT_ONCE);
}

void netra_waits_end(struct netra_file *file)
{
	WDFREQUEST request;

	while (NT_SUCCESS(WdfIoQueueRetrieveRequestByFileObject(file->dev->waits, file->wdf,
								&request)))
		WdfRequestComplete(request, (NTSTATUS)STATUS_CANCELLED);
}
