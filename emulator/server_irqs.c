/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts of the client: eventfds for MSI vectors and the INTx line. A
 * client without a PCI host bridge of its own never programs the MSI
 * capability; it is then done for it, as its operating system would.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <unistd.h>

#include "core/bytes.h"
#include "server_request.h"

static uint32_t irq_count(uint32_t index)
{
	if (index == VFIO_PCI_INTX_IRQ_INDEX)
		return 1;
	return index == VFIO_PCI_MSI_IRQ_INDEX ? NETRA_EMU_MSI_VECTORS : 0;
}

int netra_emu_on_irq_info(struct request *request)
{
	struct vfio_irq_info info;

	if (!take(request, &info, sizeof(info)) || info.argsz < sizeof(info) ||
	    info.index >= VFIO_PCI_NUM_IRQS)
		return EINVAL;
	info.argsz = sizeof(info);
	info.count = irq_count(info.index);
	info.flags = info.count ? VFIO_IRQ_INFO_EVENTFD : 0;
	if (info.index == VFIO_PCI_INTX_IRQ_INDEX)
		info.flags |= VFIO_IRQ_INFO_MASKABLE |
			      VFIO_IRQ_INFO_AUTOMASKED;
	else if (info.count)
		info.flags |= VFIO_IRQ_INFO_NORESIZE;
	give(request, &info, sizeof(info));
	return 0;
}

static void replace_fd(int *slot, int fd)
{
	if (*slot >= 0)
		close(*slot);
	*slot = fd;
}

/* Which vectors have a descriptor decides what the capability says. */
static void msi_changed_locked(struct netra_emu *emu)
{
	uint32_t vectors = 0;

	for (uint32_t i = 0; i < NETRA_EMU_MSI_VECTORS; i++)
		if (emu->msi_fd[i] >= 0)
			vectors = i + 1;
	netra_emu_msi_program_locked(emu, vectors);
}

static int set_trigger_locked(struct request *request,
			      const struct vfio_irq_set *set, bool eventfd)
{
	struct netra_emu *emu = request->link->emu;
	const uint64_t one = 1;

	for (uint32_t i = 0; i < set->count; i++) {
		bool intx = set->index == VFIO_PCI_INTX_IRQ_INDEX;
		int *slot = intx ? &emu->intx_fd : &emu->msi_fd[set->start + i];

		if (eventfd && request->fd_count) {
			replace_fd(slot, request->fds[i]);
			request->fds[i] = -1;
		} else if (eventfd) {
			replace_fd(slot, -1);
		} else if (*slot >= 0) {
			/* The client tries its own interrupt out. */
			(void)!write(*slot, &one, sizeof(one));
		}
		if (intx)
			emu->intx_masked = false;
	}
	if (eventfd && set->index == VFIO_PCI_MSI_IRQ_INDEX)
		msi_changed_locked(emu);
	netra_emu_intx_update_locked(emu);
	return 0;
}

static int set_irqs_locked(struct request *request,
			   const struct vfio_irq_set *set)
{
	struct netra_emu *emu = request->link->emu;
	uint32_t data = set->flags & VFIO_IRQ_SET_DATA_TYPE_MASK;
	uint32_t action = set->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;

	if (set->count == 0) {
		if (set->start || data != VFIO_IRQ_SET_DATA_NONE ||
		    action != VFIO_IRQ_SET_ACTION_TRIGGER)
			return EINVAL;
		if (set->index == VFIO_PCI_INTX_IRQ_INDEX)
			replace_fd(&emu->intx_fd, -1);
		for (uint32_t i = 0; set->index == VFIO_PCI_MSI_IRQ_INDEX &&
		     i < NETRA_EMU_MSI_VECTORS; i++)
			replace_fd(&emu->msi_fd[i], -1);
		if (set->index == VFIO_PCI_MSI_IRQ_INDEX)
			msi_changed_locked(emu);
		return 0;
	}
	if (data == VFIO_IRQ_SET_DATA_BOOL)
		return EINVAL;
	if (action == VFIO_IRQ_SET_ACTION_TRIGGER)
		return set_trigger_locked(request, set,
					  data == VFIO_IRQ_SET_DATA_EVENTFD);
	/* QEMU gives an eventfd to unmask by as well; it also works without. */
	if (set->index != VFIO_PCI_INTX_IRQ_INDEX ||
	    data != VFIO_IRQ_SET_DATA_NONE)
		return EINVAL;
	emu->intx_masked = action == VFIO_IRQ_SET_ACTION_MASK;
	netra_emu_intx_update_locked(emu);
	return 0;
}

int netra_emu_on_set_irqs(struct request *request)
{
	struct netra_emu *emu = request->link->emu;
	struct vfio_irq_set set;
	uint32_t data;
	int error;

	if (!take(request, &set, sizeof(set)) || set.argsz < sizeof(set))
		return EINVAL;
	data = set.flags & VFIO_IRQ_SET_DATA_TYPE_MASK;
	if (set.index >= VFIO_PCI_NUM_IRQS ||
	    !netra_range_ok(set.start, set.count, irq_count(set.index)))
		return EINVAL;
	if (data == VFIO_IRQ_SET_DATA_EVENTFD && request->fd_count &&
	    request->fd_count != set.count)
		return EINVAL;
	pthread_mutex_lock(&emu->lock);
	error = set_irqs_locked(request, &set);
	pthread_mutex_unlock(&emu->lock);
	return error;
}
