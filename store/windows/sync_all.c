/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/sync_all.h"

/* A whole volume can be flushed by administrators only. */
bool netra_sync_all_works(int folder)
{
	(void)folder;
	return false;
}

int netra_sync_all(int folder)
{
	(void)folder;
	return -1;
}
