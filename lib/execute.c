/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one executor of what core/'s machines ask for. It serves both the
 * blocking calls (netra_boot, netra_start, netra_close) and recovery, which
 * steps the same machines from inside netra_dispatch().
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "core/bytes.h"
#include "internal.h"

static void fill_boot_config(const struct netra_board *board,
			     struct netra_boot_config *config)
{
	uint32_t bound = board->options.boot_timeout_ms;

	*config = (struct netra_boot_config){
		.soc = board->soc,
		.rom_timeout_ms = bound,
		.uboot_timeout_ms = bound,
		.script_timeout_ms = bound,
		.agent_timeout_ms = bound,
	};
	for (unsigned int i = 0; i < TRANSPORT_BARS; i++) {
		config->bar_bytes[i] = board->transport->bar_bytes[i];
		config->bar_address[i] = board->bus.bar_address[i];
	}
	for (int i = 0; i < NETRA_IMAGE_COUNT; i++)
		config->image_bytes[i] = board->images.bytes[i];
}

void netra_runner_boot(struct netra_board *board, struct runner *runner,
		       bool attach_only)
{
	struct netra_boot_config config;

	memset(runner, 0, sizeof(*runner));
	fill_boot_config(board, &config);
	netra_boot_init(&runner->m.boot, &config, attach_only);
}

void netra_runner_attach(struct netra_board *board, struct runner *runner)
{
	memset(runner, 0, sizeof(*runner));
	runner->attaching = true;
	netra_attach_init(&runner->m.attach, &board->attach);
}

void netra_runner_detach(struct netra_board *board, struct runner *runner)
{
	memset(runner, 0, sizeof(*runner));
	runner->attaching = true;
	netra_detach_init(&runner->m.attach, &board->attach);
}

static enum netra_error upload(struct netra_board *board,
			       const struct netra_action *action,
			       uint32_t *result)
{
	enum netra_error error;
	bool arrived;

	if ((unsigned int)action->image >= NETRA_IMAGE_COUNT ||
	    !netra_range_ok(action->image_offset, action->length,
			    board->images.bytes[action->image]))
		return netra_fail(board, NETRA_ERR_IMAGE,
				  "an upload leaves its image");
	error = netra_transport_upload(board->transport, action->bar,
				       action->offset,
				       board->images.data[action->image] +
					       action->image_offset,
				       action->length, &arrived);
	*result = arrived;
	return error ? netra_fail_transport(board, error) : NETRA_OK;
}

static enum netra_error execute(struct netra_board *board,
				const struct netra_action *action,
				uint32_t *result)
{
	struct transport *t = board->transport;
	enum netra_error error = NETRA_OK;

	*result = 0;
	switch (action->kind) {
	case NETRA_ACT_REG_READ:
		error = netra_transport_read32(t, 0, action->offset, result);
		break;
	case NETRA_ACT_REG_WRITE:
		error = netra_transport_write32(t, 0, action->offset,
						action->value);
		break;
	case NETRA_ACT_BAR_READ:
		error = netra_transport_read32(t, action->bar, action->offset,
					       result);
		break;
	case NETRA_ACT_BAR_WRITE:
		error = netra_transport_write32(t, action->bar, action->offset,
						action->value);
		break;
	case NETRA_ACT_UPLOAD:
		return upload(board, action, result);
	case NETRA_ACT_WAIT:
	case NETRA_ACT_DONE:
	case NETRA_ACT_FAILED:
		break;
	}
	return error ? netra_fail_transport(board, error) : NETRA_OK;
}

static enum netra_error boot_failed(struct netra_board *board,
				    const struct netra_boot *boot)
{
	enum netra_boot_failure failure = netra_boot_failure(boot);
	const char *text = netra_boot_failure_text(failure);

	switch (failure) {
	case NETRA_BOOT_GONE:
		/* All-ones in BAR 0, but there for configuration: reset. */
		if (netra_bus_present(board))
			return netra_fail(board, NETRA_ERR_BOOT, "%s", text);
		netra_board_gone(board, text);
		return netra_fail(board, NETRA_ERR_GONE, "%s", text);
	case NETRA_BOOT_IMAGE_TOO_BIG:
	case NETRA_BOOT_IMAGE_MISSING:
		return netra_fail(board, NETRA_ERR_IMAGE, "%s: %s",
				  netra_image_name(boot->image), text);
	default:
		return netra_fail(board, NETRA_ERR_BOOT, "%s", text);
	}
}

static enum netra_error attach_failed(struct netra_board *board,
				      const struct netra_attach_machine *m)
{
	static const char *const refusal[] = {
		[NETRA_ATTACH_BAD_CRC] = "the attach block arrived damaged",
		[NETRA_ATTACH_BAD_VERSION] =
			"its firmware speaks another version: update it",
		[NETRA_ATTACH_BAD_LAYOUT] =
			"it does not take this many channels or this layout",
		[NETRA_ATTACH_BAD_WINDOW] =
			"a window is disabled or not aligned to its size",
		[NETRA_ATTACH_BAD_MODE] =
			"it does not know this synchronisation mode",
	};
	uint32_t code = netra_attach_refusal(m);

	switch (m->failure) {
	case NETRA_ATTACH_FAIL_GONE:
		netra_board_gone(board, "the board answers all-ones");
		return netra_fail(board, NETRA_ERR_GONE, "%s",
				  netra_attach_failure_text(m->failure));
	case NETRA_ATTACH_FAIL_REFUSED:
		return netra_fail(board, NETRA_ERR_REFUSED,
				  "the board refused its windows: %s",
				  code && code < sizeof(refusal) /
								  sizeof(refusal[0]) ?
					  refusal[code] :
					  "it gave no known reason");
	default:
		return netra_fail(board, NETRA_ERR_TIMEOUT,
				  "%s: reset the board (netra boot --force)",
				  netra_attach_failure_text(m->failure));
	}
}

enum run_state netra_runner_step(struct netra_board *board,
				 struct runner *runner, enum netra_error *error)
{
	struct netra_action action;

	*error = NETRA_OK;
	if (runner->attaching)
		netra_attach_next(&runner->m.attach, netra_now_ns(),
				  runner->result, &action);
	else
		netra_boot_next(&runner->m.boot, netra_now_ns(), runner->result,
				&action);
	switch (action.kind) {
	case NETRA_ACT_DONE:
		return RUN_DONE;
	case NETRA_ACT_FAILED:
		*error = runner->attaching ?
				 attach_failed(board, &runner->m.attach) :
				 boot_failed(board, &runner->m.boot);
		return RUN_FAILED;
	case NETRA_ACT_WAIT:
		runner->result = 0;
		runner->wait_until_ns = action.wait_until_ns;
		return RUN_WAIT;
	default:
		*error = execute(board, &action, &runner->result);
		return *error ? RUN_FAILED : RUN_AGAIN;
	}
}

/* Sleep; a board that leaves meanwhile ends it. */
static void sleep_until(struct netra_board *board, uint64_t until_ns)
{
	for (;;) {
		struct pollfd p = {
			.fd = board->transport->gone_fd,
			.events = (short)board->transport->gone_events,
		};
		uint64_t now = netra_now_ns();
		struct timespec left;
		int n;

		if (now >= until_ns)
			return;
		left.tv_sec = (time_t)((until_ns - now) / NS_PER_S);
		left.tv_nsec = (long)((until_ns - now) % NS_PER_S);
		n = ppoll(&p, 1, &left, NULL);
		if (n > 0 || (n < 0 && errno != EINTR))
			return;
	}
}

/*
 * A small image is whole before it was ever seen half: say so all the same
 * when the next one begins, so that each one's bar reaches its end.
 */
static void report(const struct netra_boot *boot,
		   struct netra_boot_progress *last,
		   netra_boot_callback *callback, void *context)
{
	struct netra_boot_progress now;
	struct netra_boot_status status = { .image_count = NETRA_IMAGE_COUNT };

	netra_boot_progress(boot, &now);
	if (last->total_bytes && now.image != last->image &&
	    last->done_bytes < last->total_bytes) {
		status.image = netra_image_name(last->image);
		status.image_number = (uint32_t)last->image;
		status.done_bytes = last->total_bytes;
		status.total_bytes = last->total_bytes;
		callback(context, &status);
	}
	status.image = netra_image_name(now.image);
	status.image_number = (uint32_t)now.image;
	status.done_bytes = now.done_bytes;
	status.total_bytes = now.total_bytes;
	status.waiting_for = now.waiting_for;
	callback(context, &status);
	*last = now;
}

enum netra_error netra_runner_finish(struct netra_board *board,
				     struct runner *runner,
				     netra_boot_callback *callback,
				     void *context)
{
	struct netra_boot_progress last = { 0 };

	for (;;) {
		enum netra_error error;
		enum run_state state;

		pthread_mutex_lock(&board->lock);
		state = netra_runner_step(board, runner, &error);
		if (state == RUN_WAIT &&
		    !board->transport->ops->alive(board->transport)) {
			netra_board_gone(board, board->transport->why);
			error = NETRA_ERR_GONE;
			state = RUN_FAILED;
		}
		pthread_mutex_unlock(&board->lock);
		if (callback && !runner->attaching)
			report(&runner->m.boot, &last, callback, context);
		if (state == RUN_DONE || state == RUN_FAILED)
			return error;
		if (state == RUN_WAIT)
			sleep_until(board, runner->wait_until_ns);
	}
}
