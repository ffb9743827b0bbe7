/* SPDX-License-Identifier: BSD-2-Clause */
/* Framework objects: a tree, contexts, and what is built of nothing else. */
#include "shim.h"

static UCHAR lock_room[64];

static void *zeroed(size_t bytes)
{
	void *memory = ExAllocatePoolWithTag(NonPagedPool, bytes, 'mihs');

	if (!memory)
		shim_die("out of memory");
	RtlZeroMemory(memory, bytes);
	return memory;
}

void shim_lock(void)
{
	static volatile LONG made;

	if (!InterlockedCompareExchange(&made, 1, 0)) {
		InitializeCriticalSection(lock_room);
		made = 2;
	}
	while (made != 2)
		;
	EnterCriticalSection(lock_room);
}

void shim_unlock(void)
{
	LeaveCriticalSection(lock_room);
}

void *shim_object_new(enum kind kind, size_t bytes, struct object *parent,
		      const WDF_OBJECT_ATTRIBUTES *attributes)
{
	struct object *o = zeroed(bytes);

	o->kind = kind;
	InitializeListHead(&o->children);
	InitializeListHead(&o->sibling);
	if (attributes) {
		if (attributes->Size != sizeof(*attributes))
			shim_die("attributes of %lu bytes", attributes->Size);
		o->cleanup = attributes->EvtCleanupCallback;
		o->destroy = attributes->EvtDestroyCallback;
		o->type = attributes->ContextTypeInfo;
		if (attributes->ParentObject)
			parent = attributes->ParentObject;
	}
	if (o->type)
		o->context = zeroed(o->type->ContextSize);
	o->parent = parent;
	if (parent) {
		shim_lock();
		InsertTailList(&parent->children, &o->sibling);
		shim_unlock();
	}
	return o;
}

/* Children first, as the framework does. */
void shim_object_delete(struct object *o)
{
	if (o->cleanup)
		o->cleanup(o);
	for (;;) {
		LIST_ENTRY *first;

		shim_lock();
		first = IsListEmpty(&o->children) ? NULL : o->children.Flink;
		shim_unlock();
		if (!first)
			break;
		shim_object_delete(CONTAINING_RECORD(first, struct object, sibling));
	}
	shim_lock();
	RemoveEntryList(&o->sibling);
	shim_unlock();
	if (o->destroy)
		o->destroy(o);
	if (o->context)
		ExFreePoolWithTag(o->context, 'mihs');
	ExFreePoolWithTag(o, 'mihs');
}

void *shim_object(const void *handle, enum kind kind)
{
	struct object *o = (struct object *)(uintptr_t)handle;

	if (!o || o->kind != kind)
		shim_die("handle %p is of kind %d, not %d", handle, o ? (int)o->kind : -1,
			 (int)kind);
	return o;
}

PVOID NTAPI shim_ObjectGetTypedContextWorker(PWDF_DRIVER_GLOBALS globals, WDFOBJECT handle,
					     const WDF_OBJECT_CONTEXT_TYPE_INFO *type)
{
	struct object *o = handle;

	(void)globals;
	return o->type == type->UniqueType ? o->context : NULL;
}

VOID NTAPI shim_ObjectDelete(PWDF_DRIVER_GLOBALS globals, WDFOBJECT handle)
{
	(void)globals;
	shim_object_delete(handle);
}

/* ---- wait locks ------------------------------------------------------------ */

struct wait_lock {
	struct object object;
	KEVENT free;
};

NTSTATUS NTAPI shim_WaitLockCreate(PWDF_DRIVER_GLOBALS globals, PWDF_OBJECT_ATTRIBUTES a,
				   WDFWAITLOCK *out)
{
	struct wait_lock *l = shim_object_new(KIND_WAIT_LOCK, sizeof(*l), NULL, a);

	(void)globals;
	KeInitializeEvent(&l->free, SynchronizationEvent, TRUE);
	*out = (WDFWAITLOCK)l;
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI shim_WaitLockAcquire(PWDF_DRIVER_GLOBALS globals, WDFWAITLOCK handle,
				    PLONGLONG timeout)
{
	struct wait_lock *l = shim_object(handle, KIND_WAIT_LOCK);

	(void)globals;
	return KeWaitForSingleObject(&l->free, Executive, KernelMode, FALSE,
				     (PLARGE_INTEGER)timeout);
}

VOID NTAPI shim_WaitLockRelease(PWDF_DRIVER_GLOBALS globals, WDFWAITLOCK handle)
{
	struct wait_lock *l = shim_object(handle, KIND_WAIT_LOCK);

	(void)globals;
	KeSetEvent(&l->free, 0, FALSE);
}

/* ---- the registry ----------------------------------------------------------- */

struct key {
	struct object object;
	HANDLE handle;
};

NTSTATUS NTAPI shim_DriverOpenParametersRegistryKey(PWDF_DRIVER_GLOBALS globals, WDFDRIVER handle,
						    ACCESS_MASK access, PWDF_OBJECT_ATTRIBUTES a,
						    WDFKEY *out)
{
	struct driver *driver = shim_object(handle, KIND_DRIVER);
	WCHAR text[300];
	UNICODE_STRING path = { .MaximumLength = sizeof(text), .Buffer = text };
	OBJECT_ATTRIBUTES name;
	struct key *key;
	NTSTATUS status;

	(void)globals;
	RtlCopyUnicodeString(&path, &driver->path);
	RtlAppendUnicodeToString(&path, L"\\Parameters");
	InitializeObjectAttributes(&name, &path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
				   NULL);
	key = shim_object_new(KIND_KEY, sizeof(*key), &driver->object, a);
	status = ZwOpenKey(&key->handle, access, &name);
	if (!NT_SUCCESS(status)) {
		shim_object_delete(&key->object);
		return status;
	}
	*out = (WDFKEY)key;
	return status;
}

VOID NTAPI shim_RegistryClose(PWDF_DRIVER_GLOBALS globals, WDFKEY handle)
{
	struct key *key = shim_object(handle, KIND_KEY);

	(void)globals;
	ZwClose(key->handle);
	shim_object_delete(&key->object);
}

static NTSTATUS query(WDFKEY handle, PCUNICODE_STRING name, ULONG type,
		      KEY_VALUE_PARTIAL_INFORMATION *info, ULONG bytes)
{
	struct key *key = shim_object(handle, KIND_KEY);
	NTSTATUS status = ZwQueryValueKey(key->handle, (PUNICODE_STRING)(uintptr_t)name,
					  KeyValuePartialInformation, info, bytes, &bytes);

	if (NT_SUCCESS(status) && info->Type != type)
		return STATUS_OBJECT_TYPE_MISMATCH;
	return status;
}

NTSTATUS NTAPI shim_RegistryQueryULong(PWDF_DRIVER_GLOBALS globals, WDFKEY key,
				       PCUNICODE_STRING name, PULONG to)
{
	UCHAR room[64];
	KEY_VALUE_PARTIAL_INFORMATION *info = (void *)room;
	NTSTATUS status = query(key, name, REG_DWORD, info, sizeof(room));

	(void)globals;
	if (NT_SUCCESS(status))
		*to = *(ULONG *)info->Data;
	return status;
}

NTSTATUS NTAPI shim_RegistryQueryUnicodeString(PWDF_DRIVER_GLOBALS globals, WDFKEY key,
					       PCUNICODE_STRING name, PUSHORT bytes,
					       PUNICODE_STRING to)
{
	UCHAR room[1200];
	KEY_VALUE_PARTIAL_INFORMATION *info = (void *)room;
	NTSTATUS status = query(key, name, REG_SZ, info, sizeof(room));

	(void)globals;
	if (!NT_SUCCESS(status))
		return status;
	if (bytes)
		*bytes = (USHORT)info->DataLength;
	if (!to)
		return STATUS_SUCCESS;
	if (to->MaximumLength < info->DataLength)
		return STATUS_BUFFER_OVERFLOW;
	to->Length = (USHORT)(info->DataLength - sizeof(WCHAR));
	RtlCopyMemory(to->Buffer, info->Data, info->DataLength);
	return STATUS_SUCCESS;
}
