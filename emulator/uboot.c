/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * U-Boot on the board: wait for the images, run the boot script, start the
 * kernel. Images are U-Boot legacy images, as mkimage writes them: a 64-byte
 * big-endian header with its own CRC-32 and one of the data. The script is
 * the part of U-Boot's shell that firmware/boot.cmd keeps to:
 *
 *	mw.l ADDRESS VALUE | iminfo ADDRESS | bootm KERNEL RAMDISK | exit
 *	echo … | setenv … | if iminfo ADDRESS; then … [else …] fi
 *
 * CPU thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/bytes.h"
#include "emulator.h"

#define HEADER_BYTES	64u
#define UIMAGE_MAGIC	0x27051956u
#define ARCH_ARM	2u
#define STATEMENT_MAX	512u
#define DEPTH_MAX	8u

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

bool netra_emu_image_ok(const struct netra_emu *emu, uint32_t address,
			uint8_t type, const uint8_t **data, uint32_t *bytes)
{
	const uint8_t *shared = netra_emu_soc_memory(emu, address,
						     HEADER_BYTES);
	uint8_t header[HEADER_BYTES];
	const uint8_t *payload;
	uint32_t header_crc, size;

	if (!shared)
		return false;
	memcpy(header, shared, sizeof(header));
	header_crc = be32(header + 4);
	memset(header + 4, 0, 4);
	size = be32(header + 12);
	if (be32(header) != UIMAGE_MAGIC ||
	    crc32(0, header, sizeof(header)) != header_crc)
		return false;
	payload = netra_emu_soc_memory(emu, address + HEADER_BYTES, size);
	if (!payload || !size || crc32(0, payload, size) != be32(header + 24))
		return false;
	if (type && (header[30] != type || header[29] != ARCH_ARM))
		return false;
	if (data)
		*data = payload;
	if (bytes)
		*bytes = size;
	return true;
}

struct shell {
	struct netra_emu *emu;
	unsigned int depth;
	bool runs[DEPTH_MAX];	/* does the branch we are in run? */
	bool met[DEPTH_MAX];	/* was the condition met? */
	bool ended;		/* exit, or nothing after it */
	bool booted;
};

/* A boot image is refused if it is damaged or a fault says so. */
static bool image_accepted(struct netra_emu *emu, uint32_t address,
			   uint8_t type)
{
	const struct netra_soc *soc = emu->options.soc;
	bool ok = netra_emu_image_ok(emu, address, type, NULL, NULL);

	if (address == soc->kernel)
		ok = ok && !netra_emu_fault_boot(&emu->faults,
						 NETRA_EMU_BOOT_FAIL,
						 NETRA_EMU_STAGE_KERNEL);
	if (address == soc->ramdisk)
		ok = ok && !netra_emu_fault_boot(&emu->faults,
						 NETRA_EMU_BOOT_FAIL,
						 NETRA_EMU_STAGE_RAMDISK);
	if (!ok)
		netra_emu_count(&emu->counters.images_refused, 1);
	return ok;
}

static uint32_t hex(const char *word)
{
	return word ? (uint32_t)strtoul(word, NULL, 16) : 0;
}

static bool command(struct shell *shell, char **word)
{
	struct netra_emu *emu = shell->emu;

	if (strcmp(word[0], "mw.l") == 0) {
		netra_emu_soc_write32(emu, hex(word[1]), hex(word[2]));
		return true;
	}
	if (strcmp(word[0], "iminfo") == 0)
		return image_accepted(emu, hex(word[1]), 0);
	if (strcmp(word[0], "exit") == 0) {
		shell->ended = true;
		return true;
	}
	if (strcmp(word[0], "bootm") == 0) {
		/* Does not come back once both images are good. */
		shell->booted = image_accepted(emu, hex(word[1]),
					       NETRA_UIMAGE_KERNEL) &&
				image_accepted(emu, hex(word[2]),
					       NETRA_UIMAGE_RAMDISK);
		shell->ended = shell->booted;
		return shell->booted;
	}
	/* echo, setenv; an unknown command is an error message and no more. */
	return strcmp(word[0], "echo") == 0 || strcmp(word[0], "setenv") == 0;
}

/* One statement, its words in @word, NULL-terminated. */
static void statement(struct shell *shell, char **word)
{
	unsigned int depth = shell->depth;

	if (strcmp(word[0], "if") == 0 && word[1]) {
		if (depth + 1 == DEPTH_MAX) {
			shell->ended = true;
			return;
		}
		shell->met[depth + 1] = shell->runs[depth] &&
					command(shell, word + 1);
		shell->runs[depth + 1] = false;
		shell->depth++;
		return;
	}
	if (depth && strcmp(word[0], "fi") == 0) {
		shell->depth--;
		return;
	}
	if (depth && (strcmp(word[0], "then") == 0 ||
		      strcmp(word[0], "else") == 0)) {
		shell->runs[depth] = shell->runs[depth - 1] &&
			shell->met[depth] == (word[0][0] == 't');
		word++;
	}
	if (word[0] && shell->runs[shell->depth])
		command(shell, word);
}

static void run_text(struct shell *shell, const char *text, size_t length)
{
	size_t at = 0;

	while (at < length && !shell->ended) {
		size_t end = at;
		char line[STATEMENT_MAX], *word[16] = { NULL }, *save = NULL;
		size_t count = 0;

		while (end < length && text[end] != '\n' && text[end] != ';' &&
		       text[end] != '#')
			end++;
		if (end - at < sizeof(line)) {
			memcpy(line, text + at, end - at);
			line[end - at] = 0;
			for (char *w = strtok_r(line, " \t\r", &save);
			     w && count < 15; w = strtok_r(NULL, " \t\r", &save))
				word[count++] = w;
			if (count)
				statement(shell, word);
		}
		if (end < length && text[end] == '#')
			while (end < length && text[end] != '\n')
				end++;
		at = end + 1;
	}
}

/* Returns true when the script started the kernel. */
static bool run_script(struct netra_emu *emu, const uint8_t *data,
		       uint32_t bytes)
{
	struct shell shell = { .emu = emu, .runs = { true } };
	char *text;
	uint32_t length;

	/* A table of lengths ended by 0; the first text follows. */
	if (bytes < 8 || be32(data + 4) != 0)
		return false;
	length = be32(data);
	if (!netra_range_ok(8, length, bytes))
		return false;
	/* The host could change it under us, as it could on silicon. */
	text = malloc(length + 1u);
	if (!text)
		return false;
	memcpy(text, data + 8, length);
	run_text(&shell, text, length);
	free(text);
	return shell.booted;
}

bool netra_emu_uboot(struct netra_emu *emu)
{
	const struct netra_soc *soc = emu->options.soc;
	struct netra_emu_faults *faults = &emu->faults;
	const uint8_t *data;
	uint32_t bytes;

	netra_emu_stage(emu, NETRA_STAGE_UBOOT);
	if (netra_emu_fault_boot(faults, NETRA_EMU_BOOT_HANG,
				 NETRA_EMU_STAGE_UBOOT))
		return netra_emu_cpu_hang(emu);
	if (!netra_emu_flag_wait(emu) ||
	    !netra_emu_cpu_sleep(emu, emu->options.boot_delay_ms))
		return false;
	if (netra_emu_fault_boot(faults, NETRA_EMU_BOOT_HANG,
				 NETRA_EMU_STAGE_SCRIPT))
		return netra_emu_cpu_hang(emu);
	if (!netra_emu_image_ok(emu, soc->script, NETRA_UIMAGE_SCRIPT, &data,
				&bytes) ||
	    netra_emu_fault_boot(faults, NETRA_EMU_BOOT_FAIL,
				 NETRA_EMU_STAGE_SCRIPT)) {
		/* bootcmd's own last resort: report it to the host. */
		netra_emu_count(&emu->counters.images_refused, 1);
		netra_emu_stage(emu, NETRA_STAGE_BAD_SCRIPT);
		return netra_emu_cpu_hang(emu);
	}
	if (!run_script(emu, data, bytes))
		return netra_emu_cpu_hang(emu);
	netra_emu_count(&emu->counters.boots, 1);
	if (netra_emu_fault_boot(faults, NETRA_EMU_BOOT_HANG,
				 NETRA_EMU_STAGE_KERNEL))
		return netra_emu_cpu_hang(emu);
	return netra_emu_cpu_sleep(emu, emu->options.boot_delay_ms);
}
