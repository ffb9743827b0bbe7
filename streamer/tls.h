/* SPDX-License-Identifier: BSD-2-Clause */
/* TLS over a non-blocking socket, by OpenSSL. */
#ifndef NETRA_STREAMER_TLS_H
#define NETRA_STREAMER_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_st SSL;

/**
 * netra_tls_new() - A server's certificate chain and key, as PEM files.
 * Return: NULL on failure; @why says which file and what.
 */
SSL_CTX *netra_tls_new(const char *certificate, const char *key, char *why,
		       size_t size);
void netra_tls_free(SSL_CTX *context);

/**
 * netra_tls_follow() - Have another server's new connections show the
 * certificate of *@current, which may be exchanged at any time.
 */
void netra_tls_follow(SSL_CTX *other, SSL_CTX *const *current);

/** netra_tls_accept() - A connection on @fd; NULL: out of memory. */
SSL *netra_tls_accept(SSL_CTX *context, int fd);
void netra_tls_end(SSL *tls);

/**
 * netra_tls_read(), netra_tls_write() - As read() and write().
 * @wants_write: Set if it goes on only when the socket can be written.
 * Return: bytes, 0 at the end, -EAGAIN, or -EPROTO.
 *
 * A write that was refused must be tried again with the same bytes.
 */
ssize_t netra_tls_read(SSL *tls, void *data, size_t size, bool *wants_write);
ssize_t netra_tls_write(SSL *tls, const void *data, size_t size);

#endif
