/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The watchdog's ladder, carried out: restart a channel, restart the
 * firmware, reset and boot, give up. Everything runs in pieces inside
 * netra_host_service(); readers see a gap and events, never a hang.
 *
 * Only here, in trouble, are registers read: a board that reset itself has
 * lost GPR1, or answers all-ones because its BARs are gone, while one that
 * left the bus does not even answer configuration cycles.
 */
#include "host_internal.h"

#define PROBE_MS 400u /* all-ones for so long is gone */
#define RESTART_MS 3000u /* for the agent to come up again */
#define LOOK_MS 10u
#define PIECE_ACTIONS 32u /* of a machine at a time */

static void give_up(struct netra_host *host)
{
	struct netra_recovery *r = &host->recovery;
	char last[NETRA_ERROR_TEXT / 2];

	netra_host_format(host, last, sizeof(last), "%.159s", host->error_text);
	netra_host_set_state(host, NETRA_BOARD_FAILED);
	r->step = NETRA_RECOVER_NONE;
	host->lost = NETRA_ERR_BOOT;
	netra_host_fail(host, NETRA_ERR_BOOT, "gave up: %s; tried: %s%s%s",
			netra_trouble_text(r->trouble),
			r->tried[0] ? r->tried : "nothing",
			last[0] ? "; last: " : "", last);
	netra_host_notify(host, NETRA_HOST_TROUBLE, NETRA_EVENT_BOARD, "%s",
			  netra_rung_text(NETRA_RUNG_GIVE_UP));
}

static void note_try(struct netra_host *host, const char *text)
{
	char *tried = host->recovery.tried;
	size_t n = __builtin_strlen(tried);

	netra_host_format(host, tried + n, sizeof(host->recovery.tried) - n,
			  "%s%s", n ? ", " : "", text);
}

static void recovered(struct netra_host *host, uint32_t channel)
{
	netra_host_notify(host, NETRA_HOST_RECOVERED, channel,
			  channel == NETRA_EVENT_BOARD ?
				  "the board runs again" :
				  "the channel runs again");
}

static void go(struct netra_host *host, enum netra_recovery_step step,
	       uint32_t bound_ms, uint64_t now_ns)
{
	host->recovery.step = step;
	host->recovery.until_ns = now_ns + bound_ms * NETRA_NS_PER_MS;
	host->recovery.next_ns = now_ns;
	host->ops->wake_at(host, now_ns);
}

/* ---- one channel -------------------------------------------------------- */

static void begin_resync(struct netra_host *host, uint32_t channel,
			 uint64_t now_ns)
{
	const struct netra_command_request request = {
		.opcode = NETRA_CMD_RESYNC,
		.channel = channel,
	};
	struct netra_channel *c = &host->channel[channel];
	uint32_t id;

	c->resyncing = true;
	host->resyncs++;
	if (host->options.sync_mode == NETRA_SYNC_PETERSON)
		netra_lock_release(&c->lock);
	else
		netra_post_tail(host, channel, 0);
	/* Too many commands under way: the next tick finds the fault again. */
	if (netra_host_post_command(host, NETRA_OWNER_RESYNC, &request, &id, now_ns))
		c->resyncing = false;
}

void netra_recover_resynced(struct netra_host *host, uint32_t channel,
			    enum netra_error error, uint64_t now_ns)
{
	host->channel[channel].resyncing = false;
	if (error) {
		netra_recover_trouble(host, NETRA_TROUBLE_COMMAND, channel,
				      now_ns);
		return;
	}
	netra_channel_resynced(host, channel);
	recovered(host, channel);
}

/* ---- the whole board ---------------------------------------------------- */

static void climb(struct netra_host *host, enum netra_trouble trouble,
		  uint32_t channel, uint64_t now_ns)
{
	struct netra_recovery *r = &host->recovery;
	uint32_t bound_ms = host->options.boot_timeout_ms;
	enum netra_error error;

	r->trouble = trouble;
	r->rung = netra_watchdog_climb(&host->watchdog, trouble, channel,
				       now_ns);
	if (r->rung == NETRA_RUNG_GIVE_UP) {
		give_up(host);
		return;
	}
	if (r->rung != NETRA_RUNG_RESYNC_CHANNEL)
		channel = NETRA_EVENT_BOARD;
	netra_host_notify(host, NETRA_HOST_RECOVERY, channel, "%s",
			  netra_rung_text(r->rung));
	switch (r->rung) {
	case NETRA_RUNG_RESYNC_CHANNEL:
		begin_resync(host, channel, now_ns);
		return;
	case NETRA_RUNG_RESTART_FIRMWARE:
		netra_host_set_state(host, NETRA_BOARD_RECOVERING);
		note_try(host, "firmware restart");
		host->firmware_restarts++;
		r->boot_count = host->boot_count;
		error = host->ops->write32(host, 0, NETRA_REG_MSI_IRQ,
					   NETRA_DOORBELL_RESTART);
		if (!error)
			go(host, NETRA_RECOVER_RESTARTED,
			   bound_ms ? bound_ms : RESTART_MS, now_ns);
		return;
	case NETRA_RUNG_RESET_AND_BOOT:
		netra_host_set_state(host, NETRA_BOARD_RECOVERING);
		note_try(host, "reset");
		host->resets++;
		go(host, NETRA_RECOVER_RESET, 0, now_ns);
		return;
	default:
		return;
	}
}

/* What a silent board is: there, reset by itself, or not on the bus. */
static enum netra_trouble classify(struct netra_host *host)
{
	uint32_t pid, stage;

	if (!host->ops->present(host))
		return NETRA_TROUBLE_GONE;
	if (host->ops->read32(host, 0, NETRA_REG_PID, &pid) ||
	    host->ops->read32(host, 0, NETRA_REG_GPR(1), &stage))
		return NETRA_TROUBLE_GONE;
	if (pid == 0xffffffffu ||
	    stage != (NETRA_STAGE_BASE | NETRA_STAGE_AGENT))
		return NETRA_TROUBLE_RESET;
	return NETRA_TROUBLE_HEARTBEAT;
}

void netra_recover_trouble(struct netra_host *host, enum netra_trouble trouble,
			   uint32_t channel, uint64_t now_ns)
{
	struct netra_recovery *r = &host->recovery;

	if (host->state != NETRA_BOARD_ATTACHED)
		return;
	/* A recovery that is at its last step may have failed. */
	if (r->step != NETRA_RECOVER_NONE && r->step != NETRA_RECOVER_CHANNELS)
		return;
	if (trouble == NETRA_TROUBLE_HEARTBEAT ||
	    trouble == NETRA_TROUBLE_COMMAND) {
		enum netra_trouble found = classify(host);

		if (found != NETRA_TROUBLE_HEARTBEAT)
			trouble = found;
	}
	if (host->state == NETRA_BOARD_GONE)
		return;
	if (trouble == NETRA_TROUBLE_GONE) {
		netra_host_set_state(host, NETRA_BOARD_RECOVERING);
		go(host, NETRA_RECOVER_PROBE, PROBE_MS, now_ns);
		return;
	}
	if (trouble == NETRA_TROUBLE_RING_FAULT)
		netra_host_notify(host, NETRA_HOST_TROUBLE, channel, "%s: %s",
				  netra_trouble_text(trouble),
				  netra_ring_fault_text(host->channel[channel].ring.fault));
	else
		netra_host_notify(host, NETRA_HOST_TROUBLE, channel, "%s",
				  netra_trouble_text(trouble));
	host->error_text[0] = 0;
	climb(host, trouble, channel, now_ns);
}

/* All-ones from configuration space, too: give a link reset some time. */
static void probe(struct netra_host *host, uint64_t now_ns)
{
	enum netra_trouble found = classify(host);

	if (host->state == NETRA_BOARD_GONE)
		return;
	if (found != NETRA_TROUBLE_GONE) {
		netra_host_notify(host, NETRA_HOST_TROUBLE, NETRA_EVENT_BOARD,
				  "%s", netra_trouble_text(NETRA_TROUBLE_RESET));
		climb(host, NETRA_TROUBLE_RESET, NETRA_EVENT_BOARD, now_ns);
	} else if (now_ns >= host->recovery.until_ns) {
		netra_host_gone(host, "it answers all-ones");
	} else {
		host->recovery.next_ns = now_ns + 50 * NETRA_NS_PER_MS;
	}
}

static void begin_attach(struct netra_host *host, uint64_t now_ns)
{
	enum netra_error error = netra_host_load_info(host);

	if (!error && host->board_channels < host->channels)
		error = netra_host_fail(host, NETRA_ERR_UNSUPPORTED,
					"the firmware now has fewer channels: open the board again");
	if (!error)
		error = netra_host_begin_generation(host);
	if (error) {
		if (host->state != NETRA_BOARD_GONE)
			climb(host, host->recovery.trouble, NETRA_EVENT_BOARD,
			      now_ns);
		return;
	}
	netra_host_run_attach(host);
	go(host, NETRA_RECOVER_RUN, 0, now_ns);
}

static void await_restart(struct netra_host *host, uint64_t now_ns)
{
	const uint32_t at = host->block_offset +
		(uint32_t)offsetof(struct netra_board_info, boot_count);
	struct netra_recovery *r = &host->recovery;
	uint32_t stage = 0, count = r->boot_count;
	enum netra_error error;

	error = host->ops->read32(host, 0, NETRA_REG_GPR(1), &stage);
	if (!error && stage == (NETRA_STAGE_BASE | NETRA_STAGE_AGENT))
		error = host->ops->read32(host, host->block_bar, at, &count);
	if (error)
		return;
	if (count != r->boot_count && count != 0xffffffffu) {
		begin_attach(host, now_ns);
	} else if (now_ns >= r->until_ns) {
		netra_host_fail(host, NETRA_ERR_TIMEOUT,
				"the firmware did not start again");
		climb(host, r->trouble, NETRA_EVENT_BOARD, now_ns);
	} else {
		r->next_ns = now_ns + LOOK_MS * NETRA_NS_PER_MS;
	}
}

static void reset(struct netra_host *host, uint64_t now_ns)
{
	enum netra_error error = host->ops->reset(host);

	if (!error)
		error = host->ops->load_images(host);
	if (host->state == NETRA_BOARD_GONE)
		return;
	if (error) {
		give_up(host);
		return;
	}
	netra_host_run_boot(host, false);
	go(host, NETRA_RECOVER_RUN, 0, now_ns);
}

/* A machine reached its end. */
static void machine_done(struct netra_host *host, uint64_t now_ns)
{
	struct netra_recovery *r = &host->recovery;

	if (!host->runner.attaching) {
		host->ops->free_images(host);
		netra_boot_block(&host->runner.m.boot, &host->block_bar,
				 &host->block_offset);
		begin_attach(host, now_ns);
		return;
	}
	netra_watchdog_rearm(&host->watchdog, now_ns);
	netra_host_watch(host, now_ns);
	r->next_channel = 0;
	go(host, NETRA_RECOVER_CHANNELS, 0, now_ns);
}

static void run(struct netra_host *host, uint64_t now_ns)
{
	struct netra_recovery *r = &host->recovery;
	enum netra_error error;
	enum netra_run state;

	for (unsigned int i = 0; i < PIECE_ACTIONS; i++) {
		state = netra_host_run(host, now_ns, &error);
		if (state != NETRA_RUN_AGAIN)
			break;
	}
	if (host->state == NETRA_BOARD_GONE)
		return;
	switch (state) {
	case NETRA_RUN_AGAIN:
		r->next_ns = now_ns;
		break;
	case NETRA_RUN_WAIT:
		r->next_ns = host->runner.wait_until_ns;
		break;
	case NETRA_RUN_DONE:
		machine_done(host, now_ns);
		break;
	case NETRA_RUN_FAILED:
		host->ops->free_images(host);
		climb(host, r->trouble, NETRA_EVENT_BOARD, now_ns);
		break;
	}
}

/* Start again what ran; commands go out as there is room for them. */
static void start_channels(struct netra_host *host, uint64_t now_ns)
{
	struct netra_recovery *r = &host->recovery;

	for (; r->next_channel < host->channels; r->next_channel++) {
		const struct netra_command_request request = {
			.opcode = NETRA_CMD_START,
			.channel = r->next_channel,
		};
		enum netra_error error;
		uint32_t id;

		if (!host->channel[r->next_channel].started)
			continue;
		error = netra_host_post_command(host, NETRA_OWNER_RESTART, &request, &id,
					   now_ns);
		if (error == NETRA_ERR_AGAIN)
			break;
		if (error)
			return;
	}
	r->next_ns = now_ns + LOOK_MS * NETRA_NS_PER_MS;
	if (r->next_channel < host->channels ||
	    host->mailbox.head != host->mailbox.tail)
		return;
	r->step = NETRA_RECOVER_NONE;
	recovered(host, NETRA_EVENT_BOARD);
}

void netra_host_resume(struct netra_host *host, uint64_t now_ns)
{
	host->recovery.next_channel = 0;
	go(host, NETRA_RECOVER_CHANNELS, 0, now_ns);
}

bool netra_recover_step(struct netra_host *host, uint64_t now_ns)
{
	struct netra_recovery *r = &host->recovery;
	uint64_t told = host->told;

	if (now_ns >= r->next_ns) {
		switch (r->step) {
		case NETRA_RECOVER_NONE:
			break;
		case NETRA_RECOVER_PROBE:
			probe(host, now_ns);
			break;
		case NETRA_RECOVER_RESTARTED:
			await_restart(host, now_ns);
			break;
		case NETRA_RECOVER_RESET:
			reset(host, now_ns);
			break;
		case NETRA_RECOVER_RUN:
			run(host, now_ns);
			break;
		case NETRA_RECOVER_CHANNELS:
			start_channels(host, now_ns);
			break;
		}
	}
	if (r->step != NETRA_RECOVER_NONE)
		host->ops->wake_at(host, r->next_ns);
	return host->told != told;
}
