/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The board as a whole: power, reset, its clock, a client's going, counters.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "core/bytes.h"
#include "emulator.h"

#define START_MS 2000	/* for a firmware that is said to run already */

uint64_t netra_emu_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t netra_emu_board_ns(const struct netra_emu *emu)
{
	uint64_t run = netra_emu_now_ns() - emu->clock_start_ns;
	int64_t drift = (int64_t)(run / 1000u) *
			emu->options.clock_drift_ppb / 1000000;

	return emu->clock_base_ns + run + (uint64_t)drift;
}

bool netra_emu_absent_locked(const struct netra_emu *emu)
{
	return emu->gone || (emu->away_until_ns &&
			     netra_emu_now_ns() < emu->away_until_ns);
}

/* Channels get the files in turn, and cameras where there are none. */
static enum netra_error open_sources(struct netra_emu *emu, char *why,
				     size_t why_size)
{
	const struct netra_emu_options *options = &emu->options;
	enum netra_error error = NETRA_OK;

	for (uint32_t i = 0; i < options->channels && !error; i++) {
		const char *path;

		if (!options->source_count) {
			error = netra_source_open_camera(
				i, &options->camera, 0, &emu->source[i],
				why, why_size);
			continue;
		}
		path = options->source[i % options->source_count];
		error = netra_source_open_file(path, options->loops,
					       &emu->source[i], why, why_size);
	}
	return error;
}

static void power_on_locked(struct netra_emu *emu)
{
	memset(emu->reg, 0, sizeof(emu->reg));
	emu->cs2_late = false;
	netra_emu_config_power_on_locked(emu);
	emu->reg[NETRA_REG_CMD_STATUS / 4] = NETRA_CMD_LTSSM_EN;
	netra_emu_windows_update_locked(emu);
}

enum netra_error netra_emu_create(const struct netra_emu_options *options,
				  struct netra_emu **result, char *why,
				  size_t why_size)
{
	struct netra_emu *emu = calloc(1, sizeof(*emu));
	pthread_condattr_t attributes;
	enum netra_error error;
	uint32_t seed = 1;

	if (!emu) {
		snprintf(why, why_size, "out of memory");
		return NETRA_ERR_NO_MEMORY;
	}
	emu->options = *options;
	emu->intx_fd = -1;
	for (size_t i = 0; i < NETRA_EMU_MSI_VECTORS; i++)
		emu->msi_fd[i] = -1;
	for (size_t i = 0; i < NETRA_EMU_BARS; i++)
		emu->bar[i].fd = -1;
	emu->memory[0].fd = -1;
	emu->memory[1].fd = -1;
	pthread_mutex_init(&emu->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&emu->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	memcpy(emu->faults.fault, options->fault, sizeof(options->fault));
	emu->faults.count = options->fault_count;
	emu->faults.fired = &emu->counters.faults_fired;

	/* Up for some hours already: no kin of the host's clock. */
	(void)!getrandom(&seed, sizeof(seed), GRND_NONBLOCK);
	emu->clock_base_ns = 3600000000000u + (uint64_t)seed * 10000u;
	emu->clock_start_ns = netra_emu_now_ns();
	emu->boot_count = seed & 0xffff;

	error = open_sources(emu, why, why_size);
	if (error)
		goto err_emu;
	error = netra_emu_memory_create(emu, why, why_size);
	if (error)
		goto err_emu;
	pthread_mutex_lock(&emu->lock);
	power_on_locked(emu);
	netra_emu_assign_bars_locked(emu);
	pthread_mutex_unlock(&emu->lock);
	*result = emu;
	return NETRA_OK;

err_emu:
	netra_emu_destroy(emu);
	return error;
}

/* Who is told that the board runs must not find it on its way there. */
static void wait_for_agent(struct netra_emu *emu)
{
	const struct timespec step = { .tv_nsec = 1000000 };

	for (int i = 0; i < START_MS; i++) {
		uint32_t stage;

		pthread_mutex_lock(&emu->lock);
		stage = emu->reg[NETRA_REG_GPR(1) / 4];
		pthread_mutex_unlock(&emu->lock);
		if (stage == (NETRA_STAGE_BASE | NETRA_STAGE_AGENT))
			return;
		nanosleep(&step, NULL);
	}
}

enum netra_error netra_emu_start(struct netra_emu *emu)
{
	pthread_mutex_lock(&emu->lock);
	emu->cpu_started = !pthread_create(&emu->cpu, NULL, netra_emu_cpu_main,
					   emu);
	pthread_mutex_unlock(&emu->lock);
	if (!emu->cpu_started)
		return NETRA_ERR_NO_MEMORY;
	if (emu->options.start_running)
		wait_for_agent(emu);
	return NETRA_OK;
}

static void drop_interrupts_locked(struct netra_emu *emu)
{
	for (size_t i = 0; i < NETRA_EMU_MSI_VECTORS; i++) {
		if (emu->msi_fd[i] >= 0)
			close(emu->msi_fd[i]);
		emu->msi_fd[i] = -1;
	}
	if (emu->intx_fd >= 0)
		close(emu->intx_fd);
	emu->intx_fd = -1;
	emu->intx_masked = false;
	netra_emu_msi_program_locked(emu, 0);
}

void netra_emu_destroy(struct netra_emu *emu)
{
	if (!emu)
		return;
	pthread_mutex_lock(&emu->lock);
	emu->quit = true;
	pthread_cond_broadcast(&emu->wake);
	pthread_mutex_unlock(&emu->lock);
	if (emu->cpu_started)
		pthread_join(emu->cpu, NULL);
	drop_interrupts_locked(emu);
	netra_emu_dma_unmap_all_locked(emu);
	free(emu->map);
	free(emu->agent);
	netra_emu_memory_destroy(emu);
	for (size_t i = 0; i < NETRA_CHANNELS_MAX; i++)
		netra_source_close(emu->source[i]);
	pthread_cond_destroy(&emu->wake);
	pthread_mutex_destroy(&emu->lock);
	free(emu);
}

void netra_emu_reset_locked(struct netra_emu *emu)
{
	uint32_t *flag;

	power_on_locked(emu);
	/* ROM's first act; here, so that a fast host's flag is not wiped out. */
	flag = netra_emu_soc_memory(emu, emu->options.soc->boot_flag, 4);
	if (flag)
		netra_write32(flag, 0);
	emu->cpu_reset = true;
	netra_emu_count(&emu->counters.resets, 1);
	pthread_cond_broadcast(&emu->wake);
}

void netra_emu_host_reset_locked(struct netra_emu *emu)
{
	uint8_t command = emu->config[0x04];

	netra_emu_reset_locked(emu);
	netra_emu_assign_bars_locked(emu);
	emu->config[0x04] |= command & 0x06;
}

void netra_emu_client_gone(struct netra_emu *emu)
{
	pthread_mutex_lock(&emu->lock);
	drop_interrupts_locked(emu);
	netra_emu_dma_unmap_all_locked(emu);
	emu->config[0x04] &= (uint8_t)~0x04u;
	netra_emu_assign_bars_locked(emu);
	pthread_mutex_unlock(&emu->lock);
}

enum netra_error netra_emu_stats_write(const struct netra_emu *emu)
{
	const struct netra_emu_counters *counters = &emu->counters;
	const char *separator = "{\n";
	char path[4096];
	FILE *file;

	if (!emu->options.stats_path)
		return NETRA_OK;
	if (snprintf(path, sizeof(path), "%s.new", emu->options.stats_path) >=
	    (int)sizeof(path))
		return NETRA_ERR_INVALID;
	file = fopen(path, "we");
	if (!file)
		return NETRA_ERR_IO;
#define X(name) do {							\
		fprintf(file, "%s  \"" #name "\": %llu", separator,	\
			(unsigned long long)__atomic_load_n(		\
				&counters->name, __ATOMIC_RELAXED));	\
		separator = ",\n";					\
	} while (0);
	NETRA_EMU_COUNTERS(X)
#undef X
	for (uint32_t i = 0; i < emu->options.channels; i++)
		fprintf(file, "%s%llu", i ? ", " : ",\n  \"coded\": [",
			(unsigned long long)__atomic_load_n(
				&counters->coded[i], __ATOMIC_RELAXED));
	fprintf(file, "]\n}\n");
	/* A reader never sees half of it. */
	if (fclose(file) || rename(path, emu->options.stats_path)) {
		unlink(path);
		return NETRA_ERR_IO;
	}
	return NETRA_OK;
}
