/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What handles ask of a board: boots, commands, and frames of a channel. All
 * with dev->lock; whoever waits for the board lets it go meanwhile.
 */
#include "driver.h"

#define LOOK_MS 20	/* answers that no interrupt told of */

enum netra_error netra_boot_request(struct netra_device *dev, bool force)
{
	if (dev->dead || dev->host.state == NETRA_BOARD_GONE)
		return NETRA_ERR_GONE;
	if (dev->boot_wanted || (dev->phase != NETRA_PHASE_IDLE &&
				 dev->phase != NETRA_PHASE_RUN))
		return NETRA_ERR_BUSY;
	if (dev->phase == NETRA_PHASE_RUN && !force)
		return NETRA_OK;
	dev->boot_wanted = true;
	dev->reset_wanted = force;
	netra_kick(dev);
	return NETRA_OK;
}

enum netra_error netra_command_wait(struct netra_device *dev, uint32_t channel,
				    enum netra_opcode opcode, uint32_t arg0,
				    uint32_t arg1)
{
	struct netra_host *host = &dev->host;
	const uint64_t until_ns = netra_time_ns() + NETRA_NS_PER_MS * 2 * NETRA_COMMAND_MS;
	enum netra_error error;
	uint32_t generation, id;

	if (dev->dead)
		return NETRA_ERR_GONE;
	error = netra_host_command(host, channel, opcode, arg0, arg1, netra_time_ns(), &id);
	if (error)
		return error;
	generation = host->generation;
	while ((error = netra_host_answer(host, generation, id)) == NETRA_ERR_AGAIN) {
		if (netra_time_ns() > until_ns)
			return netra_host_fail(host, NETRA_ERR_TIMEOUT,
					       "the board's thread did not look in time: try again");
		/* Set after the lock is let go, if there is anything: none is missed. */
		KeClearEvent(&dev->changed);
		netra_unlock(dev);
		netra_wait(&dev->changed, LOOK_MS);
		netra_lock(dev);
		if (dev->dead)
			return NETRA_ERR_GONE;
		netra_kick(dev);
	}
	return error;
}

enum netra_error netra_command_tell(struct netra_device *dev, uint32_t channel,
				    enum netra_opcode opcode, uint32_t arg0,
				    uint32_t arg1)
{
	return dev->dead ? NETRA_ERR_GONE :
			   netra_host_tell(&dev->host, channel, opcode, arg0, arg1,
					   netra_time_ns());
}

enum netra_error netra_channel_use(struct netra_device *dev, uint32_t channel)
{
	struct netra_channel *c = &dev->host.channel[channel];
	enum netra_error error = NETRA_OK;

	if (dev->dead)
		return NETRA_ERR_GONE;
	if (channel >= dev->host.channels)
		return NETRA_ERR_NOT_FOUND;
	/* Counted before the lock is let go, so that two at once start it once. */
	dev->users[channel]++;
	if (dev->host.state == NETRA_BOARD_RECOVERING)
		c->started = true;	/* with the others, when it runs again */
	else if (!c->started || c->ring.ended)
		error = netra_command_wait(dev, channel, NETRA_CMD_START, 0, 0);
	if (error)
		dev->users[channel]--;
	return error;
}

void netra_channel_unuse(struct netra_device *dev, uint32_t channel)
{
	if (--dev->users[channel] || dev->dead)
		return;
	dev->host.channel[channel].started = false;
	(void)netra_command_wait(dev, channel, NETRA_CMD_STOP, 0, 0);
}
