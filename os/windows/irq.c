/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts: all they say is "look". MSI if Windows grants it (the INF asks),
 * else the line, which the board holds until the host lets it go by EP_IRQ_CLR;
 * on a shared line others may have raised it.
 */
#include "driver.h"

/* DIRQL. Interrupts are connected only while BAR 0 is mapped. */
static BOOLEAN NTAPI isr(WDFINTERRUPT interrupt, ULONG message)
{
	struct netra_device *dev = netra_device_of_wdf(WdfInterruptGetDevice(interrupt));
	volatile ULONG *clear = (volatile ULONG *)(dev->bar0 + NETRA_REG_EP_IRQ_CLR);
	volatile ULONG *state = (volatile ULONG *)(dev->bar0 + NETRA_REG_EP_IRQ_STATUS);

	UNREFERENCED_PARAMETER(message);
	if (!dev->msi_granted) {
		ULONG value = READ_REGISTER_ULONG(state);

		/* All-ones: the board is gone, and not what raised the line. */
		if (value == MAXULONG || !(value & 1))
			return FALSE;
		WRITE_REGISTER_ULONG(clear, 1);
		/* Posted: without it the line might still be up at our return. */
		(void)READ_REGISTER_ULONG(state);
	}
	InterlockedIncrement64(&dev->interrupts);
	WdfInterruptQueueDpcForIsr(interrupt);
	return TRUE;
}

/* DISPATCH_LEVEL */
static VOID NTAPI dpc(WDFINTERRUPT interrupt, WDFOBJECT device)
{
	struct netra_device *dev = netra_device_of_wdf(device);

	UNREFERENCED_PARAMETER(interrupt);
	InterlockedExchange(&dev->interrupted, 1);
	netra_kick(dev);
}

NTSTATUS netra_irq_create(struct netra_device *dev)
{
	WDF_INTERRUPT_CONFIG config;
	WDFINTERRUPT interrupt;

	WDF_INTERRUPT_CONFIG_INIT(&config, isr, dpc);
	return WdfInterruptCreate(dev->wdf, &config, WDF_NO_OBJECT_ATTRIBUTES,
				  &interrupt);
}
