// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * /sys/kernel/debug/netra/netraN: registers and rings, for bug reports. Reading
 * registers goes over the bus; it is for people, not for steady state.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "driver.h"

static struct dentry *root;

static void show_windows(struct seq_file *s, struct netra_host *host)
{
	u32 value, high, i;

	for (i = 0; i < NETRA_OB_WINDOWS; i++) {
		if (!host->ops->read32(host, 0, NETRA_REG_OB_INDEX(i), &value) &&
		    !host->ops->read32(host, 0, NETRA_REG_OB_HI(i), &high) &&
		    value)
			seq_printf(s, "OB%u = %08x:%08x\n", i, high, value);
	}
	for (i = 0; i < NETRA_IB_REGIONS; i++) {
		if (!host->ops->read32(host, 0, NETRA_REG_IB_BAR(i), &value) &&
		    !host->ops->read32(host, 0, NETRA_REG_IB_OFFSET(i), &high))
			seq_printf(s, "IB%u = BAR %u, offset %08x\n", i, value,
				   high);
	}
}

static int registers_show(struct seq_file *s, void *unused)
{
	struct netra_device *dev = s->private;
	struct netra_host *host = &dev->host;
	const struct netra_register *r;
	u32 value;

	mutex_lock(&dev->lock);
	if (dev->dead || dev->suspended || host->state == NETRA_BOARD_GONE) {
		mutex_unlock(&dev->lock);
		return -ENODEV;
	}
	for (r = netra_report_registers; r->name; r++)
		if (!host->ops->read32(host, 0, r->offset, &value))
			seq_printf(s, "%s = %08x\n", r->name, value);
	show_windows(s, host);
	mutex_unlock(&dev->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(registers);

static int rings_show(struct seq_file *s, void *unused)
{
	struct netra_device *dev = s->private;
	struct netra_host *host = &dev->host;
	u32 i;

	mutex_lock(&dev->lock);
	seq_printf(s, "state = %s, generation %08x, %llu wake-ups, %u resyncs, %u firmware restarts, %u resets\n",
		   netra_board_state_name(host->state), host->generation,
		   dev->wakeups, host->resyncs, host->firmware_restarts,
		   host->resets);
	for (i = 0; i < host->channels; i++) {
		const struct netra_channel *c = &host->channel[i];
		const struct netra_ring *r = &c->ring;

		seq_printf(s, "channel%u = head %u, tail %u of %u, %u of %u bytes, %llu frames, %llu lost, %u readers, %u users%s%s%s\n",
			   i, r->head, r->tail, 1u << r->layout.records_log2,
			   r->used_bytes, r->layout.data_size,
			   c->old_frames + r->frames_total,
			   c->old_lost + r->lost_total, c->cursor_count,
			   dev->users[i], c->started ? ", started" : "",
			   r->fault ? ": " : "",
			   r->fault ? netra_ring_fault_text(r->fault) : "");
	}
	mutex_unlock(&dev->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(rings);

void netra_debugfs_init(void)
{
	root = debugfs_create_dir("netra", NULL);
}

void netra_debugfs_exit(void)
{
	debugfs_remove_recursive(root);
}

void netra_debugfs_register(struct netra_device *dev)
{
	char name[16];

	snprintf(name, sizeof(name), "netra%u", dev->number);
	dev->debugfs = debugfs_create_dir(name, root);
	debugfs_create_file("registers", 0400, dev->debugfs, dev,
			    &registers_fops);
	debugfs_create_file("rings", 0400, dev->debugfs, dev, &rings_fops);
}

void netra_debugfs_unregister(struct netra_device *dev)
{
	debugfs_remove_recursive(dev->debugfs);
}
