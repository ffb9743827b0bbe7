/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the files of the driver share: one struct netra_device per board.
 *
 * Locking. dev->lock, a mutex, guards all of it and every call into core/'s
 * host half; but for netra_kick() nothing below is called in interrupt context.
 * The video nodes' locks (video.h) are taken before it, never after; after it
 * only those of the mappings (control.h) and of kept memory (memory.c), and
 * neither with the other. The board's thread (service.c) is the only one that scans
 * the board and that hands out frames; everybody else kicks it.
 *
 * Life. A struct netra_device lives as long as anybody has a reference: the PCI
 * driver, open video nodes, open control files. After netra_remove() it is
 * "dead": no register is touched any more, and every call ends with -ENODEV.
 */
#ifndef NETRA_LINUX_DRIVER_H
#define NETRA_LINUX_DRIVER_H

#include <linux/cdev.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/wait.h>
#include <media/v4l2-device.h>

#include "core/host.h"

#define NETRA_BARS	6
#define NETRA_VECTORS	4	/* MSIs wanted; the firmware sends the first */
#define NETRA_UC_PAGES	4

struct netra_channel_sets;
struct netra_control;
struct netra_file;
struct netra_kept_sets;
struct netra_video;
struct netra_windows;

/* ---- memory the board writes (windows.c) --------------------------------- */

struct netra_arena {
	struct page **pages;		/* all of it in the linear order, PAGE_SIZE each */
	unsigned int page_count;
	void *view;			/* kernel's linear mapping of it */
	u32 window_log2;
	u32 window_count;
	dma_addr_t bus[NETRA_DATA_WINDOWS_MAX];
	const char *step;		/* of the ladder: which one won */
	const char *cache_mode;		/* "write-back", or else "uncached" */
	bool uncached;			/* by the CPU, see netra_arena_prot() */
	bool kept;			/* from before the driver was loaded again */
	struct netra_windows *windows;	/* windows.c's own */
};

/**
 * netra_arena_get() - Memory for @count windows of 1 << @log2 bytes.
 *
 * Tries the steps of the ladder for this size only. Returns -ENOMEM when none
 * of them had it: the caller then asks for smaller windows. May sleep; the
 * memory may hold anything.
 */
int netra_arena_get(struct pci_dev *pdev, u32 log2, u32 count,
		    struct netra_arena *arena);

/**
 * netra_arena_put() - Unmap it from the device and free it, or keep it for the
 * driver's next load. The board must not reach it any more.
 *
 * No user mapping of it may be left. Does nothing if @arena is empty, and leaves
 * it so.
 */
void netra_arena_put(struct pci_dev *pdev, struct netra_arena *arena);

/**
 * netra_arena_counts() - May references of its pages be taken?
 *
 * They may then outlive netra_arena_put(). Memory of the DMA API is freed as a
 * whole, and mapped with vmf_insert_pfn().
 */
bool netra_arena_counts(const struct netra_arena *arena);

/**
 * netra_arena_prot() - @prot, changed to the arena's cache mode, which all
 * mappings of it must have.
 */
pgprot_t netra_arena_prot(const struct netra_arena *arena, pgprot_t prot);

/* ---- the board ----------------------------------------------------------- */

/* An uncached mapping of one page of a BAR (bars.c). */
struct netra_uc_page {
	void __iomem *at;		/* NULL = free */
	unsigned int bar;
	u32 page;			/* page number in the BAR */
};

struct netra_device {
	struct pci_dev *pdev;
	struct kref ref;
	struct mutex lock;		/* of everything here: see above */
	unsigned int number;		/* of /dev/netraN */
	bool dead;			/* removed: -ENODEV for everybody */
	bool suspended;

	struct netra_host host;
	struct netra_arena arena;
	void __iomem *bar0;
	struct netra_uc_page uc[NETRA_UC_PAGES];
	unsigned int uc_next;
	struct pci_saved_state *saved_state;

	/* The board's thread (service.c). */
	struct task_struct *thread;
	wait_queue_head_t kick;
	atomic_t kicked;
	atomic_t interrupted;		/* since the last look */
	u64 wake_ns;			/* when to look, U64_MAX = no need */
	enum netra_phase {
		NETRA_PHASE_IDLE,	/* cold, failed, gone, or not wanted */
		NETRA_PHASE_LOOK,	/* does the firmware run already? */
		NETRA_PHASE_BOOT,
		NETRA_PHASE_ATTACH,
		NETRA_PHASE_DETACH,	/* down again: error or end */
		NETRA_PHASE_RUN,
	} phase;
	bool boot_wanted;		/* on request or at probe */
	bool reset_wanted;		/* before that boot */
	bool resume_wanted;		/* by netra_resume() */
	u64 give_up_ns;			/* paused by an error of the bus; 0 = not */
	u64 round_ns;			/* when readers last counted as served */
	wait_queue_head_t changed;	/* phase, state, answers, frames, events */

	/* Firmware (firmware.c). */
	const struct firmware *image[NETRA_IMAGE_COUNT];

	/*
	 * Who wants frames of a channel: a START is sent for the first, a STOP
	 * after the last (service.c).
	 */
	unsigned int users[NETRA_CHANNELS_MAX];

	struct netra_channel_sets *sets[NETRA_CHANNELS_MAX];	/* channel_sets.c */

	/* Interrupts (irq.c). */
	int vectors;
	bool msi;
	atomic64_t interrupts;
	struct netra_vector {
		struct netra_device *dev;
		atomic64_t interrupts;
	} vector[NETRA_VECTORS];

	u64 wakeups;			/* looks that found something */

	struct v4l2_device v4l2;
	bool video_tried;		/* nodes are made once, after the first attach */
	struct netra_video *video[NETRA_CHANNELS_MAX];
	unsigned int video_count;
	struct netra_control *control;
	struct dentry *debugfs;
};

/* An error of core/ as an errno, 0 for NETRA_OK. */
int netra_errno(enum netra_error error);

struct netra_device *netra_device_get(struct netra_device *dev);
void netra_device_put(struct netra_device *dev);

/* ---- service.c ----------------------------------------------------------- */

int netra_service_start(struct netra_device *dev);

/** netra_service_stop() - End the thread. Without dev->lock. */
void netra_service_stop(struct netra_device *dev);

/** netra_give_up() - The board is gone, and everybody learns of it. Without dev->lock. */
void netra_give_up(struct netra_device *dev, const char *why);

/** netra_kick() - Have the board's thread look, at once. Any context. */
void netra_kick(struct netra_device *dev);

/* ---- service_call.c ------------------------------------------------------ */

/**
 * netra_boot_request() - Boot and attach, in the background.
 * @force: Reset the board first, also a running one.
 *
 * With dev->lock. -EBUSY while it is booting. dev->changed tells of progress.
 */
int netra_boot_request(struct netra_device *dev, bool force);

/**
 * netra_command_wait() - A command and its answer.
 *
 * With dev->lock, which is let go meanwhile. Bounded to about a second.
 * -ERESTARTSYS on a signal. Not from the board's thread.
 */
int netra_command_wait(struct netra_device *dev, u32 channel,
		       enum netra_opcode opcode, u32 arg0, u32 arg1);

/** netra_command_tell() - A command whose answer nobody waits for. With dev->lock. */
int netra_command_tell(struct netra_device *dev, u32 channel,
		       enum netra_opcode opcode, u32 arg0, u32 arg1);

/**
 * netra_channel_use() - One more wants frames: START for the first.
 * netra_channel_unuse() - One less: STOP after the last.
 *
 * With dev->lock, let go while the board is waited for. Use has effect only if
 * it returns 0; unuse always has.
 */
int netra_channel_use(struct netra_device *dev, u32 channel);
void netra_channel_unuse(struct netra_device *dev, u32 channel);

/* ---- ops.c --------------------------------------------------------------- */

extern const struct netra_host_ops netra_linux_ops;

static inline struct netra_device *netra_device_of(struct netra_host *host)
{
	return container_of(host, struct netra_device, host);
}

/* ---- bars.c: all with dev->lock ------------------------------------------ */

/**
 * netra_reachable() - May registers be touched? If not, the reason is said.
 * netra_unreachable() - The error of who may not.
 */
bool netra_reachable(struct netra_device *dev);
enum netra_error netra_unreachable(const struct netra_host *host);

/* Of netra_linux_ops: see struct netra_host_ops. */
enum netra_error netra_bar_read32(struct netra_host *host, unsigned int bar,
				  u32 offset, u32 *value);
enum netra_error netra_bar_write32(struct netra_host *host, unsigned int bar,
				   u32 offset, u32 value);
enum netra_error netra_bar_upload(struct netra_host *host,
				  const struct netra_action *action,
				  bool *arrived);
void netra_bar_post(struct netra_host *host, u32 offset, u32 value);

/** netra_unmap_bars() - All of these mappings but BAR 0. */
void netra_unmap_bars(struct netra_device *dev);

/* ---- irq.c --------------------------------------------------------------- */

int netra_irq_request(struct netra_device *dev);
void netra_irq_free(struct netra_device *dev);

/* ---- firmware.c ---------------------------------------------------------- */

enum netra_error netra_firmware_load(struct netra_device *dev);
void netra_firmware_release(struct netra_device *dev);

/* ---- channel_sets.c: parameter sets, for who joins a channel late ----------- */

/** netra_channel_sets_serve() - Look for them in what came. By the board's thread, locked. */
void netra_channel_sets_serve(struct netra_device *dev);
void netra_channel_sets_free(struct netra_device *dev);

/** netra_channel_sets() - NULL if no frame came yet. With dev->lock. */
const struct netra_kept_sets *netra_channel_sets(const struct netra_device *dev,
						 u32 channel);

/* ---- video.c: the V4L2 nodes --------------------------------------------- */

/** netra_video_register() - By the board's thread, without dev->lock. */
int netra_video_register(struct netra_device *dev);
void netra_video_unregister(struct netra_device *dev);

/** netra_video_serve() - Fill queued buffers. By the board's thread, locked. */
void netra_video_serve(struct netra_device *dev);

/** netra_video_event() - An event of the board, for its nodes. Locked. */
void netra_video_event(struct netra_device *dev,
		       const struct netra_event_info *info);

/* ---- control.c: /dev/netraN ---------------------------------------------- */

int netra_control_init(void);		/* the module's part */
void netra_control_exit(void);
int netra_control_register(struct netra_device *dev);
void netra_control_unregister(struct netra_device *dev);

/**
 * netra_use_pass() - A use of @channel ends: a reader inherits it, or nobody.
 * @but: Readers of this file do not; NULL = of any.
 *
 * With dev->lock, let go while the board is waited for. See control_start.c.
 */
void netra_use_pass(struct netra_device *dev, u32 channel,
		    const struct netra_file *but);

/** netra_control_event() - An event or notice, for files that are open. Locked. */
void netra_control_event(struct netra_device *dev,
			 const struct netra_event_info *info, u64 host_ns);
void netra_control_notice(struct netra_device *dev,
			  enum netra_host_notice notice, u32 channel,
			  const char *text);

/* ---- power.c ------------------------------------------------------------- */

/**
 * netra_pause() - Windows down and drained, as far as the board answers.
 * netra_resume() - Boot or attach again; channels in use start again.
 *
 * Between the two nothing touches the board. Without dev->lock; pause is
 * bounded to about two seconds. Readers see a gap.
 */
void netra_pause(struct netra_device *dev);
void netra_resume(struct netra_device *dev);

extern const struct dev_pm_ops netra_pm_ops;
extern const struct pci_error_handlers netra_error_handlers;

/* ---- sysfs.c, debugfs.c -------------------------------------------------- */

extern const struct attribute_group *netra_groups[];

void netra_debugfs_init(void);
void netra_debugfs_exit(void);
void netra_debugfs_register(struct netra_device *dev);
void netra_debugfs_unregister(struct netra_device *dev);

#endif
