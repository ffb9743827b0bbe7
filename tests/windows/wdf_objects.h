/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the fake KMDF tell each other. */
#ifndef TESTS_WINDOWS_WDF_OBJECTS_H
#define TESTS_WINDOWS_WDF_OBJECTS_H

#include <wdf.h>

#include "fake.h"

#define malloc __builtin_malloc
#define calloc __builtin_calloc
#define free __builtin_free

enum type {
	T_DRIVER = 0x4400, T_KEY, T_DEVICE, T_DMA, T_INTERRUPT, T_LOCK, T_QUEUE, T_REQUEST, T_FILE
};

struct object {
	enum type type;
	struct object *parent;
	struct object *children;
	struct object *sibling;
	PFN_WDF_OBJECT_CONTEXT cleanup;
	const WDF_OBJECT_CONTEXT_TYPE_INFO *context_type;
	void *context;
};

struct device_init {
	WDF_PNPPOWER_EVENT_CALLBACKS power;
	WDF_FILEOBJECT_CONFIG files;
	WDF_OBJECT_ATTRIBUTES file_attributes;
	EVT_WDF_IO_IN_CALLER_CONTEXT *in_caller;
	bool secure_open;
};

struct interrupt {
	struct object object;
	WDF_INTERRUPT_CONFIG config;
	bool dpc_queued;
};

struct lock {
	struct object object;
	uint64_t owner;		/* 0 = free */
};

struct resources {
	ULONG count;
	CM_PARTIAL_RESOURCE_DESCRIPTOR descriptor[8];
};

struct queue {
	struct object object;
	WDF_IO_QUEUE_CONFIG config;
	struct request *first;	/* of a manual one */
};

struct device {
	struct object object;
	struct device_init init;
	struct interrupt *interrupt;
	struct queue *queue;	/* the default one */
	bool in_d0;
	bool prepared;
	bool self_managed;	/* EvtDeviceSelfManagedIoInit succeeded */
	bool purged;		/* no request gets in any more */
};

extern struct fake_driver {
	struct object *object;
	EVT_WDF_DRIVER_DEVICE_ADD *add;
	struct device *device;
} fake_driver;

struct object *fake_object_new(enum type type, size_t bytes, struct object *parent,
			       PWDF_OBJECT_ATTRIBUTES attributes);
void fake_object_delete(struct object *o);

/* wdf_io.c */
void fake_io_table(WDFFUNC *table);
void fake_purge(struct device *device);

/* Around each callback: it gives back level and locks as it got them. */
#define CALLBACK(call) do {								\
		RULE(fake_self()->level == PASSIVE && !fake_self()->locks, "before " #call);	\
		call;										\
		RULE(fake_self()->level == PASSIVE, #call " leaves the level raised");		\
		RULE(!fake_self()->locks, #call " leaves a lock held");				\
	} while (0)

#endif
