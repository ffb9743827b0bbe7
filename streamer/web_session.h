/* SPDX-License-Identifier: BSD-2-Clause */
/* Who has logged in. One thread. */
#ifndef NETRA_STREAMER_WEB_SESSION_H
#define NETRA_STREAMER_WEB_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "users.h"

#define NETRA_SESSIONS_MAX	256u
#define NETRA_TOKEN_BYTES	65u	/* 64 digits and the end */
#define NETRA_SESSION_NS	UINT64_C(43200000000000)	/* 12 h unused */

/* Zero it to begin. */
struct netra_sessions {
	struct netra_session {
		char token[NETRA_TOKEN_BYTES];	/* "" = free */
		char name[NETRA_USER_NAME_MAX + 1];
		char secret[NETRA_HEX_MAX];	/* the user's when this began */
		uint64_t used_ns;
	} session[NETRA_SESSIONS_MAX];
};

/** netra_password_right() - Is this the user's password? NULL: no, after as much work. */
bool netra_password_right(const struct netra_user *user, const char *password);

/**
 * netra_session_begin() - A new session for @user.
 *
 * If there are too many, the one that was unused longest ends.
 * Return: its token; NULL if the system gives no random numbers.
 */
const char *netra_session_begin(struct netra_sessions *sessions,
				const struct netra_user *user, uint64_t now_ns);

/**
 * netra_session_user() - Whose token this is.
 *
 * NULL if it is nobody's, too old, or its user has gone or changed the
 * password.
 */
const struct netra_user *netra_session_user(struct netra_sessions *sessions,
					    const struct netra_users *users,
					    const char *token, uint64_t now_ns);

void netra_session_end(struct netra_sessions *sessions, const char *token);

#endif
