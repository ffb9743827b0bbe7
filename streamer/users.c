/* SPDX-License-Identifier: BSD-2-Clause */
#include "users.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void netra_hash_hex(enum netra_hash hash, char hex[NETRA_HEX_MAX],
		    const char *const *text, const size_t *length, size_t count)
{
	const EVP_MD *md = hash == NETRA_HASH_MD5 ? EVP_md5() : EVP_sha256();
	unsigned char raw[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned int bytes = 0;

	hex[0] = '\0';
	if (!context || !EVP_DigestInit_ex(context, md, NULL))
		goto out_free;
	for (size_t i = 0; i < count; i++) {
		if (i)
			EVP_DigestUpdate(context, ":", 1);
		EVP_DigestUpdate(context, text[i], length[i]);
	}
	if (!EVP_DigestFinal_ex(context, raw, &bytes))
		bytes = 0;
	for (unsigned int i = 0; i < bytes && i < 32; i++)
		snprintf(hex + (size_t)2 * i, 3, "%02x", raw[i]);
out_free:
	EVP_MD_CTX_free(context);
	OPENSSL_cleanse(raw, sizeof(raw));
}

/* One number up to @max; the text moves behind it. */
static bool number(const char **text, unsigned long max, unsigned int *value)
{
	char *end;
	unsigned long wide;

	if (**text < '0' || **text > '9')
		return false;
	wide = strtoul(*text, &end, 10);
	*text = end;
	*value = (unsigned int)wide;
	return wide <= max;
}

static const char *set_rights(struct netra_user *user, const char *text)
{
	if (snprintf(user->rights, sizeof(user->rights), "%s", text) >=
	    (int)sizeof(user->rights))
		return "the list of channels is too long";
	if (strcmp(text, "*") == 0) {
		memset(user->channels, 0xff, sizeof(user->channels));
		return NULL;
	}
	memset(user->channels, 0, sizeof(user->channels));
	while (*text) {
		unsigned int board = 0, first, last;
		const char *slash = text + strspn(text, "0123456789");

		if (*slash == '/') {
			if (!number(&text, NETRA_STREAM_BOARDS_MAX - 1, &board))
				return "no such board";
			text++;
		}
		if (!number(&text, NETRA_CHANNELS_MAX - 1, &first))
			return "not a list of channels like 0-3,7 or 1/0-15";
		last = first;
		if (*text == '-') {
			text++;
			if (!number(&text, NETRA_CHANNELS_MAX - 1, &last) ||
			    last < first)
				return "not a list of channels like 0-3,7";
		}
		for (unsigned int i = first; i <= last; i++)
			user->channels[board] |= UINT64_C(1) << i;
		if (*text == ',' && text[1])
			text++;
		else if (*text)
			return "not a list of channels like 0-3,7 or 1/0-15";
	}
	return NULL;
}

static const char *set_name(struct netra_user *user, const char *name)
{
	if (!*name || strlen(name) > NETRA_USER_NAME_MAX)
		return "a name has 1 to 64 characters";
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == ':' || *p == '"' ||
		    *p == '\\' || *p == '#' || *p == 0x7f)
			return "no blanks, colons, quotes, # or \\ in a name";
	snprintf(user->name, sizeof(user->name), "%s", name);
	return NULL;
}

const char *netra_user_set(struct netra_user *user, const char *name,
			   const char *password, const char *rights)
{
	const char *why;

	memset(user, 0, sizeof(*user));
	why = set_name(user, name);
	if (!why)
		why = set_rights(user, rights);
	if (why)
		return why;
	if (!*password)
		return "the password is empty";
	for (int hash = 0; hash < NETRA_HASHES; hash++) {
		const char *text[] = { name, NETRA_REALM, password };
		size_t length[] = { strlen(name), strlen(NETRA_REALM),
				    strlen(password) };

		netra_hash_hex((enum netra_hash)hash, user->secret[hash], text,
			       length, 3);
		if (!user->secret[hash][0])
			return "this system's OpenSSL refuses MD5 or SHA-256";
	}
	return NULL;
}

static bool set_secret(char secret[NETRA_HEX_MAX], const char *text,
		       size_t digits)
{
	if (strlen(text) != digits ||
	    strspn(text, "0123456789abcdef") != digits)
		return false;
	memcpy(secret, text, digits + 1);
	return true;
}

static const char *parse_line(struct netra_user *user, char *line)
{
	char *field[4];
	const char *why;

	for (unsigned int i = 0; i < 4; i++) {
		field[i] = strsep(&line, ":");
		if (!field[i])
			return "not NAME:MD5:SHA-256:CHANNELS";
	}
	if (line)
		return "more than four fields";
	memset(user, 0, sizeof(*user));
	why = set_name(user, field[0]);
	if (!why && (!set_secret(user->secret[NETRA_HASH_MD5], field[1], 32) ||
		     !set_secret(user->secret[NETRA_HASH_SHA256], field[2], 64)))
		why = "a hash is damaged: set the password anew";
	return why ? why : set_rights(user, field[3]);
}

static const char *add_line(struct netra_users *users, char *line)
{
	struct netra_user *more, user;
	const char *why;

	line[strcspn(line, "\r\n")] = '\0';
	line += strspn(line, " \t");
	if (!*line || *line == '#')
		return NULL;
	why = parse_line(&user, line);
	if (why)
		return why;
	if (netra_users_find(users, user.name, strlen(user.name)))
		return "the name is there already";
	if (users->count == NETRA_USERS_MAX)
		return "more than 1024 users";
	more = realloc(users->user, (users->count + 1) * sizeof(*more));
	if (!more)
		return "out of memory";
	users->user = more;
	users->user[users->count++] = user;
	return NULL;
}

bool netra_users_read(struct netra_users *users, const char *path, char *why,
		      size_t size)
{
	struct netra_users fresh = { 0 };
	const char *fault = NULL;
	char line[512];
	struct stat info;
	unsigned int number_of_line = 0;
	FILE *file = fopen(path, "re");

	if (!file) {
		snprintf(why, size, "%s", strerror(errno));
		return false;
	}
	if (fstat(fileno(file), &info) || (info.st_mode & 027)) {
		snprintf(why, size, "others can read or change it: chmod 640");
		goto err_close;
	}
	while (!fault && fgets(line, sizeof(line), file)) {
		number_of_line++;
		fault = strchr(line, '\n') || feof(file) ?
			add_line(&fresh, line) : "too long";
	}
	if (!fault && ferror(file))
		fault = "it cannot be read";
	if (fault) {
		snprintf(why, size, "line %u: %s", number_of_line, fault);
		goto err_close;
	}
	fclose(file);
	netra_users_free(users);
	*users = fresh;
	return true;

err_close:
	fclose(file);
	netra_users_free(&fresh);
	return false;
}

/* Who could read the file that this one takes the place of still can. */
static void keep_access(int fd, const char *path)
{
	struct stat old;

	if (!stat(path, &old) && !fchown(fd, old.st_uid, old.st_gid))
		fchmod(fd, old.st_mode & 0640);
}

bool netra_users_write(const struct netra_users *users, const char *path,
		       char *why, size_t size)
{
	char part[4096];
	FILE *file;
	int fd;

	if (snprintf(part, sizeof(part), "%s.part", path) >= (int)sizeof(part)) {
		snprintf(why, size, "its name is too long");
		return false;
	}
	unlink(part);
	fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!file) {
		snprintf(why, size, "%s", strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	keep_access(fd, path);
	fputs("# netra serve --users: name:MD5:SHA-256:channels\n", file);
	for (uint32_t i = 0; i < users->count; i++) {
		const struct netra_user *user = &users->user[i];

		fprintf(file, "%s:%s:%s:%s\n", user->name,
			user->secret[NETRA_HASH_MD5],
			user->secret[NETRA_HASH_SHA256], user->rights);
	}
	if (fflush(file) || fsync(fd)) {
		snprintf(why, size, "%s", strerror(errno));
		fclose(file);
		unlink(part);
		return false;
	}
	fclose(file);
	if (rename(part, path)) {
		snprintf(why, size, "%s", strerror(errno));
		unlink(part);
		return false;
	}
	return true;
}

void netra_users_free(struct netra_users *users)
{
	if (users->user)
		OPENSSL_cleanse(users->user,
				users->count * sizeof(*users->user));
	free(users->user);
	users->user = NULL;
	users->count = 0;
}

struct netra_user *netra_users_find(const struct netra_users *users,
				    const char *name, size_t length)
{
	for (uint32_t i = 0; i < users->count; i++)
		if (strlen(users->user[i].name) == length &&
		    memcmp(users->user[i].name, name, length) == 0)
			return &users->user[i];
	return NULL;
}
