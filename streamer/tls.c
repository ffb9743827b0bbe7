/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>

static const char *reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	return text ? text : "it cannot be read";
}

SSL_CTX *netra_tls_new(const char *certificate, const char *key, char *why,
		       size_t size)
{
	SSL_CTX *context;
	const char *file = certificate;

	ERR_clear_error();
	context = SSL_CTX_new(TLS_server_method());
	if (!context)
		goto err_why;
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION |
				     SSL_OP_CIPHER_SERVER_PREFERENCE);
	/* What was copied to a buffer of ours may move before it is sent. */
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
				  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				  SSL_MODE_RELEASE_BUFFERS);
	if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
		goto err_why;
	file = key;
	if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(context) != 1)
		goto err_why;
	return context;

err_why:
	snprintf(why, size, "%s: %s", file, reason());
	SSL_CTX_free(context);
	return NULL;
}

void netra_tls_free(SSL_CTX *context)
{
	SSL_CTX_free(context);
}

static int show_current(SSL *tls, void *context)
{
	SSL_CTX *current = *(SSL_CTX *const *)context;
	STACK_OF(X509) *chain = NULL;

	/* Also a key of another kind: the old one would stay beside it. */
	SSL_certs_clear(tls);
	SSL_CTX_get0_chain_certs(current, &chain);
	return SSL_use_cert_and_key(tls, SSL_CTX_get0_certificate(current),
				    SSL_CTX_get0_privatekey(current), chain, 1);
}

void netra_tls_follow(SSL_CTX *other, SSL_CTX *const *current)
{
	SSL_CTX_set_cert_cb(other, show_current, (void *)(uintptr_t)current);
}

SSL *netra_tls_accept(SSL_CTX *context, int fd)
{
	SSL *tls = SSL_new(context);

	if (tls && SSL_set_fd(tls, fd) == 1) {
		SSL_set_accept_state(tls);
		return tls;
	}
	SSL_free(tls);
	return NULL;
}

void netra_tls_end(SSL *tls)
{
	if (!tls)
		return;
	/* Says that this is the end; whether it gets through matters not. */
	ERR_clear_error();
	if (SSL_is_init_finished(tls))
		SSL_shutdown(tls);
	SSL_free(tls);
}

static ssize_t failed(SSL *tls, int code, bool *wants_write)
{
	switch (SSL_get_error(tls, code)) {
	case SSL_ERROR_WANT_READ:
		return -EAGAIN;
	case SSL_ERROR_WANT_WRITE:
		*wants_write = true;
		return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		return -EPROTO;
	}
}

static int bounded(size_t size)
{
	return size > INT_MAX ? INT_MAX : (int)size;
}

ssize_t netra_tls_read(SSL *tls, void *data, size_t size, bool *wants_write)
{
	int code;

	*wants_write = false;
	ERR_clear_error();
	code = SSL_read(tls, data, bounded(size));
	return code > 0 ? code : failed(tls, code, wants_write);
}

ssize_t netra_tls_write(SSL *tls, const void *data, size_t size)
{
	bool wants_write;
	int code;

	ERR_clear_error();
	code = SSL_write(tls, data, bounded(size));
	return code > 0 ? code : failed(tls, code, &wants_write);
}
