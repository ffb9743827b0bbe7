/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the driver share: one struct netra_device per board, the
 * context of its framework device.
 *
 * Locking. dev->lock, a wait lock, guards all of it and every call into core/'s
 * host half. Whoever holds it is at PASSIVE_LEVEL, so operations may read files,
 * map memory and sleep. It is the only lock: ISR, DPC and the callback of the
 * DMA adapter, which run above that, touch interlocked counters and events only.
 * The board's thread (service.c) is the only one that scans the board;
 * everybody else kicks it.
 *
 * Levels. Each function is called at PASSIVE_LEVEL unless its comment says so.
 *
 * Life. Prepared -> D0 -> thread runs; D0 exit pauses the board, and whatever
 * touches it looks at dev->suspended and dev->dead first. The arena lives until
 * SelfManagedIoCleanup: Windows sends that after the last handle is closed.
 */
#ifndef NETRA_WINDOWS_DRIVER_H
#define NETRA_WINDOWS_DRIVER_H

#include <ntifs.h>
#include <wdf.h>

#include "core/host.h"

/* In every Windows 10, but not in every kit's headers. */
NTKERNELAPI PVOID NTAPI MmMapIoSpaceEx(PHYSICAL_ADDRESS address, SIZE_T bytes, ULONG protect);
#ifndef MdlMappingNoExecute
#define MdlMappingNoWrite	0x80000000u
#define MdlMappingNoExecute	0x40000000u
#endif

#define NETRA_TAG	0x6172744eu	/* "Ntra", for the pool */
#define NETRA_BARS	6u
#define NETRA_UC_PAGES	4u
#define NETRA_CONFIG_WORDS 16u
#define NETRA_PATH_BYTES 512u

struct netra_event_log;

/* ---- memory the board writes (windows.c) --------------------------------- */

struct netra_arena {
	MDL *mdl;			/* NULL = none */
	void *view;			/* the kernel's, linear */
	size_t bytes;
	ULONG window_log2;
	ULONG window_count;
	uint64_t bus[NETRA_DATA_WINDOWS_MAX];
	const char *step;		/* of the ladder: which one won */
	SCATTER_GATHER_LIST *list;	/* from the DMA adapter; NULL = not mapped */
	KEVENT listed;			/* @list has come, or none was asked for */
};

/* An uncached mapping of one page of a BAR (bars.c). */
struct netra_uc_page {
	uint8_t *at;			/* NULL = free */
	ULONG bar;
	ULONG page;			/* page number in the BAR */
};

struct netra_image_file {
	uint8_t *data;			/* NULL = not loaded */
	ULONG bytes;
};

struct netra_device {
	WDFDEVICE wdf;
	WDFWAITLOCK lock;		/* of everything here: see above */
	ULONG number;			/* of \\.\NetraN */
	bool numbered;
	bool dead;			/* removed: STATUS_DEVICE_REMOVED for everybody */
	bool suspended;			/* not in D0: nothing touches the board */

	struct netra_host host;
	struct netra_arena arena;
	WDFDMAENABLER dma;

	/* BARs (pci.c, bars.c). */
	PHYSICAL_ADDRESS bar[NETRA_BARS];	/* as the CPU sees them */
	uint64_t bar_bus[NETRA_BARS];
	uint8_t *bar0;
	struct netra_uc_page uc[NETRA_UC_PAGES];
	ULONG uc_next;

	/* Configuration space (config.c). */
	BUS_INTERFACE_STANDARD bus;
	bool have_bus;
	ULONG config[NETRA_CONFIG_WORDS];	/* as Windows had programmed it */
	ULONG msi[4];
	ULONG msi_cap;			/* offset; 0 = none */
	ULONG pcie_cap;
	uint16_t device_control;	/* of pcie_cap */
	bool saved;

	/* The board's thread (service.c). */
	PVOID thread;			/* NULL = not running */
	HANDLE thread_id;
	KEVENT kick;
	KEVENT changed;			/* phase, state, answers, frames, events */
	volatile LONG stop;
	volatile LONG interrupted;	/* since the last look */
	uint64_t wake_ns;		/* when to look, UINT64_MAX = no need */
	enum netra_phase {
		NETRA_PHASE_IDLE,	/* cold, failed, gone, or not wanted */
		NETRA_PHASE_LOOK,	/* does the firmware run already? */
		NETRA_PHASE_BOOT,
		NETRA_PHASE_ATTACH,
		NETRA_PHASE_DETACH,	/* down again: error or end */
		NETRA_PHASE_RUN,
	} phase;
	bool boot_wanted;		/* on request or at start */
	bool reset_wanted;		/* before that boot */
	bool resume_wanted;		/* by netra_resume() */
	uint64_t round_ns;		/* when readers last counted as served */
	uint64_t wakeups;		/* looks that found something */

	/* Firmware (firmware.c). */
	struct netra_image_file image[NETRA_IMAGE_COUNT];

	/* Who wants frames of a channel (service_call.c). */
	ULONG users[NETRA_CHANNELS_MAX];

	/* Interrupts (irq.c). */
	bool msi_granted;
	volatile LONG64 interrupts;

	/* Handles (control.c). */
	LIST_ENTRY files;
	WDFQUEUE waits;
	struct netra_event_log *log;
};

/** netra_device_of_wdf() - The context of a framework device (pci.c). Any level. */
struct netra_device *netra_device_of_wdf(WDFOBJECT device);

static inline struct netra_device *netra_device_of(struct netra_host *host)
{
	return CONTAINING_RECORD(host, struct netra_device, host);
}

static inline void netra_lock(struct netra_device *dev)
{
	/* Without a time-out it cannot fail. */
	(void)WdfWaitLockAcquire(dev->lock, NULL);
}

static inline void netra_unlock(struct netra_device *dev)
{
	WdfWaitLockRelease(dev->lock);
}

/* Zeroed, or NULL. Up to DISPATCH_LEVEL for what is not paged. */
static inline void *netra_allocate(POOL_TYPE pool, size_t bytes)
{
	void *memory = ExAllocatePoolWithTag(pool, bytes, NETRA_TAG);

	if (memory)
		RtlZeroMemory(memory, bytes);
	return memory;
}

static inline void netra_free(void *memory)
{
	ExFreePoolWithTag(memory, NETRA_TAG);
}

/** netra_status() - An error of core/ as an NTSTATUS (ops.c). Any level. */
NTSTATUS netra_status(enum netra_error error);

/** netra_time_ns() - As programs have it from QueryPerformanceCounter. Any level. */
uint64_t netra_time_ns(void);

/** netra_wait() - For @event, at most @ms. Return: was it set? */
bool netra_wait(KEVENT *event, ULONG ms);

/* ---- pci.c --------------------------------------------------------------- */

EVT_WDF_DRIVER_DEVICE_ADD netra_device_add;
EVT_WDF_DEVICE_PREPARE_HARDWARE netra_prepare_hardware;
EVT_WDF_DEVICE_RELEASE_HARDWARE netra_release_hardware;

/* ---- config.c ------------------------------------------------------------ */

/** netra_config_open() - The bus's interface to configuration space. */
NTSTATUS netra_config_open(struct netra_device *dev);
void netra_config_close(struct netra_device *dev);

/** netra_config_read() - One word, all-ones if there is none. Any level up to DISPATCH. */
ULONG netra_config_read(struct netra_device *dev, ULONG offset);

/** netra_config_save() - As Windows left it; restored after resets. */
void netra_config_save(struct netra_device *dev);
void netra_config_restore(struct netra_device *dev);

/** netra_config_reset() - Function-level reset; false if it has none. Sleeps. */
bool netra_config_reset(struct netra_device *dev);

/** netra_config_master() - May the board reach memory? */
void netra_config_master(struct netra_device *dev, bool on);

/** netra_config_present() - Does it answer configuration cycles? */
bool netra_config_present(struct netra_device *dev);

/* ---- bars.c: the operations of core/ that touch BARs --------------------- */

enum netra_error netra_bar_read(struct netra_host *host, unsigned int bar,
				uint32_t offset, uint32_t *value);
enum netra_error netra_bar_write(struct netra_host *host, unsigned int bar,
				 uint32_t offset, uint32_t value);
enum netra_error netra_bar_upload(struct netra_host *host,
				  const struct netra_action *action, bool *arrived);
void netra_bar_post(struct netra_host *host, uint32_t offset, uint32_t value);

/** netra_reachable() - May the board be touched? Says why not. */
bool netra_reachable(struct netra_device *dev);

/** netra_unmap_bars() - All mappings. With dev->lock. */
void netra_unmap_bars(struct netra_device *dev);

/** netra_map_bar0() - For good, as interrupts need it. */
NTSTATUS netra_map_bar0(struct netra_device *dev);

/* ---- ops.c --------------------------------------------------------------- */

extern const struct netra_host_ops netra_windows_ops;

/* ---- windows.c ----------------------------------------------------------- */

/**
 * netra_arena_get() - @count windows of 1 << @log2 bytes, and their bus addresses.
 *
 * Return: STATUS_INSUFFICIENT_RESOURCES: ask for smaller windows. The memory may
 * hold anything.
 */
NTSTATUS netra_arena_get(struct netra_device *dev, ULONG log2, ULONG count);

/** netra_arena_put() - The board must not reach it any more; no mapping is left. */
void netra_arena_put(struct netra_device *dev);

/* ---- irq.c --------------------------------------------------------------- */

NTSTATUS netra_irq_create(struct netra_device *dev);

/* ---- firmware.c ---------------------------------------------------------- */

enum netra_error netra_firmware_load(struct netra_device *dev);
void netra_firmware_release(struct netra_device *dev);

/* ---- parameters.c -------------------------------------------------------- */

struct netra_parameters {
	struct netra_host_options options;
	bool boot;
};

/** netra_parameters_read() - From the registry; what is missing has defaults. */
void netra_parameters_read(struct netra_parameters *parameters);

/** netra_parameters_path() - Of an image. False: none is named, or it is too long. */
bool netra_parameters_path(enum netra_image image, UNICODE_STRING *path);

/* ---- power.c ------------------------------------------------------------- */

EVT_WDF_DEVICE_D0_ENTRY_POST_INTERRUPTS_ENABLED netra_d0_entry;
EVT_WDF_DEVICE_D0_EXIT_PRE_INTERRUPTS_DISABLED netra_d0_exit;
EVT_WDF_DEVICE_SURPRISE_REMOVAL netra_surprise_removal;
EVT_WDF_DEVICE_SELF_MANAGED_IO_INIT netra_io_init;
EVT_WDF_DEVICE_SELF_MANAGED_IO_CLEANUP netra_io_cleanup;

/* ---- service.c ----------------------------------------------------------- */

NTSTATUS netra_service_start(struct netra_device *dev);

/** netra_service_stop() - End the thread. Without dev->lock. */
void netra_service_stop(struct netra_device *dev);

/** netra_kick() - Have the board's thread look, at once. Up to DISPATCH_LEVEL. */
void netra_kick(struct netra_device *dev);

/**
 * netra_pause() - Windows down and drained, as far as the board answers.
 * netra_resume() - Boot or attach again; channels in use start again.
 *
 * Between the two nothing touches the board. Without dev->lock; pause is
 * bounded to about two seconds. Readers see a gap.
 */
void netra_pause(struct netra_device *dev);
void netra_resume(struct netra_device *dev);

/* ---- service_call.c: what handles ask of the board ----------------------- */

/**
 * netra_boot_request() - Boot and attach, in the background.
 * @force: Reset the board first, also a running one.
 *
 * With dev->lock. NETRA_ERR_BUSY while it is booting.
 */
enum netra_error netra_boot_request(struct netra_device *dev, bool force);

/** netra_command_tell() - A command whose answer nobody waits for. With dev->lock. */
enum netra_error netra_command_tell(struct netra_device *dev, uint32_t channel,
				    enum netra_opcode opcode, uint32_t arg0,
				    uint32_t arg1);

/**
 * netra_command_wait() - A command and its answer.
 *
 * With dev->lock, which is let go meanwhile. Bounded to about two seconds. Not
 * from the board's thread.
 */
enum netra_error netra_command_wait(struct netra_device *dev, uint32_t channel,
				    enum netra_opcode opcode, uint32_t arg0,
				    uint32_t arg1);

/**
 * netra_channel_use() - One more wants frames: START for the first.
 * netra_channel_unuse() - One less: STOP after the last.
 *
 * With dev->lock, let go while the board is waited for. Use has effect only if
 * it succeeds; unuse always has.
 */
enum netra_error netra_channel_use(struct netra_device *dev, uint32_t channel);
void netra_channel_unuse(struct netra_device *dev, uint32_t channel);

/* ---- control.c and its like: \\.\NetraN ---------------------------------- */

/** netra_control_init() - What a device needs for handles, before it is made. */
void netra_control_init(PWDFDEVICE_INIT init);
NTSTATUS netra_control_create(struct netra_device *dev);
void netra_control_delete(struct netra_device *dev);

/** netra_control_event() - Of the board, for handles that are open. With dev->lock. */
void netra_control_event(struct netra_device *dev,
			 const struct netra_event_info *info, uint64_t host_ns);
void netra_control_notice(struct netra_device *dev, enum netra_host_notice notice,
			  uint32_t channel, const char *text);

/** netra_waits_serve() - End the waits of handles that have something. Without dev->lock. */
void netra_waits_serve(struct netra_device *dev);

#endif
