// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Place holders for parts of the driver that are being written: whoever brings
 * one takes its functions out of here, and the last one the file.
 */
#include "driver.h"

int netra_control_init(void)
{
	return 0;
}

void netra_control_exit(void)
{
}

int netra_control_register(struct netra_device *dev)
{
	return 0;
}

void netra_control_unregister(struct netra_device *dev)
{
}

void netra_control_event(struct netra_device *dev,
			 const struct netra_event_info *info, u64 host_ns)
{
}

void netra_control_notice(struct netra_device *dev,
			  enum netra_host_notice notice, u32 channel,
			  const char *text)
{
}
