/* SPDX-License-Identifier: BSD-2-Clause */
#include "web_session.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>

bool netra_password_right(const struct netra_user *user, const char *password)
{
	static const struct netra_user nobody = { .name = "nobody" };
	const struct netra_user *who = user ? user : &nobody;
	const char *text[] = { who->name, NETRA_REALM, password };
	size_t length[] = { strlen(who->name), strlen(NETRA_REALM),
			    strlen(password) };
	char hex[NETRA_HEX_MAX] = "";

	netra_hash_hex(NETRA_HASH_SHA256, hex, text, length, 3);
	return CRYPTO_memcmp(hex, who->secret[NETRA_HASH_SHA256],
			     NETRA_HEX_MAX) == 0 && user;
}

static bool expired(const struct netra_session *session, uint64_t now_ns)
{
	return now_ns - session->used_ns > NETRA_SESSION_NS;
}

const char *netra_session_begin(struct netra_sessions *sessions,
				const struct netra_user *user, uint64_t now_ns)
{
	struct netra_session *session = &sessions->session[0];
	uint8_t random[32];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return NULL;
	for (size_t i = 0; i < NETRA_SESSIONS_MAX && session->token[0]; i++) {
		struct netra_session *other = &sessions->session[i];

		if (!other->token[0] || other->used_ns < session->used_ns)
			session = other;
	}
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(session->token + 2 * i, 3, "%02x", random[i]);
	snprintf(session->name, sizeof(session->name), "%s", user->name);
	memcpy(session->secret, user->secret[NETRA_HASH_SHA256], NETRA_HEX_MAX);
	session->used_ns = now_ns;
	return session->token;
}

static struct netra_session *find(struct netra_sessions *sessions,
				  const char *token)
{
	if (strlen(token) != NETRA_TOKEN_BYTES - 1)
		return NULL;
	for (size_t i = 0; i < NETRA_SESSIONS_MAX; i++) {
		struct netra_session *s = &sessions->session[i];

		if (s->token[0] &&
		    CRYPTO_memcmp(s->token, token, NETRA_TOKEN_BYTES) == 0)
			return s;
	}
	return NULL;
}

const struct netra_user *netra_session_user(struct netra_sessions *sessions,
					    const struct netra_users *users,
					    const char *token, uint64_t now_ns)
{
	struct netra_session *session = find(sessions, token);
	const struct netra_user *user;

	if (!session)
		return NULL;
	user = netra_users_find(users, session->name, strlen(session->name));
	if (!user || expired(session, now_ns) ||
	    memcmp(user->secret[NETRA_HASH_SHA256], session->secret,
		   NETRA_HEX_MAX) != 0) {
		memset(session, 0, sizeof(*session));
		return NULL;
	}
	session->used_ns = now_ns;
	return user;
}

void netra_session_end(struct netra_sessions *sessions, const char *token)
{
	struct netra_session *session = find(sessions, token);

	if (session)
		memset(session, 0, sizeof(*session));
}
