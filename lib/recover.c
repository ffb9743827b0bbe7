/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The watchdog's ladder, carried out: restart a channel, restart the
 * firmware, reset and boot, give up. Everything runs in pieces inside
 * netra_dispatch(); readers see a gap and events, never a hang.
 *
 * Only here, in trouble, are registers read: a board that reset itself has
 * lost GPR1, or answers all-ones because its BARs are gone, while one that
 * left the bus does not even answer configuration cycles.
 */
#include <stdio.h>
#include <string.h>

#include "internal.h"

#define PROBE_MS 400u /* all-ones for so long is gone */
#define RESTART_MS 3000u /* for the agent to come up again */
#define LOOK_MS 10u
#define PIECE_MS 4u /* of a machine at a time */

void netra_board_gone(struct netra_board *board, const char *why)
{
	if (board->state == NETRA_BOARD_GONE)
		return;
	netra_set_state(board, NETRA_BOARD_GONE);
	board->recovery.step = RECOVER_NONE;
	board->lost = NETRA_ERR_GONE;
	netra_fail(board, NETRA_ERR_GONE,
		   "the board is gone (%.200s): close it, and open it when it is back",
		   why);
	netra_notify(board, NETRA_NOTICE_TROUBLE, NETRA_EVENT_BOARD, "%s",
		     netra_trouble_text(NETRA_TROUBLE_GONE));
}

static void give_up(struct netra_board *board)
{
	struct recovery *r = &board->recovery;
	char last[ERROR_TEXT / 2];

	snprintf(last, sizeof(last), "%.159s", board->error_text);
	netra_set_state(board, NETRA_BOARD_FAILED);
	r->step = RECOVER_NONE;
	board->lost = NETRA_ERR_BOOT;
	netra_fail(board, NETRA_ERR_BOOT, "gave up: %s; tried: %s%s%s",
		   netra_trouble_text(r->trouble),
		   r->tried[0] ? r->tried : "nothing",
		   last[0] ? "; last: " : "", last);
	netra_notify(board, NETRA_NOTICE_TROUBLE, NETRA_EVENT_BOARD, "%s",
		     netra_rung_text(NETRA_RUNG_GIVE_UP));
}

static void note_try(struct recovery *r, const char *text)
{
	size_t n = strlen(r->tried);

	snprintf(r->tried + n, sizeof(r->tried) - n, "%s%s", n ? ", " : "",
		 text);
}

static void recovered(struct netra_board *board, uint32_t channel)
{
	netra_notify(board, NETRA_NOTICE_RECOVERED, channel,
		     channel == NETRA_EVENT_BOARD ? "the board runs again" :
						    "the channel runs again");
}

static void go(struct netra_board *board, enum recovery_step step,
	       uint32_t bound_ms, uint64_t now_ns)
{
	board->recovery.step = step;
	board->recovery.until_ns = now_ns + bound_ms * NS_PER_MS;
	board->recovery.next_ns = now_ns;
	netra_timer_at(board, now_ns);
}

/* ---- one channel -------------------------------------------------------- */

static void begin_resync(struct netra_board *board, uint32_t channel,
			 uint64_t now_ns)
{
	const struct netra_command_request request = {
		.opcode = NETRA_CMD_RESYNC,
		.channel = channel,
	};
	struct channel *c = &board->channel[channel];
	uint32_t id;

	c->resyncing = true;
	board->resyncs++;
	if (board->options.sync_mode == NETRA_SYNC_PETERSON)
		netra_lock_release(&c->lock);
	else
		netra_post_tail(board, channel, 0);
	/* Too many commands under way: the next tick finds the fault again. */
	if (netra_command_post(board, OWNER_RESYNC, &request, &id, now_ns))
		c->resyncing = false;
}

void netra_recover_resynced(struct netra_board *board, uint32_t channel,
			    enum netra_error error, uint64_t now_ns)
{
	board->channel[channel].resyncing = false;
	if (error) {
		netra_recover_trouble(board, NETRA_TROUBLE_COMMAND, channel,
				      now_ns);
		return;
	}
	netra_channel_resynced(board, channel);
	recovered(board, channel);
}

/* ---- the whole board ---------------------------------------------------- */

static void climb(struct netra_board *board, enum netra_trouble trouble,
		  uint32_t channel, uint64_t now_ns)
{
	struct recovery *r = &board->recovery;
	uint32_t bound_ms = board->options.boot_timeout_ms;
	enum netra_error error;

	r->trouble = trouble;
	r->rung = netra_watchdog_climb(&board->watchdog, trouble, channel,
				       now_ns);
	if (r->rung == NETRA_RUNG_GIVE_UP) {
		give_up(board);
		return;
	}
	netra_notify(board, NETRA_NOTICE_RECOVERY,
		     r->rung == NETRA_RUNG_RESYNC_CHANNEL ? channel :
							    NETRA_EVENT_BOARD,
		     "%s", netra_rung_text(r->rung));
	switch (r->rung) {
	case NETRA_RUNG_RESYNC_CHANNEL:
		begin_resync(board, channel, now_ns);
		return;
	case NETRA_RUNG_RESTART_FIRMWARE:
		netra_set_state(board, NETRA_BOARD_RECOVERING);
		note_try(r, "firmware restart");
		board->firmware_restarts++;
		r->boot_count = board->boot_count;
		error = netra_transport_write32(board->transport, 0,
						NETRA_REG_MSI_IRQ,
						NETRA_DOORBELL_RESTART);
		if (error)
			netra_fail_transport(board, error);
		else
			go(board, RECOVER_RESTARTED,
			   bound_ms ? bound_ms : RESTART_MS, now_ns);
		return;
	case NETRA_RUNG_RESET_AND_BOOT:
		netra_set_state(board, NETRA_BOARD_RECOVERING);
		note_try(r, "reset");
		board->resets++;
		go(board, RECOVER_RESET, 0, now_ns);
		return;
	default:
		return;
	}
}

/* What a silent board is: there, reset by itself, or not on the bus. */
static enum netra_trouble classify(struct netra_board *board)
{
	struct transport *t = board->transport;
	uint32_t pid, stage;

	if (!netra_bus_present(board))
		return NETRA_TROUBLE_GONE;
	if (netra_transport_read32(t, 0, NETRA_REG_PID, &pid) ||
	    netra_transport_read32(t, 0, NETRA_REG_GPR(1), &stage))
		return NETRA_TROUBLE_GONE;
	if (pid == 0xffffffffu ||
	    stage != (NETRA_STAGE_BASE | NETRA_STAGE_AGENT))
		return NETRA_TROUBLE_RESET;
	return NETRA_TROUBLE_HEARTBEAT;
}

void netra_recover_trouble(struct netra_board *board, enum netra_trouble trouble,
			   uint32_t channel, uint64_t now_ns)
{
	struct recovery *r = &board->recovery;

	if (board->state != NETRA_BOARD_ATTACHED)
		return;
	/* A recovery that is at its last step may have failed. */
	if (r->step != RECOVER_NONE && r->step != RECOVER_CHANNELS)
		return;
	if (trouble == NETRA_TROUBLE_HEARTBEAT ||
	    trouble == NETRA_TROUBLE_COMMAND) {
		enum netra_trouble found = classify(board);

		if (found != NETRA_TROUBLE_HEARTBEAT)
			trouble = found;
	}
	if (board->state == NETRA_BOARD_GONE)
		return;
	if (trouble == NETRA_TROUBLE_GONE) {
		netra_set_state(board, NETRA_BOARD_RECOVERING);
		go(board, RECOVER_PROBE, PROBE_MS, now_ns);
		return;
	}
	netra_notify(board, NETRA_NOTICE_TROUBLE, channel, "%s%s%s",
		     netra_trouble_text(trouble),
		     trouble == NETRA_TROUBLE_RING_FAULT ? ": " : "",
		     trouble == NETRA_TROUBLE_RING_FAULT ?
			     netra_ring_fault_text(
				     board->channel[channel].ring.fault) :
			     "");
	board->error_text[0] = 0;
	climb(board, trouble, channel, now_ns);
}

/* All-ones from configuration space, too: give a link reset some time. */
static void probe(struct netra_board *board, uint64_t now_ns)
{
	enum netra_trouble found = classify(board);

	if (board->state == NETRA_BOARD_GONE)
		return;
	if (found != NETRA_TROUBLE_GONE) {
		netra_notify(board, NETRA_NOTICE_TROUBLE, NETRA_EVENT_BOARD,
			     "%s", netra_trouble_text(NETRA_TROUBLE_RESET));
		climb(board, NETRA_TROUBLE_RESET, NETRA_EVENT_BOARD, now_ns);
	} else if (now_ns >= board->recovery.until_ns) {
		netra_board_gone(board, "it answers all-ones");
	} else {
		board->recovery.next_ns = now_ns + 50 * NS_PER_MS;
	}
}

static void begin_attach(struct netra_board *board, uint64_t now_ns)
{
	enum netra_error error = netra_load_firmware_info(board);

	if (!error && board->board_channels < board->channels)
		error = netra_fail(board, NETRA_ERR_UNSUPPORTED,
				   "the firmware now has fewer channels: open the board again");
	if (!error)
		error = netra_begin_generation(board);
	if (error) {
		if (board->state != NETRA_BOARD_GONE)
			climb(board, board->recovery.trouble, NETRA_EVENT_BOARD,
			      now_ns);
		return;
	}
	netra_runner_attach(board, &board->recovery.runner);
	go(board, RECOVER_RUN, 0, now_ns);
}

static void await_restart(struct netra_board *board, uint64_t now_ns)
{
	struct recovery *r = &board->recovery;
	uint32_t stage = 0, count = r->boot_count;
	enum netra_error error;

	error = netra_transport_read32(board->transport, 0, NETRA_REG_GPR(1),
				       &stage);
	if (!error && stage == (NETRA_STAGE_BASE | NETRA_STAGE_AGENT))
		error = netra_transport_read32(board->transport,
					       board->block_bar,
					       board->block_offset +
						       (uint32_t)
							       offsetof(struct netra_board_info,
									boot_count),
					       &count);
	if (error) {
		netra_fail_transport(board, error);
	} else if (count != r->boot_count && count != 0xffffffffu) {
		begin_attach(board, now_ns);
	} else if (now_ns >= r->until_ns) {
		netra_fail(board, NETRA_ERR_TIMEOUT,
			   "the firmware did not start again");
		climb(board, r->trouble, NETRA_EVENT_BOARD, now_ns);
	} else {
		r->next_ns = now_ns + LOOK_MS * NS_PER_MS;
	}
}

static void reset(struct netra_board *board, uint64_t now_ns)
{
	struct transport *t = board->transport;
	enum netra_error error;

	error = t->ops->reset(t);
	if (error)
		netra_fail_transport(board, error);
	else
		error = netra_bus_prepare(board);
	if (!error)
		error = netra_images_load(board, NULL);
	if (board->state == NETRA_BOARD_GONE)
		return;
	if (error) {
		give_up(board);
		return;
	}
	netra_runner_boot(board, &board->recovery.runner, false);
	go(board, RECOVER_RUN, 0, now_ns);
}

/* A machine reached its end. */
static void machine_done(struct netra_board *board, uint64_t now_ns)
{
	struct recovery *r = &board->recovery;

	if (!r->runner.attaching) {
		netra_images_free(&board->images);
		netra_boot_block(&r->runner.m.boot, &board->block_bar,
				 &board->block_offset);
		begin_attach(board, now_ns);
		return;
	}
	netra_watchdog_rearm(&board->watchdog, now_ns);
	netra_attached(board, now_ns);
	r->next_channel = 0;
	go(board, RECOVER_CHANNELS, 0, now_ns);
}

static void run(struct netra_board *board, uint64_t now)
{
	struct recovery *r = &board->recovery;
	uint64_t enough_ns = now + PIECE_MS * NS_PER_MS;
	enum netra_error error;
	enum run_state state;

	do {
		state = netra_runner_step(board, &r->runner, &error);
	} while (state == RUN_AGAIN && netra_now_ns() < enough_ns);
	if (board->state == NETRA_BOARD_GONE)
		return;
	switch (state) {
	case RUN_AGAIN:
		r->next_ns = now;
		break;
	case RUN_WAIT:
		r->next_ns = r->runner.wait_until_ns;
		break;
	case RUN_DONE:
		machine_done(board, now);
		break;
	case RUN_FAILED:
		netra_images_free(&board->images);
		climb(board, r->trouble, NETRA_EVENT_BOARD, now);
		break;
	}
}

/* Start again what ran; commands go out as there is room for them. */
static void start_channels(struct netra_board *board, uint64_t now_ns)
{
	struct recovery *r = &board->recovery;

	for (; r->next_channel < board->channels; r->next_channel++) {
		const struct netra_command_request request = {
			.opcode = NETRA_CMD_START,
			.channel = r->next_channel,
		};
		enum netra_error error;
		uint32_t id;

		if (!board->channel[r->next_channel].started)
			continue;
		error = netra_command_post(board, OWNER_RESTART, &request, &id,
					   now_ns);
		if (error == NETRA_ERR_AGAIN)
			break;
		if (error)
			return;
	}
	r->next_ns = now_ns + LOOK_MS * NS_PER_MS;
	if (r->next_channel < board->channels ||
	    board->mailbox.head != board->mailbox.tail)
		return;
	r->step = RECOVER_NONE;
	recovered(board, NETRA_EVENT_BOARD);
}

bool netra_recover_step(struct netra_board *board, uint64_t now_ns)
{
	struct recovery *r = &board->recovery;
	uint32_t head = board->event_head;

	if (now_ns >= r->next_ns) {
		switch (r->step) {
		case RECOVER_NONE:
			break;
		case RECOVER_PROBE:
			probe(board, now_ns);
			break;
		case RECOVER_RESTARTED:
			await_restart(board, now_ns);
			break;
		case RECOVER_RESET:
			reset(board, now_ns);
			break;
		case RECOVER_RUN:
			run(board, now_ns);
			break;
		case RECOVER_CHANNELS:
			start_channels(board, now_ns);
			break;
		}
	}
	if (r->step != RECOVER_NONE)
		netra_timer_at(board, r->next_ns);
	return board->event_head != head;
}
