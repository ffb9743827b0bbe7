/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The emulated board: one DM816x endpoint behind a vfio-user socket.
 *
 * Two threads. The server thread is the PCIe link: it answers the client's
 * messages. The CPU thread is the board's ARM: boot ROM, U-Boot, kernel,
 * agent. One mutex guards registers, configuration space, windows, DMA maps
 * and interrupts, and is held for no longer than a copy; functions named
 * *_locked want it held. Counters are atomic.
 */
#ifndef NETRA_EMULATOR_H
#define NETRA_EMULATOR_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/protocol.h"
#include "core/registers.h"
#include "fault.h"
#include "source.h"

#define NETRA_EMU_BARS		6u
#define NETRA_EMU_DDR_BYTES	(512u << 20)
#define NETRA_EMU_BLOCK		0x9ff00000u	/* where the agent keeps the board block */
#define NETRA_EMU_CONFIG_BYTES	4096u
#define NETRA_EMU_MSI_VECTORS	4u
#define NETRA_EMU_SOURCES_MAX	NETRA_CHANNELS_MAX

/* What happened, counted where it happens. */
#define NETRA_EMU_COUNTERS(X)	\
	X(clients)		\
	X(clients_refused)	\
	X(messages)		\
	X(messages_bad)		\
	X(config_reads)		\
	X(config_writes)	\
	X(register_reads)	\
	X(register_writes)	\
	X(bar_reads)		/* BARs 1 to 4, by message: all of them with --trap-bars */ \
	X(bar_read_bytes)	\
	X(bar_writes)		\
	X(bar_write_bytes)	\
	X(bar_limbo)		/* accesses outside every inbound window */ \
	X(doorbells)		\
	X(window_moves)		\
	X(window_overlaps)	/* refused: memory already behind another window */ \
	X(window_unaligned)	/* refused: not on a page of this machine */ \
	X(window_mismatches)	/* IB_START is not the BAR's address */ \
	X(dma_maps)		\
	X(dma_unmaps)		\
	X(host_writes)		/* outbound transfers that arrived */ \
	X(host_write_bytes)	\
	X(host_reads)		\
	X(host_read_bytes)	\
	X(refused_disabled)	/* outbound: window or translation off */ \
	X(refused_crossing)	/* outbound: leaves its window */ \
	X(refused_unmapped)	/* outbound: no host memory there */ \
	X(refused_read_only)	\
	X(refused_no_master)	/* outbound: bus mastering is off */ \
	X(msis)			\
	X(msis_unwanted)	/* sent, but the host gave no eventfd */ \
	X(intx)			\
	X(resets)		\
	X(boots)		/* kernels started */ \
	X(images_refused)	\
	X(agent_starts)		\
	X(commands)		\
	X(frames)		\
	X(frame_bytes)		\
	X(frames_dropped)	\
	X(streams_ended)	\
	X(faults_fired)

struct netra_emu_counters {
#define X(name) uint64_t name;
	NETRA_EMU_COUNTERS(X)
#undef X
	uint64_t coded[NETRA_CHANNELS_MAX];	/* access units of each camera, sent or not */
};

struct netra_emu_options {
	const char *socket_path;
	int listen_fd;			/* -1 = make the socket at socket_path */
	uint32_t channels;
	const char *source[NETRA_EMU_SOURCES_MAX];
	uint32_t source_count;
	struct netra_source_format camera;	/* for channels without a file */
	const struct netra_soc *soc;
	bool pace_free;
	uint32_t loops;			/* 0 = for ever */
	uint64_t bar_bytes[NETRA_EMU_BARS];
	bool start_running;
	uint32_t boot_delay_ms;
	bool trap_bars;
	const char *stats_path;
	bool parent_death;
	int32_t clock_drift_ppb;
	struct netra_emu_fault fault[NETRA_EMU_FAULTS_MAX];
	uint32_t fault_count;
};

/* A piece of the SoC's memory. */
struct netra_emu_memory {
	uint32_t address;
	uint32_t bytes;
	int fd;
	uint8_t *own;		/* the memory itself */
	uint8_t *view;		/* as the SoC sees it: windows in place */
};

/* A BAR with memory behind it (1 to 4). */
struct netra_emu_bar {
	uint64_t bytes;		/* 0 = absent */
	int fd;			/* handed to the client for mapping */
	uint8_t *data;
	bool placed;		/* an inbound window shows SoC memory */
	uint32_t soc_address;	/* of data[0], while placed */
};

struct netra_emu_agent;
struct netra_emu_dma_file;

struct netra_emu_dma_map {
	uint64_t iova;
	uint64_t bytes;
	uint64_t offset;			/* in the file */
	struct netra_emu_dma_file *file;	/* NULL = not accessible */
	bool writable;
};

struct netra_emu {
	struct netra_emu_options options;
	pthread_mutex_t lock;
	pthread_cond_t wake;		/* the CPU thread has work; CLOCK_MONOTONIC */
	pthread_t cpu;
	bool cpu_started;

	/* all below guarded by lock, unless a comment says otherwise */
	bool quit;
	bool cpu_reset;			/* CPU thread must start over in ROM */
	bool gone;			/* off the bus for good */
	uint64_t away_until_ns;		/* off the bus until then */

	uint8_t config[NETRA_EMU_CONFIG_BYTES];
	uint8_t config_mask[NETRA_EMU_CONFIG_BYTES];	/* bits the host may write */
	uint32_t bar_mask[NETRA_EMU_BARS];		/* size - 1, bit 0 = enabled */
	uint32_t bar_assigned[NETRA_EMU_BARS];		/* as the root complex wrote them */
	bool msi_by_root;		/* MSI was programmed on the client's behalf */

	uint32_t reg[NETRA_BAR0_MIN_BYTES / 4];
	bool cs2_late;			/* DBI_CS2 takes until the next read */

	struct netra_emu_memory memory[2];	/* OCMC, DDR */
	struct netra_emu_bar bar[NETRA_EMU_BARS];

	struct netra_emu_dma_map *map;	/* sorted by iova */
	size_t map_count;
	size_t map_room;
	struct netra_emu_dma_file *file;	/* list */

	int msi_fd[NETRA_EMU_MSI_VECTORS];	/* -1 = none */
	int intx_fd;
	bool intx_masked;

	struct netra_source *source[NETRA_CHANNELS_MAX];	/* CPU thread only */
	struct netra_emu_agent *agent;		/* CPU thread only */
	struct netra_emu_faults faults;		/* CPU thread only, but for boot */
	uint32_t boot_count;			/* CPU thread only */
	uint64_t clock_base_ns;			/* constant */
	uint64_t clock_start_ns;		/* constant */
	struct netra_emu_counters counters;	/* atomic */
};

/* ---- board.c ------------------------------------------------------------ */

/**
 * netra_emu_create() - Power the board on; the CPU does not run yet.
 * @why: Receives one sentence on failure.
 * Sources are opened first, so that a bad one is found before serving.
 */
enum netra_error netra_emu_create(const struct netra_emu_options *options,
				  struct netra_emu **emu, char *why,
				  size_t why_size);

/** netra_emu_start() - Let the CPU run. */
enum netra_error netra_emu_start(struct netra_emu *emu);

/** netra_emu_destroy() - Stop the CPU and free everything. NULL is allowed. */
void netra_emu_destroy(struct netra_emu *emu);

/** netra_emu_reset_locked() - Function reset: registers cold, CPU back in ROM. */
void netra_emu_reset_locked(struct netra_emu *emu);

/**
 * netra_emu_host_reset_locked() - Reset as an operating system does it: what
 * the host had programmed into configuration space is there again afterwards.
 */
void netra_emu_host_reset_locked(struct netra_emu *emu);

/** netra_emu_client_gone() - DMA maps, interrupts, bus mastering end. */
void netra_emu_client_gone(struct netra_emu *emu);

/** netra_emu_absent_locked() - Is the board off the bus now? */
bool netra_emu_absent_locked(const struct netra_emu *emu);

/** netra_emu_now_ns() - CLOCK_MONOTONIC. */
uint64_t netra_emu_now_ns(void);

/** netra_emu_board_ns() - The board's own clock: other origin, drifting. */
uint64_t netra_emu_board_ns(const struct netra_emu *emu);

static inline void netra_emu_count(uint64_t *counter, uint64_t n)
{
	__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

/** netra_emu_stats_write() - Counters as JSON to options.stats_path. */
enum netra_error netra_emu_stats_write(const struct netra_emu *emu);

/* ---- config.c ----------------------------------------------------------- */

/** netra_emu_config_power_on_locked() - As after ROM: ids, class 0, BAR sizes. */
void netra_emu_config_power_on_locked(struct netra_emu *emu);

/** netra_emu_config_read_locked() - The host's reads: all-ones when absent. */
void netra_emu_config_read_locked(struct netra_emu *emu, uint32_t offset,
				  uint8_t *data, uint32_t length);

/** netra_emu_config_write_locked() - The host's writes; may reset the board. */
void netra_emu_config_write_locked(struct netra_emu *emu, uint32_t offset,
				   const uint8_t *data, uint32_t length);

/** netra_emu_local_read_locked() - The SoC's own view (0x51001000), 32 bits. */
uint32_t netra_emu_local_read_locked(const struct netra_emu *emu,
				     uint32_t offset);

/** netra_emu_local_write_locked() - With DBI_CS2 a write to a BAR sets its mask. */
void netra_emu_local_write_locked(struct netra_emu *emu, uint32_t offset,
				  uint32_t value);

/** netra_emu_bar_address_locked() - Address in a BAR register. */
uint32_t netra_emu_bar_address_locked(const struct netra_emu *emu,
				      unsigned int bar);

/**
 * netra_emu_assign_bars_locked() - What firmware of a PC would have done:
 * BARs without an address get one, memory decoding is on. For clients that
 * are no virtual machine.
 */
void netra_emu_assign_bars_locked(struct netra_emu *emu);

bool netra_emu_bus_master_locked(const struct netra_emu *emu);

struct netra_emu_msi {
	bool enabled;
	uint64_t address;
	uint16_t data;
	uint32_t vectors;	/* enabled ones, 1..4 */
};

void netra_emu_msi_locked(const struct netra_emu *emu,
			  struct netra_emu_msi *msi);

/** netra_emu_msi_program_locked() - On behalf of a client that has no root. */
void netra_emu_msi_program_locked(struct netra_emu *emu, uint32_t vectors);

/* ---- pciess.c ----------------------------------------------------------- */

uint32_t netra_emu_reg_read_locked(struct netra_emu *emu, uint32_t offset);
void netra_emu_reg_write_locked(struct netra_emu *emu, uint32_t offset,
				uint32_t value);

/** netra_emu_doorbells_locked() - Latched MSI vectors; takes them. */
uint32_t netra_emu_doorbells_locked(struct netra_emu *emu);

/** netra_emu_intx_update_locked() - Signal the line if it is asserted now. */
void netra_emu_intx_update_locked(struct netra_emu *emu);

/* ---- soc.c -------------------------------------------------------------- */

enum netra_error netra_emu_memory_create(struct netra_emu *emu, char *why,
					 size_t why_size);
void netra_emu_memory_destroy(struct netra_emu *emu);

/** netra_emu_windows_update_locked() - Registers or BARs changed: move windows. */
void netra_emu_windows_update_locked(struct netra_emu *emu);

/**
 * netra_emu_bar_access_locked() - The host's access to BAR 1 to 4 by message.
 *
 * Outside an inbound window reads give all-ones and writes vanish.
 */
void netra_emu_bar_access_locked(struct netra_emu *emu, unsigned int bar,
				 uint64_t offset, uint8_t *data,
				 uint32_t length, bool write);

/**
 * netra_emu_soc_memory() - Pointer to SoC memory, as the SoC sees it.
 * Return: NULL if the range is not inside one memory. Valid for ever: windows
 * that move change what is behind it, not the address.
 */
void *netra_emu_soc_memory(const struct netra_emu *emu, uint32_t address,
			   uint32_t length);

/** netra_emu_soc_write32() - A store by the ARM: registers or memory. */
void netra_emu_soc_write32(struct netra_emu *emu, uint32_t address,
			   uint32_t value);

/* ---- dma.c -------------------------------------------------------------- */

/**
 * netra_emu_dma_map_locked() - The client's memory at an IOVA.
 * @fd: -1 = accepted, but not accessible. Not kept.
 * Return: NETRA_ERR_INVALID (range, file too short), NETRA_ERR_BUSY (overlaps),
 * NETRA_ERR_NO_MEMORY.
 */
enum netra_error netra_emu_dma_map_locked(struct netra_emu *emu, uint64_t iova,
					  uint64_t bytes, uint64_t offset,
					  bool writable, int fd);

/** netra_emu_dma_unmap_locked() - Any range: many maps, parts, nothing. */
void netra_emu_dma_unmap_locked(struct netra_emu *emu, uint64_t iova,
				uint64_t bytes);
void netra_emu_dma_unmap_all_locked(struct netra_emu *emu);

/**
 * netra_emu_dma_copy_locked() - Access host memory, over map borders.
 *
 * All or nothing. NETRA_ERR_NOT_FOUND: unmapped or not accessible;
 * NETRA_ERR_PERMISSION: mapped read-only.
 */
enum netra_error netra_emu_dma_copy_locked(struct netra_emu *emu, uint64_t iova,
					   void *data, uint32_t length,
					   bool write);

/* ---- outbound.c --------------------------------------------------------- */

/**
 * netra_emu_outbound() - A transfer by the board through its outbound windows.
 * @soc_address: In the 256 MB data region.
 *
 * Errors are reported on stderr (not more than some a second) and counted.
 * NETRA_ERR_GONE without count when the CPU is being reset.
 */
enum netra_error netra_emu_outbound(struct netra_emu *emu, uint32_t soc_address,
				    void *data, uint32_t length, bool write);

/** netra_emu_interrupt() - MSI through window 31 as TI's firmware, else INTx. */
enum netra_error netra_emu_interrupt(struct netra_emu *emu);

/* ---- cpu.c, uboot.c, agent.c: on the CPU thread ------------------------- */

void *netra_emu_cpu_main(void *emu);

/** netra_emu_cpu_sleep() - False if a reset or the end came meanwhile. */
bool netra_emu_cpu_sleep(struct netra_emu *emu, uint32_t ms);

/** netra_emu_cpu_hang() - Until a reset or the end. Always false. */
bool netra_emu_cpu_hang(struct netra_emu *emu);

/** netra_emu_cpu_stopped() - Must the CPU thread let go of what it does? */
bool netra_emu_cpu_stopped(struct netra_emu *emu);

/** netra_emu_stage() - Report a boot stage in GPR1. */
void netra_emu_stage(struct netra_emu *emu, uint32_t stage);

/** netra_emu_flag_wait() - Poll the boot flag, then clear it. */
bool netra_emu_flag_wait(struct netra_emu *emu);

/** netra_emu_uboot() - True when the kernel has been started. */
bool netra_emu_uboot(struct netra_emu *emu);

/**
 * netra_emu_image_ok() - Check a U-Boot legacy image as U-Boot does.
 * @type: Wanted ih_type, or 0 for any.
 * @data, @bytes: Receive the payload; may be NULL.
 */
bool netra_emu_image_ok(const struct netra_emu *emu, uint32_t address,
			uint8_t type, const uint8_t **data, uint32_t *bytes);

#define NETRA_UIMAGE_KERNEL	2u
#define NETRA_UIMAGE_RAMDISK	3u
#define NETRA_UIMAGE_SCRIPT	6u

/** netra_emu_agent() - Run the firmware agent until it is restarted or reset. */
void netra_emu_agent(struct netra_emu *emu);

#endif
