/* SPDX-License-Identifier: BSD-2-Clause */
/* netra user: who may watch what 'netra serve' serves. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli.h"
#include "options.h"
#include "output.h"
#include "streamer/users.h"

#define PASSWORD_MAX 256

struct user_options {
	const char *file;
	const char *add;
	const char *remove;
	const char *channels;
	bool list, json;
};

/* A line of standard input, unseen on a terminal. Return: 0, or -1, said. */
static int read_password(const char *prompt, char password[PASSWORD_MAX])
{
	struct termios before, silent;
	bool terminal = isatty(STDIN_FILENO) &&
			!tcgetattr(STDIN_FILENO, &before);
	bool got;

	if (terminal) {
		fputs(prompt, stderr);
		silent = before;
		silent.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	}
	got = fgets(password, PASSWORD_MAX, stdin);
	if (terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		fputc('\n', stderr);
	}
	if (!got || !strchr(password, '\n')) {
		cli_error("password: %s: give one line on standard input",
			  got ? "longer than 254 characters, or cut off" :
				"there is none");
		return -1;
	}
	password[strcspn(password, "\r\n")] = '\0';
	return 0;
}

static int ask_password(char password[PASSWORD_MAX])
{
	char again[PASSWORD_MAX];
	int status = read_password("Password: ", password);

	if (status || !isatty(STDIN_FILENO))
		return status;
	status = read_password("The same again: ", again);
	if (!status && strcmp(password, again) != 0) {
		cli_error("password: the two differ: try again");
		status = -1;
	}
	explicit_bzero(again, sizeof(again));
	return status;
}

static int write_users(const struct netra_users *users, const char *file)
{
	char why[160];

	if (netra_users_write(users, file, why, sizeof(why)))
		return CLI_OK;
	cli_error("%s: %s: check the folder", file, why);
	return CLI_FAILED;
}

static int add(struct netra_users *users, const struct user_options *o)
{
	struct netra_user *old = netra_users_find(users, o->add,
						  strlen(o->add));
	const char *rights = o->channels ? o->channels :
			     old ? old->rights : "*";
	char password[PASSWORD_MAX];
	struct netra_user user, *more;
	const char *why;

	/* Before anybody is asked for a password: is the rest right? */
	why = netra_user_set(&user, o->add, "x", rights);
	if (why) {
		cli_error("%s: %s: see 'netra user --help'", o->add, why);
		return CLI_USAGE;
	}
	if (ask_password(password))
		return CLI_FAILED;
	why = netra_user_set(&user, o->add, password, rights);
	explicit_bzero(password, sizeof(password));
	if (why) {
		cli_error("%s: %s: try again", o->add, why);
		return CLI_FAILED;
	}
	if (old) {
		*old = user;
		return write_users(users, o->file);
	}
	more = realloc(users->user, (users->count + 1) * sizeof(*more));
	if (!more || users->count == NETRA_USERS_MAX) {
		users->user = more ? more : users->user;
		cli_error("%s: no room for more users: remove some", o->file);
		return CLI_FAILED;
	}
	users->user = more;
	users->user[users->count++] = user;
	return write_users(users, o->file);
}

static int remove_user(struct netra_users *users, const struct user_options *o)
{
	struct netra_user *user = netra_users_find(users, o->remove,
						   strlen(o->remove));

	if (!user) {
		cli_error("%s: no such user in %s: --list shows them",
			  o->remove, o->file);
		return CLI_FAILED;
	}
	users->count--;
	memmove(user, user + 1, (size_t)(users->user + users->count - user) *
				sizeof(*user));
	return write_users(users, o->file);
}

static int list_json(const struct netra_users *users)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < users->count; i++)
		json_array_append_new(array, json_pack("{s:s, s:s}",
			"name", users->user[i].name,
			"channels", users->user[i].rights));
	return cli_json_print(array);
}

static int list(const struct netra_users *users)
{
	struct cli_table table = { 0 };

	cli_column(&table, "NAME", true);
	cli_column(&table, "CHANNELS", true);
	for (uint32_t i = 0; i < users->count; i++) {
		cli_cell(&table, CLI_PLAIN, "%s", users->user[i].name);
		cli_cell(&table, CLI_PLAIN, "%s", users->user[i].rights);
	}
	cli_table_print(&table, stdout, cli_colour_on(stdout));
	return CLI_OK;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct user_options o = { 0 };
	const struct cli_option options[] = {
		{ "users", 'u', CLI_STRING, &o.file, "FILE",
		  "the file; made if missing", 0, 0, NULL },
		{ "add", 'a', CLI_STRING, &o.add, "NAME",
		  "add a user, or give one another password or channels", 0, 0,
		  NULL },
		{ "channels", 'c', CLI_STRING, &o.channels, "LIST",
		  "what the user may see: 0-3,7 of the first board, 1/0-15 of "
		  "board 1, * of all (default: all)", 0, 0, NULL },
		{ "remove", 'r', CLI_STRING, &o.remove, "NAME",
		  "remove a user", 0, 0, NULL },
		{ "list", 'l', CLI_FLAG, &o.list, NULL, "list them", 0, 0,
		  NULL },
		{ "json", 0, CLI_FLAG, &o.json, NULL, "the list as JSON", 0, 0,
		  NULL },
		{ 0 }
	};
	struct netra_users users = { 0 };
	int status = cli_parse(verb, options, argc, argv, NULL);
	char why[200];

	if (status >= 0)
		return status;
	if (!o.file) {
		cli_error("user: no file given: add --users FILE");
		return CLI_USAGE;
	}
	if (!!o.add + !!o.remove + o.list != 1) {
		cli_error("user: nothing to do, or too much: give one of --add, "
			  "--remove and --list");
		return CLI_USAGE;
	}
	if ((!o.add || access(o.file, F_OK) == 0) &&
	    !netra_users_read(&users, o.file, why, sizeof(why))) {
		cli_error("%s: %s: check --users", o.file, why);
		return CLI_FAILED;
	}
	if (o.add)
		status = add(&users, &o);
	else if (o.remove)
		status = remove_user(&users, &o);
	else
		status = o.json ? list_json(&users) : list(&users);
	netra_users_free(&users);
	return status;
}

const struct cli_verb cli_verb_user = {
	.name = "user",
	.synopsis = "--users FILE --add NAME",
	.summary = "Say who may watch what 'netra serve' serves",
	.description =
"The password comes from the terminal, or is one line on standard input. The\n"
"file holds no passwords, but what is as good as them for this server: keep it\n"
"to yourself. A running 'netra serve' takes it over at SIGHUP.\n",
	.run = run,
};
