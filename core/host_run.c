/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one executor of what the machines of core/ ask for. It serves a driver's
 * boot, start and close as well as recovery, which steps the same machines
 * from inside netra_host_service().
 */
#include "host_internal.h"

void netra_host_run_boot(struct netra_host *host, bool attach_only)
{
	uint32_t bound = host->options.boot_timeout_ms;
	struct netra_boot_config config = {
		.soc = host->soc,
		.rom_timeout_ms = bound,
		.uboot_timeout_ms = bound,
		.script_timeout_ms = bound,
		.agent_timeout_ms = bound,
	};

	for (unsigned int i = 0; i < 6; i++) {
		config.bar_bytes[i] = host->bar_bytes[i];
		config.bar_address[i] = host->bar_address[i];
	}
	for (unsigned int i = 0; i < NETRA_IMAGE_COUNT; i++)
		config.image_bytes[i] = host->image_bytes[i];
	__builtin_memset(&host->runner, 0, sizeof(host->runner));
	netra_boot_init(&host->runner.m.boot, &config, attach_only);
}

void netra_host_run_attach(struct netra_host *host)
{
	__builtin_memset(&host->runner, 0, sizeof(host->runner));
	host->runner.attaching = true;
	netra_attach_init(&host->runner.m.attach, &host->attach);
}

void netra_host_run_detach(struct netra_host *host)
{
	__builtin_memset(&host->runner, 0, sizeof(host->runner));
	host->runner.attaching = true;
	netra_detach_init(&host->runner.m.attach, &host->attach);
}

static enum netra_error upload(struct netra_host *host,
			       const struct netra_action *action,
			       uint32_t *result)
{
	enum netra_error error;
	bool arrived = false;

	if ((unsigned int)action->image >= NETRA_IMAGE_COUNT ||
	    !netra_range_ok(action->image_offset, action->length,
			    host->image_bytes[action->image]))
		return netra_host_fail(host, NETRA_ERR_IMAGE,
				       "an upload leaves its image");
	error = host->ops->upload(host, action, &arrived);
	*result = arrived;
	return error;
}

static enum netra_error execute(struct netra_host *host,
				const struct netra_action *action,
				uint32_t *result)
{
	const struct netra_host_ops *ops = host->ops;

	*result = 0;
	switch (action->kind) {
	case NETRA_ACT_REG_READ:
		return ops->read32(host, 0, action->offset, result);
	case NETRA_ACT_REG_WRITE:
		return ops->write32(host, 0, action->offset, action->value);
	case NETRA_ACT_BAR_READ:
		return ops->read32(host, action->bar, action->offset, result);
	case NETRA_ACT_BAR_WRITE:
		return ops->write32(host, action->bar, action->offset,
				    action->value);
	case NETRA_ACT_UPLOAD:
		return upload(host, action, result);
	case NETRA_ACT_WAIT:
	case NETRA_ACT_DONE:
	case NETRA_ACT_FAILED:
		break;
	}
	return NETRA_OK;
}

static enum netra_error boot_failed(struct netra_host *host)
{
	const struct netra_boot *boot = &host->runner.m.boot;
	enum netra_boot_failure failure = netra_boot_failure(boot);
	const char *text = netra_boot_failure_text(failure);

	switch (failure) {
	case NETRA_BOOT_GONE:
		/* All-ones in BAR 0, but there for configuration: reset. */
		if (host->ops->present(host))
			return netra_host_fail(host, NETRA_ERR_BOOT, "%s", text);
		netra_host_gone(host, text);
		return netra_host_fail(host, NETRA_ERR_GONE, "%s", text);
	case NETRA_BOOT_IMAGE_TOO_BIG:
	case NETRA_BOOT_IMAGE_MISSING:
		return netra_host_fail(host, NETRA_ERR_IMAGE, "%s: %s",
				       netra_image_name(boot->image), text);
	default:
		return netra_host_fail(host, NETRA_ERR_BOOT, "%s", text);
	}
}

static enum netra_error attach_failed(struct netra_host *host)
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
	const struct netra_attach_machine *m = &host->runner.m.attach;
	uint32_t code = netra_attach_refusal(m);
	const char *why = "it gave no known reason";

	switch (m->failure) {
	case NETRA_ATTACH_FAIL_GONE:
		netra_host_gone(host, "the board answers all-ones");
		return netra_host_fail(host, NETRA_ERR_GONE, "%s",
				       netra_attach_failure_text(m->failure));
	case NETRA_ATTACH_FAIL_REFUSED:
		if (code && code < sizeof(refusal) / sizeof(refusal[0]))
			why = refusal[code];
		return netra_host_fail(host, NETRA_ERR_REFUSED,
				       "the board refused its windows: %s", why);
	default:
		return netra_host_fail(host, NETRA_ERR_TIMEOUT,
				       "%s: reset the board (netra boot --force)",
				       netra_attach_failure_text(m->failure));
	}
}

enum netra_run netra_host_run(struct netra_host *host, uint64_t now_ns,
			      enum netra_error *error)
{
	struct netra_runner *runner = &host->runner;
	struct netra_action action;

	*error = NETRA_OK;
	if (runner->attaching)
		netra_attach_next(&runner->m.attach, now_ns, runner->result,
				  &action);
	else
		netra_boot_next(&runner->m.boot, now_ns, runner->result,
				&action);
	switch (action.kind) {
	case NETRA_ACT_DONE:
		return NETRA_RUN_DONE;
	case NETRA_ACT_FAILED:
		*error = runner->attaching ? attach_failed(host) :
					     boot_failed(host);
		return NETRA_RUN_FAILED;
	case NETRA_ACT_WAIT:
		runner->result = 0;
		runner->wait_until_ns = action.wait_until_ns;
		return NETRA_RUN_WAIT;
	default:
		*error = execute(host, &action, &runner->result);
		return *error ? NETRA_RUN_FAILED : NETRA_RUN_AGAIN;
	}
}
