/* SPDX-License-Identifier: BSD-2-Clause */
#include "digest.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define NONCE_S 600u
#define NONCE_DIGITS 48u	/* 16 of time, 32 of proof */

bool netra_digest_init(struct netra_digest *digest)
{
	return getrandom(digest->key, sizeof(digest->key), 0) ==
	       (ssize_t)sizeof(digest->key);
}

static void make_nonce(const struct netra_digest *digest, const char *peer,
		       uint64_t seconds, char nonce[NETRA_NONCE_MAX])
{
	unsigned char raw[EVP_MAX_MD_SIZE] = { 0 };
	char text[160];
	int length;

	length = snprintf(text, sizeof(text), "%016" PRIx64 " %s", seconds, peer);
	HMAC(EVP_sha256(), digest->key, (int)sizeof(digest->key),
	     (const unsigned char *)text,
	     (size_t)length < sizeof(text) ? (size_t)length : sizeof(text) - 1,
	     raw, NULL);
	snprintf(nonce, NETRA_NONCE_MAX, "%016" PRIx64, seconds);
	for (unsigned int i = 0; i < 16; i++)
		snprintf(nonce + 16 + (size_t)2 * i, 3, "%02x", raw[i]);
}

void netra_digest_nonce(const struct netra_digest *digest, const char *peer,
			uint64_t now_ns, char nonce[NETRA_NONCE_MAX])
{
	make_nonce(digest, peer, now_ns / 1000000000u, nonce);
}

static bool nonce_good(const struct netra_digest *digest, const char *peer,
		       uint64_t now_ns, struct netra_text text)
{
	uint64_t now_s = now_ns / 1000000000u, made_s = 0;
	char nonce[NETRA_NONCE_MAX];

	if (text.length != NONCE_DIGITS)
		return false;
	for (unsigned int i = 0; i < 16; i++) {
		char c = text.data[i];
		unsigned int digit = c >= '0' && c <= '9' ?
				     (unsigned int)(c - '0') :
				     (unsigned int)(c - 'a') + 10;

		if (digit > 15)
			return false;
		made_s = made_s << 4 | digit;
	}
	make_nonce(digest, peer, made_s, nonce);
	return CRYPTO_memcmp(nonce, text.data, NONCE_DIGITS) == 0 &&
	       now_s - made_s <= NONCE_S;
}

static bool same_place(const struct netra_rtsp_request *request,
		       struct netra_text uri)
{
	struct netra_rtsp_path asked, proven;

	if (uri.length == request->uri.length &&
	    memcmp(uri.data, request->uri.data, uri.length) == 0)
		return true;
	return netra_rtsp_parse_path(request->uri, &asked) &&
	       netra_rtsp_parse_path(uri, &proven) &&
	       asked.board == proven.board && asked.channel == proven.channel;
}

/* What the client must have sent if it knows the secret. */
static void wanted(enum netra_hash hash, const char *secret,
		   const struct netra_rtsp_request *request,
		   const struct netra_rtsp_credentials *c,
		   char hex[NETRA_HEX_MAX])
{
	const char *second_text[] = { request->method_text.data, c->uri.data };
	size_t second_length[] = { request->method_text.length, c->uri.length };
	char second[NETRA_HEX_MAX];

	netra_hash_hex(hash, second, second_text, second_length, 2);
	if (c->qop.length) {
		const char *text[] = { secret, c->nonce.data, c->nc.data,
				       c->cnonce.data, c->qop.data, second };
		size_t length[] = { strlen(secret), c->nonce.length,
				    c->nc.length, c->cnonce.length,
				    c->qop.length, strlen(second) };

		netra_hash_hex(hash, hex, text, length, 6);
	} else {
		const char *text[] = { secret, c->nonce.data, second };
		size_t length[] = { strlen(secret), c->nonce.length,
				    strlen(second) };

		netra_hash_hex(hash, hex, text, length, 3);
	}
}

enum netra_digest_result
netra_digest_check(const struct netra_digest *digest,
		   const struct netra_users *users,
		   const struct netra_rtsp_request *request, const char *peer,
		   uint64_t now_ns, const struct netra_user **user)
{
	struct netra_rtsp_credentials c;
	const struct netra_user *found;
	enum netra_hash hash = NETRA_HASH_MD5;
	char hex[NETRA_HEX_MAX];
	/* Nobody's: an unknown name takes as long as a wrong password. */
	const char *secret = "0000000000000000000000000000000000000000000000000000000000000000";

	if (!request->authorization.length)
		return NETRA_DIGEST_NONE;
	if (!netra_rtsp_parse_digest(request->authorization, &c))
		return NETRA_DIGEST_WRONG;
	if (netra_text_is(c.algorithm, "SHA-256"))
		hash = NETRA_HASH_SHA256;
	else if (c.algorithm.length && !netra_text_is(c.algorithm, "MD5"))
		return NETRA_DIGEST_WRONG;
	if (c.qop.length && !netra_text_is(c.qop, "auth"))
		return NETRA_DIGEST_WRONG;
	if (!nonce_good(digest, peer, now_ns, c.nonce))
		return NETRA_DIGEST_STALE;
	found = netra_users_find(users, c.user.data, c.user.length);
	if (found)
		secret = found->secret[hash];
	else if (hash == NETRA_HASH_MD5)
		secret += 32;
	wanted(hash, secret, request, &c, hex);
	if (!found || !netra_text_same(c.realm, NETRA_REALM) ||
	    !same_place(request, c.uri) || !*hex ||
	    strlen(hex) != c.response.length ||
	    CRYPTO_memcmp(hex, c.response.data, c.response.length) != 0)
		return NETRA_DIGEST_WRONG;
	*user = found;
	return NETRA_DIGEST_RIGHT;
}
