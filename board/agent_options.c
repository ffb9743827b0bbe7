/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of netra-agent. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"

#define EXIT_USAGE 2

static void usage(FILE *to)
{
	fputs("usage: netra-agent [OPTION]…\n"
	      "Sends H.264 to the host over PCIe. Runs on the board.\n\n"
	      "  --channels N         how many there are (1)\n"
	      "  --input N=PATH       channel N's stream: a FIFO or a file; without any,\n"
	      "                       channel 0 is standard input\n"
	      "  --rate NUM/DEN       frame rate of streams that do not say (30/1)\n"
	      "  --hold-ms N          how long a frame waits for room before it is\n"
	      "                       dropped (100)\n"
	      "  --block-address A    page of DDR kept from Linux, for the board block\n"
	      "                       (0x8ff00000)\n"
	      "  --registers PATH     physical memory (/dev/mem)\n"
	      "  --help\n\n"
	      "Exit status: 0 after SIGTERM or SIGINT, 1 failed, 2 wrong usage,\n"
	      "3 the host asks for a restart.\n", to);
}

static int wrong(const char *what, const char *value)
{
	fprintf(stderr, "netra-agent: %s: %s: see netra-agent --help\n", what,
		value);
	return EXIT_USAGE;
}

static bool number(const char *text, uint32_t least, uint32_t most,
		   uint32_t *value)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 0);
	if (errno || end == text || *end || *text == '-' || n < least ||
	    n > most)
		return false;
	*value = (uint32_t)n;
	return true;
}

static bool rate(struct agent_options *a, char *text)
{
	char *slash = strchr(text, '/');

	a->rate_den = 1;
	if (slash) {
		*slash = '\0';
		if (!number(slash + 1, 1, 1000000, &a->rate_den))
			return false;
	}
	return number(text, 1, 1000000, &a->rate_num);
}

static bool input(struct agent_options *a, char *text)
{
	char *equals = strchr(text, '=');
	uint32_t channel;

	if (!equals || !equals[1])
		return false;
	*equals = '\0';
	if (!number(text, 0, NETRA_CHANNELS_MAX - 1, &channel))
		return false;
	a->path[channel] = equals + 1;
	return true;
}

bool netra_agent_options(struct agent_options *a, int argc, char **argv,
			 int *status)
{
	static const struct option options[] = {
		{ "channels", required_argument, NULL, 'c' },
		{ "input", required_argument, NULL, 'i' },
		{ "rate", required_argument, NULL, 'r' },
		{ "hold-ms", required_argument, NULL, 'w' },
		{ "block-address", required_argument, NULL, 'b' },
		{ "registers", required_argument, NULL, 'm' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	bool ok = true;
	int option;

	memset(a, 0, sizeof(*a));
	a->channels = 1;
	a->rate_num = 30;
	a->rate_den = 1;
	a->hold_ms = 100;
	a->memory = "/dev/mem";
	a->block_address = 0x8ff00000u;
	opterr = 0;
	while (ok && (option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 'c':
			ok = number(optarg, 1, NETRA_CHANNELS_MAX, &a->channels);
			break;
		case 'i':
			ok = input(a, optarg);
			break;
		case 'r':
			ok = rate(a, optarg);
			break;
		case 'w':
			ok = number(optarg, 0, 3600000, &a->hold_ms);
			break;
		case 'b':
			ok = number(optarg, NETRA_SOC_DDR, 0xfffff000u,
				    &a->block_address) &&
				!(a->block_address & 0xfff);
			break;
		case 'm':
			a->memory = optarg;
			break;
		case 'h':
			usage(stdout);
			*status = EXIT_SUCCESS;
			return false;
		default:
			*status = wrong("unknown or incomplete option",
					argv[optind - 1]);
			return false;
		}
	}
	if (!ok) {
		*status = wrong("option out of range", argv[optind - 1]);
		return false;
	}
	if (optind < argc) {
		*status = wrong("unexpected argument", argv[optind]);
		return false;
	}
	return true;
}
