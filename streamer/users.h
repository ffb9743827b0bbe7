/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may see what. The file holds no passwords, but what digest
 * authentication needs of them: H(user:realm:password), by MD5 and SHA-256. That is as good
 * as the password *here*, so nobody else may read the file.
 *
 *     # name:MD5:SHA-256:channels
 *     anna:0c3f…:91be…:*
 *     gate:77aa…:1f00…:0-3,1/0-15
 */
#ifndef NETRA_STREAMER_USERS_H
#define NETRA_STREAMER_USERS_H

#include "lib/netra.h"

#define NETRA_REALM "netra"
#define NETRA_USERS_MAX 1024u
#define NETRA_USER_NAME_MAX 64u
#define NETRA_STREAM_BOARDS_MAX 8u

enum netra_hash {
	NETRA_HASH_MD5,
	NETRA_HASH_SHA256,
	NETRA_HASHES
};

#define NETRA_HEX_MAX 65u	/* SHA-256 in digits, terminated */

struct netra_user {
	char name[NETRA_USER_NAME_MAX + 1];
	char secret[NETRA_HASHES][NETRA_HEX_MAX];	/* HA1, lower-case */
	uint64_t channels[NETRA_STREAM_BOARDS_MAX];	/* a bit each */
	char rights[256];		/* the same as written */
};

struct netra_users {
	uint32_t count;
	struct netra_user *user;
};

/** netra_hash_hex() - The hash of @count texts, joined by ':', in digits. */
void netra_hash_hex(enum netra_hash hash, char hex[NETRA_HEX_MAX],
		    const char *const *text, const size_t *length, size_t count);

/**
 * netra_user_set() - Make an entry.
 * @rights: "*" or a list as "0-3,7,1/0-15" (board 1: channels 0 to 15).
 * Return: NULL, or what is wrong.
 */
const char *netra_user_set(struct netra_user *user, const char *name,
			   const char *password, const char *rights);

/**
 * netra_users_read() - Read a file of users.
 * @why: Receives "line 3: …" on failure.
 *
 * Others may neither read nor write it.
 * Return: false: @users is unchanged.
 */
bool netra_users_read(struct netra_users *users, const char *path, char *why,
		      size_t size);

/**
 * netra_users_write() - Write a file anew, whole or not at all. Owner, group and
 * the group's right to read stay; a new one is for its owner only.
 */
bool netra_users_write(const struct netra_users *users, const char *path,
		       char *why, size_t size);

void netra_users_free(struct netra_users *users);

/** netra_users_find() - By name; NULL if there is none. */
struct netra_user *netra_users_find(const struct netra_users *users,
				    const char *name, size_t length);

#endif
