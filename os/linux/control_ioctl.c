// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The calls of /dev/netraN. One table says of each what it takes, and one
 * function, check(), looks at every number of a program before anything uses
 * it. A program's memory is touched before and after, never under dev->lock.
 */
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "control.h"

/* What a structure's first words are. */
enum first { FIRST_OTHER, FIRST_READER, FIRST_CHANNEL, FIRST_COMMAND };

struct call {
	struct netra_file *file;
	struct netra_reader *reader;	/* for FIRST_READER */
	void *arg;			/* the structure */
	void *items;			/* what it points to */
};

struct definition {
	unsigned int cmd;
	int (*run)(struct call *call);
	enum first first;
	bool writes;		/* needs write permission */
	bool says_why;		/* what it gives out is good on failure, too */
	struct { u16 at, bytes; } reserved;	/* must be 0 */
	u16 flags_at;
	u32 flags;		/* known ones, at flags_at */
	u16 item_bytes;		/* netra_ioc_take and netra_ioc_release */
	bool items_in;
};

/* What these two have in common. */
struct list {
	__u32 reader;
	__u32 count;
	__aligned_u64 items;
};

static_assert(offsetof(struct netra_ioc_take, count) == offsetof(struct list, count) &&
	      offsetof(struct netra_ioc_take, frames) == offsetof(struct list, items) &&
	      offsetof(struct netra_ioc_release, count) == offsetof(struct list, count) &&
	      offsetof(struct netra_ioc_release, tokens) == offsetof(struct list, items));

/* No program's of 32 bits differ: netra_ioctl.h has no long, no pointer and no gap. */
static_assert(sizeof(struct netra_ioc_boot) == 16 &&
	      sizeof(struct netra_ioc_command) == 344 &&
	      sizeof(struct netra_ioc_reader) == 16 &&
	      sizeof(struct netra_ioc_take) == 24 &&
	      sizeof(struct netra_ioc_ready) == 8 &&
	      sizeof(struct netra_ioc_release) == 24 &&
	      sizeof(struct netra_ioc_discard) == 8 &&
	      sizeof(struct netra_ioc_reader_stats) == 48 &&
	      sizeof(struct netra_ioc_sets) == 8 + NETRA_SETS_BYTES);

static int status(struct call *call)
{
	return netra_status_board(call->file->dev, call->arg);
}

static int channel(struct call *call)
{
	return netra_status_channel(call->file->dev, call->arg);
}

static int boot(struct call *call)
{
	const struct netra_ioc_boot *arg = call->arg;

	return netra_boot_request(call->file->dev,
				  arg->flags & NETRA_BOOT_FORCE);
}

static int command(struct call *call)
{
	struct netra_ioc_command *arg = call->arg;
	struct netra_device *dev = call->file->dev;
	int err;

	memset(arg->error_text, 0, sizeof(arg->error_text));
	switch (arg->opcode) {
	case NETRA_CMD_START:
		err = netra_file_start(call->file, arg->channel);
		break;
	case NETRA_CMD_STOP:
		err = netra_file_stop(call->file, arg->channel);
		break;
	default:
		if (arg->flags & NETRA_COMMAND_POST)
			err = netra_command_tell(dev, arg->channel, arg->opcode,
						 arg->arg[0], arg->arg[1]);
		else
			err = netra_command_wait(dev, arg->channel, arg->opcode,
						 arg->arg[0], arg->arg[1]);
		break;
	}
	if (err)
		strscpy(arg->error_text, dev->host.error_text,
			sizeof(arg->error_text));
	return err;
}

static int reader_open(struct call *call)
{
	return netra_reader_open(call->file, call->arg);
}

static int reader_close(struct call *call)
{
	return netra_reader_close(call->file, *(u32 *)call->arg);
}

static int take(struct call *call)
{
	return netra_reader_take(call->reader, call->arg, call->items);
}

static int give_back(struct call *call)
{
	return netra_reader_release(call->reader, call->arg, call->items);
}

static int reader_stats(struct call *call)
{
	return netra_reader_stats(call->reader, call->arg);
}

static int discard(struct call *call)
{
	return netra_reader_discard(call->reader, call->arg);
}

static int ready(struct call *call)
{
	return netra_readers_which(call->file, call->arg);
}

static int sets(struct call *call)
{
	return netra_channel_sets_get(call->file->dev, call->arg);
}

static int event(struct call *call)
{
	return netra_file_next_event(call->file, call->arg);
}

#define RESERVED(type)	\
	.reserved = { offsetof(type, reserved), sizeof_field(type, reserved) }

static const struct definition definitions[] = {
	{ NETRA_IOC_STATUS, status },
	{ NETRA_IOC_CHANNEL, channel, FIRST_CHANNEL,
	  RESERVED(struct netra_ioc_channel), },
	{ NETRA_IOC_BOOT, boot, .writes = true, RESERVED(struct netra_ioc_boot),
	  .flags_at = offsetof(struct netra_ioc_boot, flags),
	  .flags = NETRA_BOOT_FORCE },
	{ NETRA_IOC_COMMAND, command, FIRST_COMMAND, .writes = true,
	  .says_why = true, RESERVED(struct netra_ioc_command),
	  .flags_at = offsetof(struct netra_ioc_command, flags),
	  .flags = NETRA_COMMAND_POST },
	{ NETRA_IOC_READER_OPEN, reader_open, FIRST_CHANNEL,
	  RESERVED(struct netra_ioc_reader),
	  .flags_at = offsetof(struct netra_ioc_reader, flags),
	  .flags = NETRA_OPEN_FROM_KEY | NETRA_OPEN_ALL },
	{ NETRA_IOC_READER_CLOSE, reader_close, FIRST_READER },
	{ NETRA_IOC_TAKE, take, FIRST_READER, RESERVED(struct netra_ioc_take),
	  .item_bytes = sizeof(struct netra_ioc_frame) },
	{ NETRA_IOC_RELEASE, give_back, FIRST_READER, .says_why = true,
	  .item_bytes = sizeof(u64), .items_in = true },
	{ NETRA_IOC_READER_STATS, reader_stats, FIRST_READER,
	  RESERVED(struct netra_ioc_reader_stats), },
	{ NETRA_IOC_DISCARD, discard, FIRST_READER,
	  .flags_at = offsetof(struct netra_ioc_discard, flags),
	  .flags = NETRA_DISCARD_CORRUPT },
	{ NETRA_IOC_EVENT, event },
	{ NETRA_IOC_READY, ready },
	{ NETRA_IOC_SETS, sets, FIRST_CHANNEL },
};

static const struct definition *find(unsigned int cmd)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(definitions); i++)
		if (definitions[i].cmd == cmd)
			return &definitions[i];
	return NULL;
}

static int check_channel(struct netra_host *host, u32 *channel)
{
	if (!host->view)
		return -ENOTCONN;
	if (*channel >= host->channels)
		return -ENOENT;
	*channel = array_index_nospec(*channel, NETRA_CHANNELS_MAX);
	return 0;
}

static int check_command(struct netra_host *host, struct netra_ioc_command *arg)
{
	if (arg->opcode >= NETRA_CMD_COUNT || arg->opcode == NETRA_CMD_RESYNC)
		return -EINVAL;
	if (arg->flags & NETRA_COMMAND_POST &&
	    (arg->opcode == NETRA_CMD_START || arg->opcode == NETRA_CMD_STOP))
		return -EINVAL;
	if (arg->opcode == NETRA_CMD_PING)
		arg->channel = NETRA_EVENT_BOARD;
	return arg->opcode == NETRA_CMD_PING ? 0 :
					       check_channel(host, &arg->channel);
}

static int check_reader(struct call *call)
{
	u32 *id = call->arg;

	if (*id >= NETRA_READERS_PER_FILE)
		return -EBADF;
	*id = array_index_nospec(*id, NETRA_READERS_PER_FILE);
	call->reader = call->file->reader[*id];
	return call->reader ? 0 : -EBADF;
}

/* All numbers of a program, but addresses. With dev->lock. */
static int check(const struct definition *d, struct call *call)
{
	if (d->reserved.bytes &&
	    memchr_inv(call->arg + d->reserved.at, 0, d->reserved.bytes))
		return -EINVAL;
	if (d->flags && *(u32 *)(call->arg + d->flags_at) & ~d->flags)
		return -EINVAL;
	switch (d->first) {
	case FIRST_CHANNEL:
		return check_channel(&call->file->dev->host, call->arg);
	case FIRST_COMMAND:
		return check_command(&call->file->dev->host, call->arg);
	case FIRST_READER:
		return check_reader(call);
	default:
		return 0;
	}
}

static long run(const struct definition *d, struct call *call)
{
	struct netra_device *dev = call->file->dev;
	int err;

	if (mutex_lock_killable(&dev->lock))
		return -ERESTARTSYS;
	err = dev->dead || call->file->control->gone ? -ENODEV :
						       check(d, call);
	if (!err)
		err = d->run(call);
	mutex_unlock(&dev->lock);
	return err;
}

/* With what the structure points to; the count is checked here. */
static long run_list(const struct definition *d, struct call *call)
{
	struct list *list = call->arg;
	void __user *user = u64_to_user_ptr(list->items);
	size_t bytes;
	long err = 0;

	if (!list->count || list->count > NETRA_FRAMES_AT_ONCE)
		return -EINVAL;
	bytes = list->count * d->item_bytes;
	call->items = kmalloc(bytes, GFP_KERNEL);
	if (!call->items)
		return -ENOMEM;
	if (d->items_in && copy_from_user(call->items, user, bytes))
		err = -EFAULT;
	if (!err)
		err = run(d, call);
	/* A bad address: what was taken is held until the reader is closed. */
	if (!err && !d->items_in &&
	    copy_to_user(user, call->items, list->count * d->item_bytes))
		err = -EFAULT;
	kfree(call->items);
	return err;
}

long netra_control_ioctl(struct file *f, unsigned int cmd, unsigned long arg)
{
	const struct definition *d = find(cmd);
	void __user *user = (void __user *)arg;
	struct call call = { .file = f->private_data };
	size_t bytes;
	long err;

	if (!d)
		return -ENOTTY;
	if (d->writes && !(f->f_mode & FMODE_WRITE))
		return -EPERM;
	bytes = _IOC_SIZE(cmd);
	call.arg = kzalloc(bytes, GFP_KERNEL);
	if (!call.arg)
		return -ENOMEM;
	err = 0;
	if (_IOC_DIR(cmd) & _IOC_WRITE && copy_from_user(call.arg, user, bytes))
		err = -EFAULT;
	if (!err)
		err = d->item_bytes ? run_list(d, &call) : run(d, &call);
	if (_IOC_DIR(cmd) & _IOC_READ && (!err || d->says_why) &&
	    copy_to_user(user, call.arg, bytes))
		err = -EFAULT;
	kfree(call.arg);
	return err;
}
