/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Faults on order: what --fault asks for, and when each of them is due.
 * docs/faults.md lists them. Belongs to the CPU thread.
 */
#ifndef NETRA_EMULATOR_FAULT_H
#define NETRA_EMULATOR_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NETRA_EMU_FAULTS_MAX 32u

enum netra_emu_fault_kind {
	NETRA_EMU_BOOT_HANG,
	NETRA_EMU_BOOT_FAIL,
	NETRA_EMU_CHANNEL_STALL,
	NETRA_EMU_HEARTBEAT_STOP,
	NETRA_EMU_RECORD_TORN,
	NETRA_EMU_RECORD_GARBAGE,
	NETRA_EMU_OFFSET_WILD,
	NETRA_EMU_LENGTH_WILD,
	NETRA_EMU_HEAD_JUMP,
	NETRA_EMU_HEAD_BACK,
	NETRA_EMU_IRQ_LOST,
	NETRA_EMU_IRQ_LATE,
	NETRA_EMU_IRQ_SPURIOUS,
	NETRA_EMU_SELF_RESET,
	NETRA_EMU_GONE,
	NETRA_EMU_LOCK_DEAD,
	NETRA_EMU_COMMAND_SILENT,
	NETRA_EMU_SIGNAL_LOST,
	NETRA_EMU_ENCODER_FAULT,
	NETRA_EMU_FAULT_KINDS
};

/* Boot stages and images that boot-hang and boot-fail name. */
enum netra_emu_boot_stage {
	NETRA_EMU_STAGE_ROM,
	NETRA_EMU_STAGE_UBOOT,
	NETRA_EMU_STAGE_SCRIPT,
	NETRA_EMU_STAGE_KERNEL,
	NETRA_EMU_STAGE_RAMDISK,
	NETRA_EMU_STAGE_AGENT,
	NETRA_EMU_STAGES
};

/* What ends a lasting fault; each mends what the ones before it mend. */
enum netra_emu_mend {
	NETRA_EMU_MEND_RESYNC,
	NETRA_EMU_MEND_RESTART,
	NETRA_EMU_MEND_RESET,
	NETRA_EMU_MEND_NEVER,
};

struct netra_emu_fault {
	enum netra_emu_fault_kind kind;
	enum netra_emu_boot_stage stage;
	uint32_t channel;
	uint64_t after;			/* occurrences, or ms */
	bool after_is_ms;
	uint32_t count;			/* 0 = for ever */
	uint32_t ms;
	uint32_t frames;		/* signal-lost: how long */
	enum netra_emu_mend until;
	/* state */
	uint64_t seen;
	uint32_t fired;
	bool active;
	uint64_t since_ns;
};

struct netra_emu_faults {
	struct netra_emu_fault fault[NETRA_EMU_FAULTS_MAX];
	uint32_t count;
	uint64_t start_ns;		/* when after=…ms began to count */
	uint64_t *fired;		/* counter */
};

/**
 * netra_emu_fault_parse() - KIND[:PARAMETER[,PARAMETER]…].
 * @why: Receives one sentence on failure.
 */
bool netra_emu_fault_parse(const char *spec, struct netra_emu_fault *fault,
			   char *why, size_t why_size);

/** netra_emu_faults_begin() - The agent started or a host attached. */
void netra_emu_faults_begin(struct netra_emu_faults *faults, uint64_t now_ns);

/**
 * netra_emu_fault_fires() - A thing that @kind may spoil happens: spoil it?
 * @channel: 0 for faults that are not a channel's.
 * Counts the occurrence. Return: the fault that fires, or NULL.
 */
const struct netra_emu_fault *
netra_emu_fault_fires(struct netra_emu_faults *faults,
		      enum netra_emu_fault_kind kind, uint32_t channel,
		      uint64_t now_ns);

/** netra_emu_fault_lasts() - As _fires, but once fired it stays until mended. */
const struct netra_emu_fault *
netra_emu_fault_lasts(struct netra_emu_faults *faults,
		      enum netra_emu_fault_kind kind, uint32_t channel,
		      uint64_t now_ns);

/** netra_emu_fault_elapsed() - As _fires, for faults that go by the clock only. */
const struct netra_emu_fault *
netra_emu_fault_elapsed(struct netra_emu_faults *faults,
			enum netra_emu_fault_kind kind, uint64_t now_ns);

/** netra_emu_fault_is() - Is it lasting now? Counts nothing. */
bool netra_emu_fault_is(const struct netra_emu_faults *faults,
			enum netra_emu_fault_kind kind, uint32_t channel);

/** netra_emu_fault_boot() - Does a boot fault of @kind hit this stage? */
bool netra_emu_fault_boot(struct netra_emu_faults *faults,
			  enum netra_emu_fault_kind kind,
			  enum netra_emu_boot_stage stage);

/** netra_emu_fault_mend() - @channel matters for NETRA_EMU_MEND_RESYNC only. */
void netra_emu_fault_mend(struct netra_emu_faults *faults,
			  enum netra_emu_mend by, uint32_t channel);

#endif
