/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of an IRP. Wine frees it at once, though a cancel of it may already be
 * queued for the thread that hands out requests, which then cancels freed memory
 * (its IRP_CALL_CANCEL has the bare address; seen with 8.0). So IRPs are kept, and
 * freed when many more have ended: the queue is in order and never as long.
 */
#include "shim.h"

#define KEPT 256

static PIRP kept[KEPT];
static unsigned int at;

/* What Wine would have called. */
struct end {
	PIO_COMPLETION_ROUTINE routine;
	PVOID context;
	bool keep;
};

static NTSTATUS NTAPI ended(PDEVICE_OBJECT wdm, PIRP irp, PVOID context)
{
	struct end *end = context;

	/* Else it ends later, by the thread that is still handing it out. */
	end->keep = end->routine(wdm, irp, end->context) != STATUS_MORE_PROCESSING_REQUIRED;
	return STATUS_MORE_PROCESSING_REQUIRED;
}

static void keep(PIRP irp)
{
	PIRP oldest;

	shim_lock();
	oldest = kept[at];
	kept[at] = irp;
	at = (at + 1) % KEPT;
	shim_unlock();
	/* It has been through all completion routines: now it is freed. */
	if (oldest)
		IoCompleteRequest(oldest, IO_NO_INCREMENT);
}

void shim_end_irp(PIRP irp, NTSTATUS status, ULONG_PTR bytes)
{
	IO_STACK_LOCATION *ours = IoGetCurrentIrpStackLocation(irp);
	struct end end = { .routine = ours->CompletionRoutine, .context = ours->Context };

	ours->CompletionRoutine = ended;
	ours->Context = &end;
	irp->IoStatus.Status = status;
	irp->IoStatus.Information = bytes;
	IoCompleteRequest(irp, IO_NO_INCREMENT);
	if (end.keep)
		keep(irp);
}
