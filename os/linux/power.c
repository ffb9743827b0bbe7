// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Suspend and resume, resets by others, and errors of the bus. All three take
 * the windows down, leave the board alone, and boot it again by the machines
 * that boot it at first; streams resume with a gap.
 */
#include <linux/delay.h>
#include <linux/module.h>

#include "driver.h"

/* Linux waits a minute for a link, and has other drivers to ask. */
static unsigned int bus_wait_s = 90;
module_param(bus_wait_s, uint, 0644);
MODULE_PARM_DESC(bus_wait_s, "How long a board may take to come back after an error of the bus (default: 90)");

void netra_pause(struct netra_device *dev)
{
	struct netra_host *host = &dev->host;
	enum netra_error error;

	mutex_lock(&dev->lock);
	dev->suspended = true;
	/* Paused twice, by one reset in another, it is still to run again. */
	dev->resume_wanted |= dev->phase != NETRA_PHASE_IDLE;
	netra_firmware_release(dev);
	/* After an error nothing answers; the reset that follows closes the windows. */
	if (pci_channel_offline(dev->pdev))
		host->attached = false;
	if (host->attached && host->state != NETRA_BOARD_GONE) {
		enum netra_run state;

		netra_host_run_detach(host);
		do {
			u64 now_ns = ktime_get_ns();

			state = netra_host_run(host, now_ns, &error);
			if (state == NETRA_RUN_WAIT)
				fsleep(100);
		} while (state == NETRA_RUN_AGAIN || state == NETRA_RUN_WAIT);
		host->attached = false;
	}
	if (host->state != NETRA_BOARD_GONE) {
		netra_host_set_state(host, NETRA_BOARD_COLD);
		host->recovery.step = NETRA_RECOVER_NONE;
	}
	dev->phase = NETRA_PHASE_IDLE;
	netra_unmap_bars(dev);
	mutex_unlock(&dev->lock);
	wake_up_all(&dev->changed);
}

void netra_resume(struct netra_device *dev)
{
	mutex_lock(&dev->lock);
	dev->suspended = false;
	dev->give_up_ns = 0;
	/* Somebody may have asked for a boot meanwhile. */
	dev->boot_wanted |= dev->resume_wanted;
	dev->resume_wanted = false;
	mutex_unlock(&dev->lock);
	netra_kick(dev);
}

static int netra_suspend(struct device *device)
{
	netra_pause(dev_get_drvdata(device));
	return 0;
}

static int netra_resume_again(struct device *device)
{
	struct pci_dev *pdev = to_pci_dev(device);

	pci_set_master(pdev);
	netra_resume(pci_get_drvdata(pdev));
	return 0;
}

DEFINE_SIMPLE_DEV_PM_OPS(netra_pm_ops, netra_suspend, netra_resume_again);

/*
 * Resets that the recovery asked for itself come through here, too, in the
 * thread that holds dev->lock for them. A note in @dev would not do: somebody
 * else's reset, which waited for this one, may come while the note still stands.
 */
static bool is_own_reset(const struct netra_device *dev)
{
	return current == dev->thread;
}

static void netra_reset_prepare(struct pci_dev *pdev)
{
	struct netra_device *dev = pci_get_drvdata(pdev);

	if (!is_own_reset(dev))
		netra_pause(dev);
}

static void netra_reset_done(struct pci_dev *pdev)
{
	struct netra_device *dev = pci_get_drvdata(pdev);

	if (is_own_reset(dev))
		return;
	pci_set_master(pdev);
	netra_resume(dev);
}

static pci_ers_result_t netra_error_detected(struct pci_dev *pdev,
					     pci_channel_state_t state)
{
	struct netra_device *dev = pci_get_drvdata(pdev);

	if (state == pci_channel_io_normal)
		return PCI_ERS_RESULT_CAN_RECOVER;
	pci_err(pdev, "a fatal error of the bus\n");
	netra_pause(dev);
	if (state == pci_channel_io_perm_failure) {
		netra_give_up(dev, "the bus gave it up after an error");
		return PCI_ERS_RESULT_DISCONNECT;
	}
	mutex_lock(&dev->lock);
	dev->give_up_ns = ktime_get_ns() + (u64)bus_wait_s * NSEC_PER_SEC;
	mutex_unlock(&dev->lock);
	netra_kick(dev);
	return PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t netra_slot_reset(struct pci_dev *pdev)
{
	struct netra_device *dev = pci_get_drvdata(pdev);

	/* An earlier reset has used up what the PCI core had saved. */
	if (!pci_load_saved_state(pdev, dev->saved_state))
		pci_restore_state(pdev);
	pci_save_state(pdev);
	if (pci_device_is_present(pdev))
		return PCI_ERS_RESULT_RECOVERED;
	netra_give_up(pci_get_drvdata(pdev),
		      "it did not come back from a reset of the bus");
	return PCI_ERS_RESULT_DISCONNECT;
}

/* Also after errors that paused nothing: a board that sleeps must not wake. */
static void netra_error_resume(struct pci_dev *pdev)
{
	struct netra_device *dev = pci_get_drvdata(pdev);
	bool paused;

	mutex_lock(&dev->lock);
	paused = dev->give_up_ns;
	mutex_unlock(&dev->lock);
	if (!paused)
		return;
	pci_set_master(pdev);
	netra_resume(dev);
}

const struct pci_error_handlers netra_error_handlers = {
	.error_detected = netra_error_detected,
	.slot_reset = netra_slot_reset,
	.resume = netra_error_resume,
	.reset_prepare = netra_reset_prepare,
	.reset_done = netra_reset_done,
};
