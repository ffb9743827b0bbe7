/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a service manager wants of a daemon: sd_notify(3) and
 * sd_listen_fds(3), whose protocols are two environment variables and a datagram.
 */
#ifndef NETRA_STREAMER_SERVICE_H
#define NETRA_STREAMER_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

/** netra_service_notify() - "READY=1" and the like; nothing without a manager. */
void netra_service_notify(const char *text);

/** netra_service_watchdog_ms() - How often it wants to hear "WATCHDOG=1"; 0: never. */
uint64_t netra_service_watchdog_ms(void);

/**
 * netra_service_socket() - A listening socket that the manager opened.
 * @index: 0, 1, …
 * @name: Receives its name ("" if it has none).
 * Return: -1 if there are no more.
 */
int netra_service_socket(unsigned int index, char name[32]);

#endif
