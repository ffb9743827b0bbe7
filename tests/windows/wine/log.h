/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the loader has to say: in a file, as processes of services have no standard
 * error. Any thread.
 */
#ifndef NETRA_WINE_LOG_H
#define NETRA_WINE_LOG_H

/** shim_log_begin() - With this process's id; crashes end it from now on, and are told. */
void shim_log_begin(void);

/** shim_die() - Something a driver may not do, or this shim cannot: the end. */
void shim_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void shim_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
