/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A loader for KMDF drivers under Wine, which has none: wdfldr.sys gives an
 * unmodified driver the framework's functions that it uses, and, by patching
 * its import table, those of the kernel that Wine lacks (nt.c). Behind it is
 * the emulated board (board.c).
 *
 * Requests run on threads of a pool, as Wine hands out one at a time; one lock
 * guards the shim's own lists, and is never held over a call of the driver.
 * What the driver must not do is for the native tests to find: this shim checks
 * little, but dies loudly on what it does not know.
 */
#ifndef NETRA_WINE_SHIM_H
#define NETRA_WINE_SHIM_H

#include <ntddk.h>
#include <wdf.h>

#include "board.h"
#include "log.h"

/* Of the user mode that Wine's drivers live in. */
__declspec(dllimport) void __stdcall EnterCriticalSection(void *section);
__declspec(dllimport) void __stdcall LeaveCriticalSection(void *section);
__declspec(dllimport) void __stdcall InitializeCriticalSection(void *section);
__declspec(dllimport) int __stdcall QueueUserWorkItem(ULONG (__stdcall *)(void *), void *, ULONG);

enum kind {
	KIND_PLAIN, KIND_DRIVER, KIND_DEVICE, KIND_QUEUE, KIND_REQUEST, KIND_FILE,
	KIND_INTERRUPT, KIND_DMA, KIND_KEY, KIND_RESOURCES, KIND_WAIT_LOCK,
};

/* The head of every object that a handle stands for. */
struct object {
	enum kind kind;
	struct object *parent;
	LIST_ENTRY children;
	LIST_ENTRY sibling;
	PFN_WDF_OBJECT_CONTEXT cleanup;
	PFN_WDF_OBJECT_CONTEXT destroy;
	const WDF_OBJECT_CONTEXT_TYPE_INFO *type;
	void *context;
};

/* All a driver can have been told of at WdfDeviceInit…. */
struct WDFDEVICE_INIT {
	PDEVICE_OBJECT pdo;
	WDF_PNPPOWER_EVENT_CALLBACKS pnp;
	WDF_FILEOBJECT_CONFIG file;
	WDF_OBJECT_ATTRIBUTES file_attributes;
	EVT_WDF_IO_IN_CALLER_CONTEXT *in_caller;
	UNICODE_STRING name;
	WCHAR name_text[64];
	ULONG characteristics;
};

struct driver {
	struct object object;
	PDRIVER_OBJECT wdm;
	WDF_DRIVER_CONFIG config;
	UNICODE_STRING path;
	WCHAR path_text[256];
};

struct resources {
	struct object object;
	ULONG count;
	CM_PARTIAL_RESOURCE_DESCRIPTOR item[BOARD_BARS + 1];
};

struct device {
	struct object object;
	PDEVICE_OBJECT wdm, lower, pdo;
	struct WDFDEVICE_INIT init;
	UNICODE_STRING interface_link;	/* empty = none */
	UNICODE_STRING symbolic_link;
	WCHAR symbolic_text[64];
	struct queue *default_queue;
	struct interrupt *interrupt;
	struct resources *resources;
	LIST_ENTRY queues;
	volatile LONG requests;		/* that have not ended */
	bool powered;			/* in D0, between prepare and release */
	bool begun;			/* SelfManagedIoInit was called */
};

struct queue {
	struct object object;
	struct device *device;
	WDF_IO_QUEUE_CONFIG config;
	LIST_ENTRY requests;		/* waiting in it */
	LIST_ENTRY sibling;
};

struct file {
	struct object object;
	struct device *device;
	volatile LONG uses;		/* its handle, and its requests */
};

struct request {
	struct object object;
	struct device *device;
	struct file *file;
	LIST_ENTRY entry;
	PIRP irp;
};

struct interrupt {
	struct object object;
	struct device *device;
	WDF_INTERRUPT_CONFIG config;
	UCHAR lock[64];			/* a CRITICAL_SECTION */
	volatile LONG dpc_wanted;
};

void shim_lock(void);
void shim_unlock(void);

/* object.c */
void *shim_object_new(enum kind kind, size_t bytes, struct object *parent,
		      const WDF_OBJECT_ATTRIBUTES *attributes);
void shim_object_delete(struct object *object);
void *shim_object(const void *handle, enum kind kind);

/* nt.c */
void shim_patch_imports(void *module);

/* device.c */
static inline struct device *shim_device_of(PDEVICE_OBJECT wdm)
{
	return *(struct device **)wdm->DeviceExtension;
}

struct resources *shim_make_resources(struct device *device);
/** shim_on_interrupt() - On the thread that hears of MSIs, with the device. */
void shim_on_interrupt(void *device);

/* pnp.c */
extern struct driver *shim_driver;

/* irp.c */
/** shim_end_irp() - IoCompleteRequest() of an IRP that the driver was asked for. */
void shim_end_irp(PIRP irp, NTSTATUS status, ULONG_PTR bytes);

/* queue.c */
NTSTATUS NTAPI shim_dispatch_file(PDEVICE_OBJECT wdm, PIRP irp);
NTSTATUS NTAPI shim_dispatch_control(PDEVICE_OBJECT wdm, PIRP irp);
/** shim_cancel_requests() - Of one file, or of all with NULL, that wait in queues. */
void shim_cancel_requests(struct device *device, struct file *file);

/* dma.c */
PDMA_ADAPTER shim_dma_adapter(void);

/* The functions of the table, by the list of the driver's own header. */
#define SHIM_DECLARE(index, result, name, parameters, names)			\
	result NTAPI shim_##name(PWDF_DRIVER_GLOBALS globals, WDF_BARE parameters);
WDF_FUNCTIONS(SHIM_DECLARE)

#endif
