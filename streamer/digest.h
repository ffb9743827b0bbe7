/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Digest authentication (RFC 7616, and RFC 2617 as most players speak it). A
 * nonce says itself when and for whom it was made, so none has to be kept.
 */
#ifndef NETRA_STREAMER_DIGEST_H
#define NETRA_STREAMER_DIGEST_H

#include "rtsp_header.h"
#include "users.h"

#define NETRA_NONCE_MAX 56u

struct netra_digest {
	uint8_t key[32];	/* random; new nonces with each start */
};

enum netra_digest_result {
	NETRA_DIGEST_RIGHT,
	NETRA_DIGEST_NONE,	/* nothing to look at: ask */
	NETRA_DIGEST_STALE,	/* the nonce is old or not ours: ask again */
	NETRA_DIGEST_WRONG,
};

bool netra_digest_init(struct netra_digest *digest);

/** netra_digest_nonce() - @peer: the client's address, as text. */
void netra_digest_nonce(const struct netra_digest *digest, const char *peer,
			uint64_t now_ns, char nonce[NETRA_NONCE_MAX]);

/**
 * netra_digest_check() - Does an Authorization field prove a user?
 * @user: Receives who it is, if it is right.
 *
 * The URI in it must name what the request's does.
 */
enum netra_digest_result
netra_digest_check(const struct netra_digest *digest,
		   const struct netra_users *users,
		   const struct netra_rtsp_request *request, const char *peer,
		   uint64_t now_ns, const struct netra_user **user);

#endif
