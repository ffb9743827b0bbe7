/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options by table, over getopt_long(): GNU style, long options may be cut
 * short, operands may stand anywhere. Values are checked here, before a board
 * is touched.
 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "output.h"

#define OPTIONS_MAX 32

static size_t option_count(const struct cli_option *options)
{
	size_t n = 0;

	while (options[n].name)
		n++;
	return n;
}

/* Edit distance that counts two neighbours swapped as one slip. */
static size_t distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b), row[3][40];

	if (n >= 39 || m >= 39)
		return SIZE_MAX;
	for (size_t j = 0; j <= m; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *now = row[i % 3], *before = row[(i - 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t best = before[j - 1] + (a[i - 1] != b[j - 1]);

			if (before[j] + 1 < best)
				best = before[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] &&
			    row[(i - 2) % 3][j - 2] + 1 < best)
				best = row[(i - 2) % 3][j - 2] + 1;
			now[j] = best;
		}
	}
	return row[n % 3][m];
}

const char *cli_nearest(const char *word, const char *const *names)
{
	const char *best = NULL;
	size_t least = SIZE_MAX;

	for (; *names; names++) {
		size_t d = distance(word, *names);

		if (strlen(word) > 1 && !strncmp(word, *names, strlen(word)))
			d = 0;
		if (d < least) {
			least = d;
			best = *names;
		}
	}
	return least <= 2 && least < strlen(word) ? best : NULL;
}

/* "30", "1.5", with one of the units; -1 if it is no such thing. */
static int scaled(const char *text, const char *const *unit,
		  const uint64_t *scale, uint64_t *value)
{
	char *end;
	double number;

	if (!isdigit((unsigned char)*text))
		return -1;
	errno = 0;
	number = strtod(text, &end);
	/* No hexadecimal, no exponents: digits and a point only. */
	if (errno || strspn(text, "0123456789.") != (size_t)(end - text))
		return -1;
	for (; *unit; unit++, scale++)
		if (!strcasecmp(end, *unit))
			break;
	if (!*unit || number * (double)*scale >= 0x1p63)
		return -1;
	*value = (uint64_t)(number * (double)*scale + 0.5);
	return 0;
}

static int parse_size(const char *text, uint64_t *value)
{
	static const char *const unit[] = {
		"", "K", "M", "G", "T", "KB", "MB", "GB", "TB", "KiB", "MiB",
		"GiB", "TiB", NULL
	};
	static const uint64_t scale[] = {
		1, 1 << 10, 1 << 20, 1 << 30, UINT64_C(1) << 40,
		1 << 10, 1 << 20, 1 << 30, UINT64_C(1) << 40,
		1 << 10, 1 << 20, 1 << 30, UINT64_C(1) << 40
	};

	return scaled(text, unit, scale, value);
}

static int parse_duration(const char *text, uint64_t *ms)
{
	static const char *const unit[] = { "", "s", "ms", "m", "h", "d", NULL };
	static const uint64_t scale[] = {
		1000, 1000, 1, 60000, 3600000, 86400000
	};

	return scaled(text, unit, scale, ms);
}

static int parse_number(const char *text, char **end, uint64_t *value)
{
	if (!isdigit((unsigned char)*text))
		return -1;
	errno = 0;
	*value = strtoull(text, end, 10);
	return errno ? -1 : 0;
}

static int parse_list(const char *text, uint64_t min, uint64_t max,
		      struct cli_list *list)
{
	list->count = 0;
	for (;;) {
		uint64_t first, last;
		char *end;

		if (parse_number(text, &end, &first))
			return -1;
		last = first;
		if (*end == '-' && parse_number(end + 1, &end, &last))
			return -1;
		if (first < min || last > max || first > last)
			return -1;
		for (uint64_t item = first; item <= last; item++) {
			for (uint32_t i = 0; i < list->count; i++)
				if (list->item[i] == item)
					return -1;
			if (list->count == CLI_LIST_MAX)
				return -1;
			list->item[list->count++] = (uint32_t)item;
		}
		if (*end == '\0')
			return 0;
		if (*end != ',')
			return -1;
		text = end + 1;
	}
}

static int parse_choice(const char *text, const char *const *choices,
			unsigned int *value)
{
	for (unsigned int i = 0; choices[i]; i++) {
		if (strcmp(text, choices[i]) == 0) {
			*value = i;
			return 0;
		}
	}
	return -1;
}

static void bad_choice(const struct cli_option *option, const char *text)
{
	char list[200] = "";

	for (unsigned int i = 0; option->choices[i]; i++) {
		size_t used = strlen(list);

		snprintf(list + used, sizeof(list) - used, "%s%s",
			 i == 0 ? "" : option->choices[i + 1] ? ", " : " or ",
			 option->choices[i]);
	}
	cli_error("--%s %s: no such choice: give %s", option->name, text, list);
}

/* Store one option's value; says what is wrong with it. */
static int take_value(const struct cli_option *option, const char *text)
{
	uint64_t value = 0;
	char *end;

	switch (option->kind) {
	case CLI_FLAG:
		*(bool *)option->value = true;
		return 0;
	case CLI_STRING:
		if (!*text) {
			cli_error("--%s: its %s is empty: give one",
				  option->name, option->argument);
			return -1;
		}
		*(const char **)option->value = text;
		return 0;
	case CLI_CHOICE:
		if (!parse_choice(text, option->choices, option->value))
			return 0;
		bad_choice(option, text);
		return -1;
	case CLI_LIST:
		if (!parse_list(text, option->min, option->max, option->value))
			return 0;
		cli_error("--%s %s: not a list of numbers from %llu to %llu, "
			  "each once: write it like %s", option->name, text,
			  (unsigned long long)option->min,
			  (unsigned long long)option->max,
			  option->min ? "1,4,8" : "0-3,7");
		return -1;
	case CLI_NUMBER:
		if (parse_number(text, &end, &value) || *end ||
		    value < option->min || value > option->max) {
			cli_error("--%s %s: not a number from %llu to %llu: "
				  "see 'netra help'", option->name, text,
				  (unsigned long long)option->min,
				  (unsigned long long)option->max);
			return -1;
		}
		break;
	case CLI_SIZE:
		if (parse_size(text, &value) || value < option->min ||
		    value > option->max) {
			char low[24], high[24];

			cli_format_memory(low, sizeof(low), option->min);
			cli_format_memory(high, sizeof(high), option->max);
			cli_error("--%s %s: not a size from %s to %s: write it "
				  "like 512K or 4M", option->name, text, low,
				  high);
			return -1;
		}
		break;
	case CLI_DURATION:
		if (parse_duration(text, &value) || value < option->min ||
		    value > option->max) {
			cli_error("--%s %s: not a time of at least %g s: write "
				  "it like 30s, 1.5s or 5m", option->name, text,
				  (double)option->min / 1000.0);
			return -1;
		}
		break;
	}
	*(uint64_t *)option->value = value;
	return 0;
}

static void print_help(const struct cli_verb *verb,
		       const struct cli_option *options)
{
	printf("Usage: netra %s%s%s%s%s\n", verb->name,
	       verb->operand ? " " : "", verb->operand ? verb->operand : "",
	       *verb->synopsis ? " " : "", verb->synopsis);
	printf("%s.\n\n%s\nOptions:\n", verb->summary, verb->description);
	for (; options->name; options++) {
		char left[48];
		int used;

		used = snprintf(left, sizeof(left), "  %c%c%c --%s%s%s",
				options->letter ? '-' : ' ',
				options->letter ? options->letter : ' ',
				options->letter ? ',' : ' ', options->name,
				options->argument ? " " : "",
				options->argument ? options->argument : "");
		printf("%-28s", left);
		if (used >= 28)
			printf("\n%28s", "");
		cli_print_wrapped(options->help, 28);
	}
	printf("  -h, --help                %s\n", "this text");
}

/* getopt_long() stopped at something it does not know. */
static void bad_option(const struct cli_verb *verb,
		       const struct cli_option *options, const char *word)
{
	const char *names[OPTIONS_MAX + 2], *near;
	char name[40];
	size_t n;

	if (strncmp(word, "--", 2) != 0) {
		cli_error("-%c: 'netra %s' has no such option: see 'netra %s "
			  "--help'", optopt, verb->name, verb->name);
		return;
	}
	for (n = 0; options[n].name; n++)
		names[n] = options[n].name;
	names[n++] = "help";
	names[n] = NULL;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="),
		 word + 2);
	near = cli_nearest(name, names);
	if (near)
		cli_error("--%s: 'netra %s' has no such option: did you mean "
			  "'--%s'?", name, verb->name, near);
	else
		cli_error("--%s: 'netra %s' has no such option: see 'netra %s "
			  "--help'", name, verb->name, verb->name);
}

static int take_operand(const struct cli_verb *verb, int argc, char **argv,
			const char **operand)
{
	int most = verb->boards_max ? verb->boards_max : !!verb->operand;

	if (argc - optind > most) {
		cli_error("%s: 'netra %s' takes %s: see 'netra %s --help'",
			  argv[optind + most], verb->name,
			  most > 1 ? "no more boards" :
			  most ? "one board" : "options only", verb->name);
		return -1;
	}
	if (argc == optind && most) {
		cli_error("%s: no board given: name one, like %s; 'netra list' "
			  "shows what there is", verb->name, cli_board_like);
		return -1;
	}
	while (optind < argc)
		*operand++ = argv[optind++];
	return 0;
}

int cli_parse(const struct cli_verb *verb, const struct cli_option *options,
	      int argc, char **argv, const char **operand)
{
	struct option longs[OPTIONS_MAX + 2] = { 0 };
	char shorts[2 * OPTIONS_MAX + 4] = ":h";
	size_t n = option_count(options), used = 2;

	for (size_t i = 0; i < n && i < OPTIONS_MAX; i++) {
		int has = options[i].kind == CLI_FLAG ? no_argument :
						       required_argument;

		longs[i] = (struct option){ options[i].name, has, NULL,
					    256 + (int)i };
		if (!options[i].letter)
			continue;
		shorts[used++] = options[i].letter;
		if (has == required_argument)
			shorts[used++] = ':';
	}
	longs[n] = (struct option){ "help", no_argument, NULL, 'h' };

	optind = 1;
	for (;;) {
		int at = optind ? optind : 1;
		int c = getopt_long(argc, argv, shorts, longs, NULL);
		size_t i;

		if (c == -1)
			break;
		if (c == 'h') {
			print_help(verb, options);
			return CLI_OK;
		}
		if (c == '?' || c == ':') {
			/* A long option without its value, or with one too many. */
			for (i = 0; i < n; i++)
				if (optopt == 256 + (int)i ||
				    (optopt && optopt == options[i].letter))
					break;
			if (i == n && !(optopt == 'h' && c == '?'))
				bad_option(verb, options,
					   argv[optind > at ? optind - 1 : at]);
			else if (c == ':')
				cli_error("--%s: its %s is missing: see 'netra "
					  "%s --help'", options[i].name,
					  options[i].argument, verb->name);
			else
				cli_error("--%s: it takes no value: leave out "
					  "what follows the '='",
					  i < n ? options[i].name : "help");
			return CLI_USAGE;
		}
		for (i = 0; i < n; i++)
			if (c == 256 + (int)i || c == options[i].letter)
				break;
		if (take_value(&options[i], optarg))
			return CLI_USAGE;
	}
	return take_operand(verb, argc, argv, operand) ? CLI_USAGE : -1;
}
