// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * What open files ask of a board: boots, commands, and frames of a channel. All
 * with dev->lock; whoever waits for the board lets it go meanwhile.
 */
#include <linux/sched/signal.h>

#include "driver.h"

int netra_boot_request(struct netra_device *dev, bool force)
{
	lockdep_assert_held(&dev->lock);
	if (dev->dead)
		return -ENODEV;
	if (dev->host.state == NETRA_BOARD_GONE)
		return -ENODEV;
	if (dev->boot_wanted || (dev->phase != NETRA_PHASE_IDLE &&
				 dev->phase != NETRA_PHASE_RUN))
		return -EBUSY;
	if (dev->phase == NETRA_PHASE_RUN && !force)
		return 0;
	dev->boot_wanted = true;
	dev->reset_wanted = force;
	netra_kick(dev);
	return 0;
}

int netra_command_wait(struct netra_device *dev, u32 channel,
		       enum netra_opcode opcode, u32 arg0, u32 arg1)
{
	struct netra_host *host = &dev->host;
	u64 until_ns = ktime_get_ns() + 2 * NETRA_COMMAND_MS * NSEC_PER_MSEC;
	enum netra_error error;
	u32 generation, id;

	lockdep_assert_held(&dev->lock);
	if (dev->dead)
		return -ENODEV;
	error = netra_host_command(host, channel, opcode, arg0, arg1,
				   ktime_get_ns(), &id);
	if (error)
		return netra_errno(error);
	generation = host->generation;
	while ((error = netra_host_answer(host, generation, id)) ==
	       NETRA_ERR_AGAIN) {
		DEFINE_WAIT(wait);

		if (ktime_get_ns() > until_ns)
			return -ETIMEDOUT;
		prepare_to_wait(&dev->changed, &wait, TASK_KILLABLE);
		mutex_unlock(&dev->lock);
		schedule_timeout(msecs_to_jiffies(20) + 1);
		finish_wait(&dev->changed, &wait);
		mutex_lock(&dev->lock);
		if (dev->dead)
			return -ENODEV;
		if (fatal_signal_pending(current))
			return -ERESTARTSYS;
		/* Found without an interrupt, too. */
		netra_kick(dev);
	}
	return netra_errno(error);
}

int netra_command_tell(struct netra_device *dev, u32 channel,
		       enum netra_opcode opcode, u32 arg0, u32 arg1)
{
	lockdep_assert_held(&dev->lock);
	if (dev->dead)
		return -ENODEV;
	return netra_errno(netra_host_tell(&dev->host, channel, opcode, arg0,
					   arg1, ktime_get_ns()));
}

int netra_channel_use(struct netra_device *dev, u32 channel)
{
	struct netra_channel *c = &dev->host.channel[channel];
	int err = 0;

	lockdep_assert_held(&dev->lock);
	if (dev->dead)
		return -ENODEV;
	if (channel >= dev->host.channels)
		return -ENOENT;
	/* Counted before the lock is let go, so that two at once start it once. */
	dev->users[channel]++;
	if (dev->host.state == NETRA_BOARD_RECOVERING)
		c->started = true;	/* with the others, when it runs again */
	else if (!c->started || c->ring.ended)
		err = netra_command_wait(dev, channel, NETRA_CMD_START, 0, 0);
	if (err)
		dev->users[channel]--;
	return err;
}

void netra_channel_unuse(struct netra_device *dev, u32 channel)
{
	lockdep_assert_held(&dev->lock);
	if (--dev->users[channel] || dev->dead)
		return;
	dev->host.channel[channel].started = false;
	netra_command_wait(dev, channel, NETRA_CMD_STOP, 0, 0);
}
