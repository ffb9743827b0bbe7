// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The board's thread: it boots the board, looks at it when an interrupt or a
 * time says so, and hands out what was found. A thread and not work, as boots
 * and recoveries take seconds in steps, and frames should not wait for others.
 */
#include <linux/kthread.h>
#include <linux/sched.h>

#include "driver.h"
#include "trace.h"

#define STEPS_AT_ONCE	64	/* of a machine, before others get the lock */
#define GRACE_NS	(100 * NSEC_PER_MSEC)

void netra_kick(struct netra_device *dev)
{
	atomic_set(&dev->kicked, 1);
	wake_up(&dev->kick);
}

/* A machine's beginning: @phase says which. */
static void enter(struct netra_device *dev, enum netra_phase phase)
{
	struct netra_host *host = &dev->host;

	dev->phase = phase;
	dev->wake_ns = 0;
	switch (phase) {
	case NETRA_PHASE_LOOK:
	case NETRA_PHASE_BOOT:
		netra_host_set_state(host, NETRA_BOARD_BOOTING);
		netra_host_run_boot(host, phase == NETRA_PHASE_LOOK);
		break;
	case NETRA_PHASE_ATTACH:
		netra_host_run_attach(host);
		break;
	case NETRA_PHASE_DETACH:
		netra_host_run_detach(host);
		break;
	default:
		break;
	}
}

/* The end of a boot or attach that failed: host->error_text says why. */
static void fail(struct netra_device *dev, enum netra_error error)
{
	struct netra_host *host = &dev->host;

	netra_firmware_release(dev);
	dev->phase = NETRA_PHASE_IDLE;
	if (host->state == NETRA_BOARD_GONE)
		return;
	/* Without images it is as cold as before. */
	netra_host_set_state(host, error == NETRA_ERR_IMAGE ?
					   NETRA_BOARD_COLD : NETRA_BOARD_FAILED);
	host->lost = error == NETRA_ERR_IMAGE ? NETRA_OK : error;
	pci_err(dev->pdev, "%s\n", host->error_text);
}

static void begin(struct netra_device *dev)
{
	struct netra_host *host = &dev->host;
	bool reset = dev->reset_wanted;
	enum netra_error error;

	dev->boot_wanted = false;
	dev->reset_wanted = false;
	if (reset) {
		error = host->ops->reset(host);
		if (!error)
			netra_host_was_reset(host);
	} else {
		error = netra_host_may_boot(host);
		if (!error)
			error = host->ops->prepare(host);
	}
	if (error)
		fail(dev, error);
	else
		enter(dev, NETRA_PHASE_LOOK);
}

static void begin_attach(struct netra_device *dev)
{
	struct netra_host *host = &dev->host;
	enum netra_error error;

	netra_firmware_release(dev);
	error = netra_host_booted(host);
	if (!error)
		error = netra_host_begin_generation(host);
	if (error)
		fail(dev, error);
	else
		enter(dev, NETRA_PHASE_ATTACH);
}

static void attached(struct netra_device *dev, u64 now_ns)
{
	struct netra_host *host = &dev->host;
	bool resume = false;
	u32 i;

	netra_host_set_state(host, NETRA_BOARD_READY);
	netra_host_attached(host, now_ns);
	for (i = 0; i < host->channels; i++) {
		host->channel[i].started = dev->users[i];
		resume |= dev->users[i];
	}
	if (resume)
		netra_host_resume(host, now_ns);
	dev->phase = NETRA_PHASE_RUN;
	pci_info(dev->pdev, "%s: %u channels, %u windows of %u MB (%s), %s\n",
		 host->firmware, host->channels, host->attach.windows.count,
		 1u << (host->attach.windows.log2 - 20), dev->arena.step,
		 dev->arena.cache_mode);
}

static void machine_done(struct netra_device *dev, u64 now_ns)
{
	switch (dev->phase) {
	case NETRA_PHASE_LOOK:
	case NETRA_PHASE_BOOT:
		begin_attach(dev);
		break;
	case NETRA_PHASE_ATTACH:
		attached(dev, now_ns);
		break;
	default:
		dev->phase = NETRA_PHASE_IDLE;
		break;
	}
}

static void machine_failed(struct netra_device *dev, enum netra_error error)
{
	struct netra_host *host = &dev->host;

	switch (dev->phase) {
	case NETRA_PHASE_LOOK:
		if (error == NETRA_ERR_GONE) {
			fail(dev, error);
			break;
		}
		/* It does not run: boot it. */
		host->error_text[0] = 0;
		error = host->ops->load_images(host);
		if (error)
			fail(dev, error);
		else
			enter(dev, NETRA_PHASE_BOOT);
		break;
	case NETRA_PHASE_ATTACH:
		/* No window may stay open onto memory that nobody watches. */
		fail(dev, error);
		if (error != NETRA_ERR_GONE)
			enter(dev, NETRA_PHASE_DETACH);
		break;
	default:
		fail(dev, error);
		break;
	}
}

static void step(struct netra_device *dev)
{
	enum netra_phase phase = dev->phase;
	enum netra_error error;
	unsigned int i;

	for (i = 0; i < STEPS_AT_ONCE && dev->phase == phase; i++) {
		u64 now_ns = ktime_get_ns();

		switch (netra_host_run(&dev->host, now_ns, &error)) {
		case NETRA_RUN_AGAIN:
			dev->wake_ns = 0;
			break;
		case NETRA_RUN_WAIT:
			dev->wake_ns = dev->host.runner.wait_until_ns;
			return;
		case NETRA_RUN_DONE:
			machine_done(dev, now_ns);
			break;
		case NETRA_RUN_FAILED:
			machine_failed(dev, error);
			break;
		}
	}
}

static bool unread(const struct netra_host *host)
{
	u32 i;

	for (i = 0; i < host->channels; i++) {
		const struct netra_cursor *r;

		for (r = host->channel[i].cursors; r; r = r->sibling)
			if (netra_cursor_unread(r))
				return true;
	}
	return false;
}

/*
 * Frames found since the last round are not taken back under pressure. Readers
 * are other programs: a round ends when they have had it all, or have not
 * cared for a while. A board in no hurry then never loses a frame to one that
 * keeps up, and one that does not keeps nobody waiting.
 */
static void end_round(struct netra_device *dev, u64 now_ns)
{
	if (unread(&dev->host) && now_ns - dev->round_ns < GRACE_NS)
		return;
	dev->host.rounds++;
	dev->round_ns = now_ns;
}

static bool serve(struct netra_device *dev)
{
	bool interrupted = atomic_xchg(&dev->interrupted, 0);
	struct netra_host *host = &dev->host;
	u64 now_ns = ktime_get_ns();
	bool found;

	end_round(dev, now_ns);
	found = netra_host_service(host, now_ns, interrupted);
	trace_netra_service(dev->number, host->state, interrupted, found);
	if (found)
		dev->wakeups++;
	if (host->lost) {
		dev->phase = NETRA_PHASE_IDLE;
		pci_err(dev->pdev, "%s\n", host->error_text);
	}
	netra_channel_sets_serve(dev);
	netra_video_serve(dev);
	return found;
}

static void give_up(struct netra_device *dev, const char *why)
{
	lockdep_assert_held(&dev->lock);
	dev->give_up_ns = 0;
	netra_host_gone(&dev->host, why);
	pci_err(dev->pdev, "%s\n", dev->host.error_text);
	netra_video_serve(dev);
}

void netra_give_up(struct netra_device *dev, const char *why)
{
	mutex_lock(&dev->lock);
	give_up(dev, why);
	mutex_unlock(&dev->lock);
	wake_up_all(&dev->changed);
}

/* Where Linux itself cannot bring a link back, it tells the driver nothing more. */
static bool look_paused(struct netra_device *dev)
{
	if (!dev->give_up_ns)
		return false;
	if (ktime_get_ns() < dev->give_up_ns) {
		dev->wake_ns = dev->give_up_ns;
		return false;
	}
	give_up(dev, "the bus did not bring it back after an error");
	return true;
}

/* One look; true if others should look, too. */
static bool look(struct netra_device *dev)
{
	enum netra_phase phase = dev->phase;
	u64 told = dev->host.told;

	dev->wake_ns = U64_MAX;
	if (dev->dead)
		return false;
	if (dev->suspended)
		return look_paused(dev);
	if (dev->boot_wanted &&
	    (phase == NETRA_PHASE_IDLE || phase == NETRA_PHASE_RUN))
		begin(dev);
	switch (dev->phase) {
	case NETRA_PHASE_IDLE:
		break;
	case NETRA_PHASE_RUN:
		return serve(dev) || dev->host.told != told ||
		       dev->phase != phase;
	default:
		step(dev);
		/* Streams that waited for it learn that it failed. */
		if (dev->host.lost)
			netra_video_serve(dev);
		break;
	}
	return dev->phase != NETRA_PHASE_IDLE || phase != NETRA_PHASE_IDLE;
}

static void doze(struct netra_device *dev, u64 until_ns)
{
	ktime_t left = KTIME_MAX;

	if (until_ns != U64_MAX) {
		u64 now_ns = ktime_get_ns();

		if (until_ns <= now_ns) {
			cond_resched();
			return;
		}
		left = ns_to_ktime(until_ns - now_ns);
	}
	wait_event_interruptible_hrtimeout(dev->kick,
					   atomic_xchg(&dev->kicked, 0) ||
						   kthread_should_stop(),
					   left);
}

static int thread(void *data)
{
	struct netra_device *dev = data;

	while (!kthread_should_stop()) {
		bool make_nodes = false, tell;
		u64 wake_ns;

		mutex_lock(&dev->lock);
		tell = look(dev);
		wake_ns = dev->wake_ns;
		if (dev->phase == NETRA_PHASE_RUN && !dev->video_tried) {
			dev->video_tried = true;
			make_nodes = true;
		}
		mutex_unlock(&dev->lock);
		if (make_nodes && netra_video_register(dev))
			pci_err(dev->pdev, "no video nodes could be made\n");
		if (tell)
			wake_up_all(&dev->changed);
		doze(dev, wake_ns);
	}
	return 0;
}

int netra_service_start(struct netra_device *dev)
{
	dev->thread = kthread_run(thread, dev, "netra%u", dev->number);
	return PTR_ERR_OR_ZERO(dev->thread);
}

void netra_service_stop(struct netra_device *dev)
{
	kthread_stop(dev->thread);
}
