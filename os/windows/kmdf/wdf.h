/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * As much of KMDF 1.15 as this driver uses, for compilers that do not come with
 * the WDK. KMDF is a table of functions that the loader binds: what matters to
 * a binary are indices, sizes and layouts, all asserted below. Names, types and
 * rules are those of Microsoft's public reference (learn.microsoft.com, wdf).
 *
 * A build with the WDK has its own <wdf.h>, and nothing of this folder.
 */
#ifndef NETRA_KMDF_WDF_H
#define NETRA_KMDF_WDF_H

#include <ntddk.h>

#define WDF_HANDLE(name) typedef struct name##__ *name
WDF_HANDLE(WDFDRIVER);
WDF_HANDLE(WDFDEVICE);
WDF_HANDLE(WDFQUEUE);
WDF_HANDLE(WDFREQUEST);
WDF_HANDLE(WDFFILEOBJECT);
WDF_HANDLE(WDFINTERRUPT);
WDF_HANDLE(WDFDMAENABLER);
WDF_HANDLE(WDFKEY);
WDF_HANDLE(WDFCMRESLIST);
WDF_HANDLE(WDFSPINLOCK);
WDF_HANDLE(WDFWAITLOCK);
WDF_HANDLE(WDFSTRING);
#undef WDF_HANDLE
typedef PVOID WDFOBJECT;
typedef struct WDFDEVICE_INIT *PWDFDEVICE_INIT;

#define WDF_NO_OBJECT_ATTRIBUTES NULL

typedef enum { WdfFalse, WdfTrue, WdfUseDefault } WDF_TRI_STATE;
typedef enum {
	WdfExecutionLevelInheritFromParent = 1,
	WdfExecutionLevelPassive,
	WdfExecutionLevelDispatch,
} WDF_EXECUTION_LEVEL;
typedef enum {
	WdfSynchronizationScopeInheritFromParent = 1,
	WdfSynchronizationScopeDevice,
	WdfSynchronizationScopeQueue,
	WdfSynchronizationScopeNone,
} WDF_SYNCHRONIZATION_SCOPE;
typedef enum {
	WdfPowerDeviceInvalid,
	WdfPowerDeviceD0,
	WdfPowerDeviceD1,
	WdfPowerDeviceD2,
	WdfPowerDeviceD3,
	WdfPowerDeviceD3Final,
	WdfPowerDevicePrepareForHibernation,
} WDF_POWER_DEVICE_STATE;
typedef enum {
	WdfIoQueueDispatchSequential = 1,
	WdfIoQueueDispatchParallel,
	WdfIoQueueDispatchManual,
} WDF_IO_QUEUE_DISPATCH_TYPE;
typedef enum {
	WdfDmaProfileScatterGather64 = 4,
	WdfDmaProfileScatterGather64Duplex = 6,
} WDF_DMA_PROFILE;
typedef enum { WdfDmaDirectionReadFromDevice, WdfDmaDirectionWriteToDevice } WDF_DMA_DIRECTION;
typedef enum { WdfFileObjectWdfCannotUseFsContexts = 4 } WDF_FILEOBJECT_CLASS;

/* ---- objects ------------------------------------------------------------- */

typedef struct _WDF_OBJECT_CONTEXT_TYPE_INFO {
	ULONG Size;
	const char *ContextName;
	size_t ContextSize;
	const struct _WDF_OBJECT_CONTEXT_TYPE_INFO *UniqueType;
	PVOID EvtDriverGetUniqueContextType;
} WDF_OBJECT_CONTEXT_TYPE_INFO;

typedef VOID (NTAPI *PFN_WDF_OBJECT_CONTEXT)(WDFOBJECT);

typedef struct _WDF_OBJECT_ATTRIBUTES {
	ULONG Size;
	PFN_WDF_OBJECT_CONTEXT EvtCleanupCallback;
	PFN_WDF_OBJECT_CONTEXT EvtDestroyCallback;
	WDF_EXECUTION_LEVEL ExecutionLevel;
	WDF_SYNCHRONIZATION_SCOPE SynchronizationScope;
	WDFOBJECT ParentObject;
	size_t ContextSizeOverride;
	const WDF_OBJECT_CONTEXT_TYPE_INFO *ContextTypeInfo;
} WDF_OBJECT_ATTRIBUTES, *PWDF_OBJECT_ATTRIBUTES;

/*
 * Defines the type's description, and how to get at it from a handle. A type is
 * known by the description's address: one file of a driver may have this.
 */
#define WDF_DECLARE_CONTEXT_TYPE_WITH_NAME(type, name)				\
	static const WDF_OBJECT_CONTEXT_TYPE_INFO name##_type = {		\
		sizeof(WDF_OBJECT_CONTEXT_TYPE_INFO), #type, sizeof(type),	\
		&name##_type, NULL };						\
	static inline type *name(WDFOBJECT handle)				\
	{									\
		return WdfObjectGetTypedContextWorker(handle, &name##_type);	\
	}									\
	static inline const WDF_OBJECT_CONTEXT_TYPE_INFO *WDF_type_of_##type(void) \
	{									\
		return &name##_type;						\
	}

static inline void WDF_OBJECT_ATTRIBUTES_INIT(PWDF_OBJECT_ATTRIBUTES a)
{
	*a = (WDF_OBJECT_ATTRIBUTES){
		.Size = sizeof(*a),
		.ExecutionLevel = WdfExecutionLevelInheritFromParent,
		.SynchronizationScope = WdfSynchronizationScopeInheritFromParent,
	};
}

#define WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(a, type) do {			\
		WDF_OBJECT_ATTRIBUTES_INIT(a);					\
		(a)->ContextTypeInfo = WDF_type_of_##type();			\
	} while (0)

/* ---- what objects are made from ------------------------------------------ */

typedef NTSTATUS NTAPI EVT_WDF_DRIVER_DEVICE_ADD(WDFDRIVER, PWDFDEVICE_INIT);
typedef VOID NTAPI EVT_WDF_DRIVER_UNLOAD(WDFDRIVER);

typedef struct _WDF_DRIVER_CONFIG {
	ULONG Size;
	EVT_WDF_DRIVER_DEVICE_ADD *EvtDriverDeviceAdd;
	EVT_WDF_DRIVER_UNLOAD *EvtDriverUnload;
	ULONG DriverInitFlags;
	ULONG DriverPoolTag;
} WDF_DRIVER_CONFIG, *PWDF_DRIVER_CONFIG;

static inline void WDF_DRIVER_CONFIG_INIT(PWDF_DRIVER_CONFIG c,
					  EVT_WDF_DRIVER_DEVICE_ADD *add)
{
	*c = (WDF_DRIVER_CONFIG){ .Size = sizeof(*c), .EvtDriverDeviceAdd = add };
}

typedef NTSTATUS NTAPI EVT_WDF_DEVICE_D0_ENTRY_POST_INTERRUPTS_ENABLED(
	WDFDEVICE, WDF_POWER_DEVICE_STATE from);
typedef NTSTATUS NTAPI EVT_WDF_DEVICE_D0_EXIT_PRE_INTERRUPTS_DISABLED(
	WDFDEVICE, WDF_POWER_DEVICE_STATE to);
typedef NTSTATUS NTAPI EVT_WDF_DEVICE_PREPARE_HARDWARE(WDFDEVICE, WDFCMRESLIST raw,
						       WDFCMRESLIST translated);
typedef NTSTATUS NTAPI EVT_WDF_DEVICE_RELEASE_HARDWARE(WDFDEVICE, WDFCMRESLIST translated);
typedef NTSTATUS NTAPI EVT_WDF_DEVICE_SELF_MANAGED_IO_INIT(WDFDEVICE);
typedef VOID NTAPI EVT_WDF_DEVICE_SELF_MANAGED_IO_CLEANUP(WDFDEVICE);
typedef VOID NTAPI EVT_WDF_DEVICE_SURPRISE_REMOVAL(WDFDEVICE);

typedef struct _WDF_PNPPOWER_EVENT_CALLBACKS {
	ULONG Size;
	PVOID EvtDeviceD0Entry;
	EVT_WDF_DEVICE_D0_ENTRY_POST_INTERRUPTS_ENABLED *EvtDeviceD0EntryPostInterruptsEnabled;
	PVOID EvtDeviceD0Exit;
	EVT_WDF_DEVICE_D0_EXIT_PRE_INTERRUPTS_DISABLED *EvtDeviceD0ExitPreInterruptsDisabled;
	EVT_WDF_DEVICE_PREPARE_HARDWARE *EvtDevicePrepareHardware;
	EVT_WDF_DEVICE_RELEASE_HARDWARE *EvtDeviceReleaseHardware;
	EVT_WDF_DEVICE_SELF_MANAGED_IO_CLEANUP *EvtDeviceSelfManagedIoCleanup;
	PVOID EvtDeviceSelfManagedIoFlush;
	EVT_WDF_DEVICE_SELF_MANAGED_IO_INIT *EvtDeviceSelfManagedIoInit;
	PVOID EvtDeviceSelfManagedIoSuspend;
	PVOID EvtDeviceSelfManagedIoRestart;
	EVT_WDF_DEVICE_SURPRISE_REMOVAL *EvtDeviceSurpriseRemoval;
	PVOID EvtDeviceQueryRemove;
	PVOID EvtDeviceQueryStop;
	PVOID EvtDeviceUsageNotification;
	PVOID EvtDeviceRelationsQuery;
	PVOID EvtDeviceUsageNotificationEx;
} WDF_PNPPOWER_EVENT_CALLBACKS, *PWDF_PNPPOWER_EVENT_CALLBACKS;

static inline void WDF_PNPPOWER_EVENT_CALLBACKS_INIT(PWDF_PNPPOWER_EVENT_CALLBACKS c)
{
	*c = (WDF_PNPPOWER_EVENT_CALLBACKS){ .Size = sizeof(*c) };
}

typedef VOID NTAPI EVT_WDF_DEVICE_FILE_CREATE(WDFDEVICE, WDFREQUEST, WDFFILEOBJECT);
typedef VOID NTAPI EVT_WDF_FILE_CLOSE(WDFFILEOBJECT);
typedef VOID NTAPI EVT_WDF_FILE_CLEANUP(WDFFILEOBJECT);
typedef VOID NTAPI EVT_WDF_IO_IN_CALLER_CONTEXT(WDFDEVICE, WDFREQUEST);

typedef struct _WDF_FILEOBJECT_CONFIG {
	ULONG Size;
	EVT_WDF_DEVICE_FILE_CREATE *EvtDeviceFileCreate;
	EVT_WDF_FILE_CLOSE *EvtFileClose;
	EVT_WDF_FILE_CLEANUP *EvtFileCleanup;
	WDF_TRI_STATE AutoForwardCleanupClose;
	WDF_FILEOBJECT_CLASS FileObjectClass;
} WDF_FILEOBJECT_CONFIG, *PWDF_FILEOBJECT_CONFIG;

static inline void WDF_FILEOBJECT_CONFIG_INIT(PWDF_FILEOBJECT_CONFIG c,
					      EVT_WDF_DEVICE_FILE_CREATE *create,
					      EVT_WDF_FILE_CLOSE *close,
					      EVT_WDF_FILE_CLEANUP *cleanup)
{
	*c = (WDF_FILEOBJECT_CONFIG){
		.Size = sizeof(*c),
		.EvtDeviceFileCreate = create,
		.EvtFileClose = close,
		.EvtFileCleanup = cleanup,
		.AutoForwardCleanupClose = WdfUseDefault,
		.FileObjectClass = WdfFileObjectWdfCannotUseFsContexts,
	};
}

typedef VOID NTAPI EVT_WDF_IO_QUEUE_IO_DEVICE_CONTROL(WDFQUEUE, WDFREQUEST,
						      size_t output_bytes,
						      size_t input_bytes, ULONG code);

typedef struct _WDF_IO_QUEUE_CONFIG {
	ULONG Size;
	WDF_IO_QUEUE_DISPATCH_TYPE DispatchType;
	WDF_TRI_STATE PowerManaged;
	BOOLEAN AllowZeroLengthRequests;
	BOOLEAN DefaultQueue;
	PVOID EvtIoDefault;
	PVOID EvtIoRead;
	PVOID EvtIoWrite;
	EVT_WDF_IO_QUEUE_IO_DEVICE_CONTROL *EvtIoDeviceControl;
	PVOID EvtIoInternalDeviceControl;
	PVOID EvtIoStop;
	PVOID EvtIoResume;
	PVOID EvtIoCanceledOnQueue;
	union {
		struct {
			ULONG NumberOfPresentedRequests;
		} Parallel;
	} Settings;
	WDFDRIVER Driver;
} WDF_IO_QUEUE_CONFIG, *PWDF_IO_QUEUE_CONFIG;

static inline void WDF_IO_QUEUE_CONFIG_INIT(PWDF_IO_QUEUE_CONFIG c,
					    WDF_IO_QUEUE_DISPATCH_TYPE type)
{
	*c = (WDF_IO_QUEUE_CONFIG){
		.Size = sizeof(*c),
		.DispatchType = type,
		.PowerManaged = WdfUseDefault,
	};
	if (type == WdfIoQueueDispatchParallel)
		c->Settings.Parallel.NumberOfPresentedRequests = MAXULONG;
}

static inline void WDF_IO_QUEUE_CONFIG_INIT_DEFAULT_QUEUE(PWDF_IO_QUEUE_CONFIG c,
							  WDF_IO_QUEUE_DISPATCH_TYPE type)
{
	WDF_IO_QUEUE_CONFIG_INIT(c, type);
	c->DefaultQueue = TRUE;
}

typedef BOOLEAN NTAPI EVT_WDF_INTERRUPT_ISR(WDFINTERRUPT, ULONG message);
typedef VOID NTAPI EVT_WDF_INTERRUPT_DPC(WDFINTERRUPT, WDFOBJECT device);

typedef struct _WDF_INTERRUPT_CONFIG {
	ULONG Size;
	WDFSPINLOCK SpinLock;
	WDF_TRI_STATE ShareVector;
	BOOLEAN FloatingSave;
	BOOLEAN AutomaticSerialization;
	EVT_WDF_INTERRUPT_ISR *EvtInterruptIsr;
	EVT_WDF_INTERRUPT_DPC *EvtInterruptDpc;
	PVOID EvtInterruptEnable;
	PVOID EvtInterruptDisable;
	PVOID EvtInterruptWorkItem;
	PCM_PARTIAL_RESOURCE_DESCRIPTOR InterruptRaw;
	PCM_PARTIAL_RESOURCE_DESCRIPTOR InterruptTranslated;
	WDFWAITLOCK WaitLock;
	BOOLEAN PassiveHandling;
	WDF_TRI_STATE ReportInactiveOnPowerDown;
	BOOLEAN CanWakeDevice;
} WDF_INTERRUPT_CONFIG, *PWDF_INTERRUPT_CONFIG;

static inline void WDF_INTERRUPT_CONFIG_INIT(PWDF_INTERRUPT_CONFIG c,
					     EVT_WDF_INTERRUPT_ISR *isr,
					     EVT_WDF_INTERRUPT_DPC *dpc)
{
	*c = (WDF_INTERRUPT_CONFIG){
		.Size = sizeof(*c),
		.ShareVector = WdfUseDefault,
		.EvtInterruptIsr = isr,
		.EvtInterruptDpc = dpc,
		.ReportInactiveOnPowerDown = WdfUseDefault,
	};
}

typedef struct _WDF_DMA_ENABLER_CONFIG {
	ULONG Size;
	WDF_DMA_PROFILE Profile;
	size_t MaximumLength;
	PVOID EvtDmaEnablerFill;
	PVOID EvtDmaEnablerFlush;
	PVOID EvtDmaEnablerDisable;
	PVOID EvtDmaEnablerEnable;
	PVOID EvtDmaEnablerSelfManagedIoStart;
	PVOID EvtDmaEnablerSelfManagedIoStop;
	ULONG AddressWidthOverride;
	ULONG WdmDmaVersionOverride;
	ULONG Flags;
} WDF_DMA_ENABLER_CONFIG, *PWDF_DMA_ENABLER_CONFIG;

#define WDF_DMA_ENABLER_CONFIG_NO_SGLIST_PREALLOCATION 0x1u

static inline void WDF_DMA_ENABLER_CONFIG_INIT(PWDF_DMA_ENABLER_CONFIG c,
					       WDF_DMA_PROFILE profile, size_t longest)
{
	*c = (WDF_DMA_ENABLER_CONFIG){
		.Size = sizeof(*c),
		.Profile = profile,
		.MaximumLength = longest,
	};
}

typedef struct _WDF_REQUEST_PARAMETERS {
	USHORT Size;
	UCHAR MinorFunction;
	ULONG Type;		/* an enumeration in Microsoft's header */
	union {
		struct {
			size_t OutputBufferLength;
			size_t InputBufferLength;
			DECLSPEC_ALIGN(8) ULONG IoControlCode;
			PVOID Type3InputBuffer;
		} DeviceIoControl;
	} Parameters;
} WDF_REQUEST_PARAMETERS, *PWDF_REQUEST_PARAMETERS;

#define WdfRequestTypeDeviceControl 0xeu

static inline void WDF_REQUEST_PARAMETERS_INIT(PWDF_REQUEST_PARAMETERS p)
{
	*p = (WDF_REQUEST_PARAMETERS){ .Size = sizeof(*p) };
}

/* ---- binding (bind.c), and the table ------------------------------------- */

typedef struct _WDF_DRIVER_GLOBALS {
	WDFDRIVER Driver;
	ULONG DriverFlags;
	ULONG DriverTag;
	CHAR DriverName[32];
	BOOLEAN DisplaceDriverUnload;
} WDF_DRIVER_GLOBALS, *PWDF_DRIVER_GLOBALS;

typedef VOID (NTAPI *WDFFUNC)(VOID);

typedef struct _WDF_BIND_INFO {
	ULONG Size;
	PWCHAR Component;
	struct {
		ULONG Major;
		ULONG Minor;
		ULONG Build;
	} Version;
	ULONG FuncCount;
	const WDFFUNC **FuncTable;	/* where the loader puts the table's address */
	PVOID Module;
} WDF_BIND_INFO, *PWDF_BIND_INFO;

extern const WDFFUNC *WdfFunctions;
extern PWDF_DRIVER_GLOBALS WdfDriverGlobals;

NTSTATUS NTAPI WdfVersionBind(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path,
			      PWDF_BIND_INFO info, PWDF_DRIVER_GLOBALS *globals);
NTSTATUS NTAPI WdfVersionUnbind(PUNICODE_STRING registry_path, PWDF_BIND_INFO info,
				PWDF_DRIVER_GLOBALS globals);

#define WDF_TABLE_ENTRIES 444	/* of KMDF 1.15 */

/*
 * One line per function: index in the table, result, name, parameters, and
 * their names. All may be called up to DISPATCH_LEVEL but for those whose
 * comment says PASSIVE_LEVEL.
 */
#define WDF_FUNCTIONS(F)							\
F(31, PDEVICE_OBJECT, DeviceWdmGetDeviceObject, (WDFDEVICE d), (d))		\
/* PASSIVE_LEVEL: all of device set-up */					\
F(55, VOID, DeviceInitSetPnpPowerEventCallbacks,				\
  (PWDFDEVICE_INIT i, PWDF_PNPPOWER_EVENT_CALLBACKS c), (i, c))			\
F(67, NTSTATUS, DeviceInitAssignName, (PWDFDEVICE_INIT i, PCUNICODE_STRING n), (i, n)) \
F(68, NTSTATUS, DeviceInitAssignSDDLString, (PWDFDEVICE_INIT i, PCUNICODE_STRING s), (i, s)) \
F(70, VOID, DeviceInitSetCharacteristics,					\
  (PWDFDEVICE_INIT i, ULONG flags, BOOLEAN or_in), (i, flags, or_in))		\
F(71, VOID, DeviceInitSetFileObjectConfig,					\
  (PWDFDEVICE_INIT i, PWDF_FILEOBJECT_CONFIG c, PWDF_OBJECT_ATTRIBUTES a), (i, c, a)) \
F(74, VOID, DeviceInitSetIoInCallerContextCallback,				\
  (PWDFDEVICE_INIT i, EVT_WDF_IO_IN_CALLER_CONTEXT *f), (i, f))			\
F(75, NTSTATUS, DeviceCreate,							\
  (PWDFDEVICE_INIT *i, PWDF_OBJECT_ATTRIBUTES a, WDFDEVICE *d), (i, a, d))	\
F(77, NTSTATUS, DeviceCreateDeviceInterface,					\
  (WDFDEVICE d, const GUID *g, PCUNICODE_STRING reference), (d, g, reference))	\
F(80, NTSTATUS, DeviceCreateSymbolicLink, (WDFDEVICE d, PCUNICODE_STRING n), (d, n)) \
F(91, NTSTATUS, DeviceEnqueueRequest, (WDFDEVICE d, WDFREQUEST r), (d, r))	\
F(94, NTSTATUS, DmaEnablerCreate,						\
  (WDFDEVICE d, PWDF_DMA_ENABLER_CONFIG c, PWDF_OBJECT_ATTRIBUTES a,		\
   WDFDMAENABLER *e), (d, c, a, e))						\
F(116, NTSTATUS, DriverCreate,							\
  (PDRIVER_OBJECT o, PCUNICODE_STRING path, PWDF_OBJECT_ATTRIBUTES a,		\
   PWDF_DRIVER_CONFIG c, WDFDRIVER *d), (o, path, a, c, d))			\
F(119, NTSTATUS, DriverOpenParametersRegistryKey,				\
  (WDFDRIVER d, ACCESS_MASK access, PWDF_OBJECT_ATTRIBUTES a, WDFKEY *k), (d, access, a, k)) \
F(131, NTSTATUS, FdoQueryForInterface,						\
  (WDFDEVICE d, const GUID *g, PINTERFACE to, USHORT size, USHORT version,	\
   PVOID data), (d, g, to, size, version, data))				\
F(139, WDFDEVICE, FileObjectGetDevice, (WDFFILEOBJECT f), (f))			\
F(141, NTSTATUS, InterruptCreate,						\
  (WDFDEVICE d, PWDF_INTERRUPT_CONFIG c, PWDF_OBJECT_ATTRIBUTES a,		\
   WDFINTERRUPT *i), (d, c, a, i))						\
/* any level */									\
F(142, BOOLEAN, InterruptQueueDpcForIsr, (WDFINTERRUPT i), (i))			\
F(151, WDFDEVICE, InterruptGetDevice, (WDFINTERRUPT i), (i))			\
F(152, NTSTATUS, IoQueueCreate,							\
  (WDFDEVICE d, PWDF_IO_QUEUE_CONFIG c, PWDF_OBJECT_ATTRIBUTES a, WDFQUEUE *q),	\
  (d, c, a, q))									\
F(157, WDFDEVICE, IoQueueGetDevice, (WDFQUEUE q), (q))				\
F(159, NTSTATUS, IoQueueRetrieveRequestByFileObject,				\
  (WDFQUEUE q, WDFFILEOBJECT f, WDFREQUEST *r), (q, f, r))			\
F(202, PVOID, ObjectGetTypedContextWorker,					\
  (WDFOBJECT o, const WDF_OBJECT_CONTEXT_TYPE_INFO *t), (o, t))			\
F(208, VOID, ObjectDelete, (WDFOBJECT o), (o))					\
/* PASSIVE_LEVEL: the registry */						\
F(231, VOID, RegistryClose, (WDFKEY k), (k))					\
F(238, NTSTATUS, RegistryQueryUnicodeString,					\
  (WDFKEY k, PCUNICODE_STRING n, PUSHORT bytes, PUNICODE_STRING to), (k, n, bytes, to)) \
F(240, NTSTATUS, RegistryQueryULong, (WDFKEY k, PCUNICODE_STRING n, PULONG to), (k, n, to)) \
F(263, VOID, RequestComplete, (WDFREQUEST r, NTSTATUS s), (r, s))		\
F(265, VOID, RequestCompleteWithInformation,					\
  (WDFREQUEST r, NTSTATUS s, ULONG_PTR bytes), (r, s, bytes))			\
F(266, VOID, RequestGetParameters, (WDFREQUEST r, PWDF_REQUEST_PARAMETERS p), (r, p)) \
F(269, NTSTATUS, RequestRetrieveInputBuffer,					\
  (WDFREQUEST r, size_t least, PVOID *b, size_t *bytes), (r, least, b, bytes))	\
F(270, NTSTATUS, RequestRetrieveOutputBuffer,					\
  (WDFREQUEST r, size_t least, PVOID *b, size_t *bytes), (r, least, b, bytes))	\
F(277, WDFFILEOBJECT, RequestGetFileObject, (WDFREQUEST r), (r))		\
F(281, NTSTATUS, RequestForwardToIoQueue, (WDFREQUEST r, WDFQUEUE q), (r, q))	\
F(304, ULONG, CmResourceListGetCount, (WDFCMRESLIST l), (l))			\
F(305, PCM_PARTIAL_RESOURCE_DESCRIPTOR, CmResourceListGetDescriptor,		\
  (WDFCMRESLIST l, ULONG i), (l, i))						\
/* PASSIVE_LEVEL: wait locks */							\
F(312, NTSTATUS, WaitLockCreate, (PWDF_OBJECT_ATTRIBUTES a, WDFWAITLOCK *l), (a, l)) \
F(313, NTSTATUS, WaitLockAcquire, (WDFWAITLOCK l, PLONGLONG timeout), (l, timeout)) \
F(314, VOID, WaitLockRelease, (WDFWAITLOCK l), (l))				\
F(385, PDMA_ADAPTER, DmaEnablerWdmGetDmaAdapter,				\
  (WDFDMAENABLER e, WDF_DMA_DIRECTION to), (e, to))

#define WDF_BARE(...) __VA_ARGS__	/* a list without its parentheses */
#define WDF_CALL(index, result, name, parameters, names)			\
	static inline result Wdf##name parameters				\
	{									\
		typedef result (NTAPI *function)(PWDF_DRIVER_GLOBALS,		\
						 WDF_BARE parameters);		\
										\
		return ((function)WdfFunctions[index])(WdfDriverGlobals,	\
						       WDF_BARE names);		\
	}
#define WDF_INDEX(index, result, name, parameters, names) Wdf##name##Index = (index),
enum { WDF_FUNCTIONS(WDF_INDEX) };

WDF_FUNCTIONS(WDF_CALL)

_Static_assert(sizeof(WDF_OBJECT_CONTEXT_TYPE_INFO) == 40, "KMDF 1.15");
_Static_assert(sizeof(WDF_OBJECT_ATTRIBUTES) == 56, "KMDF 1.15");
_Static_assert(sizeof(WDF_DRIVER_CONFIG) == 32, "KMDF 1.15");
_Static_assert(sizeof(WDF_PNPPOWER_EVENT_CALLBACKS) == 144, "KMDF 1.15");
_Static_assert(sizeof(WDF_FILEOBJECT_CONFIG) == 40, "KMDF 1.15");
_Static_assert(sizeof(WDF_IO_QUEUE_CONFIG) == 96, "KMDF 1.15");
_Static_assert(sizeof(WDF_INTERRUPT_CONFIG) == 104, "KMDF 1.15");
_Static_assert(sizeof(WDF_DMA_ENABLER_CONFIG) == 80, "KMDF 1.15");
_Static_assert(sizeof(WDF_REQUEST_PARAMETERS) == 40, "KMDF 1.15");
_Static_assert(sizeof(WDF_BIND_INFO) == 48, "KMDF 1.15");
_Static_assert(offsetof(WDF_DRIVER_GLOBALS, DisplaceDriverUnload) == 48, "KMDF 1.15");
_Static_assert(WdfDeviceCreateIndex == 75 && WdfDriverCreateIndex == 116 &&
	       WdfIoQueueCreateIndex == 152 && WdfInterruptCreateIndex == 141 &&
	       WdfDmaEnablerCreateIndex == 94 && WDF_TABLE_ENTRIES == 444, "KMDF 1.15");

#endif
