/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define FILE_MAX 65536u

static const char *file_named(int argc, char **argv)
{
	const char *file = NULL;

	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strncmp(argv[i], "--config=", 9) == 0)
			file = argv[i] + 9;
		else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
			file = argv[++i];
	}
	return file;
}

/* The file with room for two dashes and an end in front of each line. */
static char *read_file(const char *path, size_t *lines)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t used = 0;

	if (!file) {
		cli_error("%s: %s: check --config", path, strerror(errno));
		return NULL;
	}
	text = malloc(FILE_MAX + 1);
	if (text) {
		used = fread(text, 1, FILE_MAX, file);
		text[used] = '\0';
	}
	if (!text || ferror(file) || used == FILE_MAX || strlen(text) != used) {
		cli_error("%s: not a file of options: check --config", path);
		free(text);
		text = NULL;
	}
	fclose(file);
	*lines = 1;
	for (size_t i = 0; text && i < used; i++)
		*lines += text[i] == '\n';
	return text;
}

static char *trim(char *text)
{
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return text;
}

/* One line to one word, or none. Return: 0, or -1: it is no option. */
static int add_line(struct cli_words *words, char *line)
{
	char *name, *value, *word;
	size_t size;

	line = trim(line);
	if (!*line || *line == '#')
		return 0;
	value = strchr(line, '=');
	if (!value || value == line)
		return -1;
	*value++ = '\0';
	name = trim(line);
	value = trim(value);
	if (!*name || !*value || *name == '-')
		return -1;
	size = strlen(name) + strlen(value) + 4;
	word = malloc(size);
	if (!word)
		return -1;
	if (strcmp(name, "board") == 0)
		snprintf(word, size, "%s", value);
	else if (strcmp(value, "yes") == 0)
		snprintf(word, size, "--%s", name);
	else
		snprintf(word, size, "--%s=%s", name, value);
	if (strcmp(value, "no") == 0)
		free(word);
	else
		words->word[words->count++] = word;
	return 0;
}

int cli_config(int argc, char **argv, struct cli_words *words)
{
	const char *path = file_named(argc, argv);
	size_t lines = 0, number = 0;
	char *text = NULL, *rest, *line;

	memset(words, 0, sizeof(*words));
	if (path) {
		text = read_file(path, &lines);
		if (!text)
			return CLI_FAILED;
	}
	words->word = calloc((size_t)argc + lines + 1, sizeof(*words->word));
	if (!words->word) {
		cli_error("options: out of memory: close other programs");
		free(text);
		return CLI_FAILED;
	}
	words->word[words->count++] = strdup(argv[0]);
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		number++;
		if (!add_line(words, line))
			continue;
		cli_error("%s:%zu: not an option: write it like 'rtsp = "
			  ":8554', flags like 'quiet = yes'", path, number);
		free(text);
		cli_config_free(words);
		return CLI_USAGE;
	}
	free(text);
	for (int i = 1; i < argc && argv[i]; i++)
		words->word[words->count++] = strdup(argv[i]);
	for (int i = 0; i < words->count; i++) {
		if (words->word[i])
			continue;
		cli_error("options: out of memory: close other programs");
		cli_config_free(words);
		return CLI_FAILED;
	}
	return CLI_OK;
}

void cli_config_free(struct cli_words *words)
{
	for (int i = 0; words->word && i < words->count; i++)
		free(words->word[i]);
	free(words->word);
	words->word = NULL;
	words->count = 0;
}
