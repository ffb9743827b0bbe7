/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The board's thread: it boots the board, looks at it when an interrupt or a
 * time says so, and lets waiting programs know. A system thread and not a work
 * item, as boots and recoveries take seconds in steps, read files and map
 * memory, and frames should not wait for other drivers' work.
 */
#include "driver.h"

#define STEPS_AT_ONCE	64	/* of a machine, before others get the lock */
#define GRACE_NS	(100 * NETRA_NS_PER_MS)

void netra_kick(struct netra_device *dev)
{
	KeSetEvent(&dev->kick, IO_NO_INCREMENT, FALSE);
}

static void complain(struct netra_device *dev)
{
	DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "netra%u: %s\n",
		   (unsigned int)dev->number, dev->host.error_text);
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
	netra_host_set_state(host, error == NETRA_ERR_IMAGE ? NETRA_BOARD_COLD :
							     NETRA_BOARD_FAILED);
	host->lost = error == NETRA_ERR_IMAGE ? NETRA_OK : error;
	complain(dev);
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

static void attached(struct netra_device *dev, uint64_t now_ns)
{
	struct netra_host *host = &dev->host;
	bool resume = false;

	netra_host_set_state(host, NETRA_BOARD_READY);
	netra_host_attached(host, now_ns);
	for (uint32_t i = 0; i < host->channels; i++) {
		host->channel[i].started = dev->users[i] != 0;
		resume |= dev->users[i] != 0;
	}
	if (resume)
		netra_host_resume(host, now_ns);
	dev->phase = NETRA_PHASE_RUN;
}

static void machine_done(struct netra_device *dev, uint64_t now_ns)
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

	for (int i = 0; i < STEPS_AT_ONCE && dev->phase == phase; i++) {
		uint64_t now_ns = netra_time_ns();

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
	for (uint32_t i = 0; i < host->channels; i++) {
		const struct netra_channel *c = &host->channel[i];

		for (const struct netra_cursor *r = c->cursors; r; r = r->sibling)
			if (r->epoch != c->epoch || r->next != c->ring.head)
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
static void end_round(struct netra_device *dev, uint64_t now_ns)
{
	if (unread(&dev->host) && now_ns - dev->round_ns < GRACE_NS)
		return;
	dev->host.rounds++;
	dev->round_ns = now_ns;
}

static bool serve(struct netra_device *dev)
{
	bool interrupted = InterlockedExchange(&dev->interrupted, 0);
	struct netra_host *host = &dev->host;
	uint64_t now_ns = netra_time_ns();
	bool found;

	end_round(dev, now_ns);
	found = netra_host_service(host, now_ns, interrupted);
	if (found)
		dev->wakeups++;
	if (host->lost) {
		dev->phase = NETRA_PHASE_IDLE;
		complain(dev);
	}
	return found;
}

/* One look; true if others should look, too. */
static bool look(struct netra_device *dev)
{
	enum netra_phase phase = dev->phase;
	uint64_t told = dev->host.told;

	dev->wake_ns = UINT64_MAX;
	if (dev->dead || dev->suspended)
		return false;
	if (dev->boot_wanted &&
	    (phase == NETRA_PHASE_IDLE || phase == NETRA_PHASE_RUN))
		begin(dev);
	switch (dev->phase) {
	case NETRA_PHASE_IDLE:
		break;
	case NETRA_PHASE_RUN:
		return serve(dev) || dev->host.told != told || dev->phase != phase;
	default:
		step(dev);
		break;
	}
	return dev->phase != NETRA_PHASE_IDLE || phase != NETRA_PHASE_IDLE;
}

static void doze(struct netra_device *dev, uint64_t until_ns)
{
	LARGE_INTEGER timeout;
	uint64_t now_ns = netra_time_ns();

	if (until_ns <= now_ns)
		return;
	/* Rounded up: to wake too early would be to look twice. */
	timeout.QuadPart = -(LONGLONG)((until_ns - now_ns + 99) / 100);
	(void)KeWaitForSingleObject(&dev->kick, Executive, KernelMode, FALSE,
				    until_ns == UINT64_MAX ? NULL : &timeout);
}

static VOID NTAPI thread(PVOID context)
{
	struct netra_device *dev = context;

	dev->thread_id = PsGetCurrentThreadId();
	while (!dev->stop) {
		uint64_t wake_ns;
		bool tell;

		netra_lock(dev);
		/* Asked to end while it waited for the lock, it is not to begin anything. */
		tell = !dev->stop && look(dev);
		wake_ns = dev->wake_ns;
		netra_unlock(dev);
		if (tell)
			netra_waits_serve(dev);
		doze(dev, wake_ns);
	}
	PsTerminateSystemThread(STATUS_SUCCESS);
}

NTSTATUS netra_service_start(struct netra_device *dev)
{
	OBJECT_ATTRIBUTES attributes;
	PVOID object;
	NTSTATUS status;
	HANDLE handle = NULL;

	InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
	netra_lock(dev);	/* held until dev->thread is known to it */
	dev->stop = 0;
	status = PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, &attributes, NULL,
				      NULL, thread, dev);
	if (NT_SUCCESS(status)) {
		status = ObReferenceObjectByHandle(handle, SYNCHRONIZE, NULL, KernelMode,
						   &object, NULL);
		dev->thread = NT_SUCCESS(status) ? object : NULL;
		dev->stop = !dev->thread;
	}
	netra_unlock(dev);
	/* One that cannot be waited for later must have ended now. */
	if (dev->stop)
		(void)ZwWaitForSingleObject(handle, FALSE, NULL);
	if (handle)
		ZwClose(handle);
	return status;
}

void netra_service_stop(struct netra_device *dev)
{
	if (!dev->thread)
		return;
	InterlockedExchange(&dev->stop, 1);
	netra_kick(dev);
	(void)KeWaitForSingleObject(dev->thread, Executive, KernelMode, FALSE, NULL);
	ObDereferenceObject(dev->thread);
	dev->thread = NULL;
}
