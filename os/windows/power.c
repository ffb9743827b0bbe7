/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Power, and the end. Every exit from D0, whatever the reason, takes the windows
 * down and leaves the board alone; every entry boots or attaches it by the
 * machines that boot it at first, and streams go on with a gap. Interrupts are
 * connected at both, so configuration space then holds what Windows put there.
 */
#include "driver.h"

#define PAUSE_STEP_MS 1

void netra_pause(struct netra_device *dev)
{
	struct netra_host *host = &dev->host;
	LARGE_INTEGER delay = { .QuadPart = -10000ll * PAUSE_STEP_MS };
	enum netra_error error;

	netra_lock(dev);
	/* Paused twice, by one stop in another, it is still to run again. */
	dev->resume_wanted |= dev->phase != NETRA_PHASE_IDLE || dev->boot_wanted;
	dev->boot_wanted = false;
	netra_firmware_release(dev);
	if (host->attached && host->state != NETRA_BOARD_GONE) {
		enum netra_run state;

		netra_host_run_detach(host);
		do {
			state = netra_host_run(host, netra_time_ns(), &error);
			if (state == NETRA_RUN_WAIT)
				KeDelayExecutionThread(KernelMode, FALSE, &delay);
		} while (state == NETRA_RUN_AGAIN || state == NETRA_RUN_WAIT);
	}
	host->attached = false;
	/* Whatever its firmware still does, it does not reach memory. */
	netra_config_master(dev, false);
	if (host->state != NETRA_BOARD_GONE) {
		netra_host_set_state(host, NETRA_BOARD_COLD);
		host->recovery.step = NETRA_RECOVER_NONE;
	}
	dev->phase = NETRA_PHASE_IDLE;
	dev->suspended = true;
	netra_unlock(dev);
	netra_waits_serve(dev);
}

void netra_resume(struct netra_device *dev)
{
	netra_lock(dev);
	netra_config_save(dev);
	dev->suspended = false;
	/* Somebody may have asked for a boot meanwhile. */
	dev->boot_wanted |= dev->resume_wanted;
	dev->resume_wanted = false;
	netra_unlock(dev);
	netra_kick(dev);
}

NTSTATUS NTAPI netra_d0_entry(WDFDEVICE wdf, WDF_POWER_DEVICE_STATE from)
{
	UNREFERENCED_PARAMETER(from);
	netra_resume(netra_device_of_wdf(wdf));
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI netra_d0_exit(WDFDEVICE wdf, WDF_POWER_DEVICE_STATE to)
{
	UNREFERENCED_PARAMETER(to);
	netra_pause(netra_device_of_wdf(wdf));
	return STATUS_SUCCESS;
}

/* From here on nobody touches the board, and everybody who waits learns of it. */
static void end(struct netra_device *dev)
{
	netra_lock(dev);
	/* Without operations it never was prepared. */
	if (dev->host.ops)
		netra_host_gone(&dev->host, "the system took it away");
	dev->dead = true;
	dev->phase = NETRA_PHASE_IDLE;
	netra_unlock(dev);
	netra_waits_serve(dev);
}

VOID NTAPI netra_surprise_removal(WDFDEVICE wdf)
{
	end(netra_device_of_wdf(wdf));
}

NTSTATUS NTAPI netra_io_init(WDFDEVICE wdf)
{
	return netra_service_start(netra_device_of_wdf(wdf));
}

/* After the last handle was closed, and before the DMA adapter goes. */
VOID NTAPI netra_io_cleanup(WDFDEVICE wdf)
{
	struct netra_device *dev = netra_device_of_wdf(wdf);

	end(dev);
	netra_service_stop(dev);
	netra_lock(dev);
	dev->host.view = NULL;
	dev->host.area = NULL;
	netra_arena_put(dev);
	netra_unlock(dev);
}
