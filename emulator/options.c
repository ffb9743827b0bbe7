/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of netra-emulator; `netra emulate` and "emulated:…" pass them on. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

#define USAGE 2

static const char help_text[] =
"Usage: netra emulate --socket PATH [OPTION]...\n"
"Serve an emulated DM816x capture board over vfio-user.\n"
"\n"
"  --socket PATH         where clients (netra, QEMU) find the board\n"
"  --listen-fd N         an inherited unix socket instead, listening or connected\n"
"  --channels N          cameras, 1 to 64 (16)\n"
"  --source FILE         a file with H.264 in it; repeat: dealt to the channels\n"
"                        in turn (without: a synthetic camera per channel)\n"
"  --size WxH            of the synthetic cameras (704x480)\n"
"  --fps N               of the synthetic cameras (30)\n"
"  --bitrate BITS        of the synthetic cameras, a second; k, M allowed (2M)\n"
"  --pace realtime|free  by the source's clock, or as fast as it is taken (realtime)\n"
"  --loops N             how often a file is played; 0 = for ever (0)\n"
"  --soc NAME            dm8168, dm8148 or dm8138 (dm8168)\n"
"  --bars LIST           sizes of BAR0,BAR1,… (4K,8M,16M,256M)\n"
"  --start cold|running  in the boot ROM, or with the firmware up (cold)\n"
"  --boot-delay-ms N     how long each boot stage takes (20)\n"
"  --clock-drift-ppb N   of the board's clock against this machine's (20000)\n"
"  --fault SPEC          what shall go wrong; repeat. See below\n"
"  --trap-bars           BARs 1 to 3 cannot be mapped: every access is counted\n"
"  --stats FILE          write counters as JSON at the end and on SIGUSR1\n"
"  --parent-death        end when the parent process does\n"
"  --help, --version\n"
"\n"
"Faults: KIND[:PARAMETER,...]. Parameters: ch=N (0), after=N frames or, with\n"
"ms, time since the host attached (0), count=N times (1; 0 = for ever),\n"
"until=resync|restart|reset|never: what mends a lasting fault.\n"
"  boot-hang:rom|uboot|script|kernel|agent  boot-fail:uboot|script|kernel|ramdisk\n"
"  channel-stall  heartbeat-stop  command-silent  encoder-fault  lock-dead\n"
"  record-torn  record-garbage  offset-wild  length-wild  head-jump  head-back\n"
"  irq-lost  irq-late:ms=N  irq-spurious  signal-lost:for=FRAMES\n"
"  self-reset:ms=N  gone\n";

static bool wrong(const char *format, ...)
{
	va_list arguments;

	fputs("netra: emulate: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputs(": see netra emulate --help\n", stderr);
	return false;
}

static bool number(const char *text, uint64_t min, uint64_t max,
		   uint64_t *value)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return errno == 0 && *end == 0 && *value >= min && *value <= max;
}

/* A number with k, M or G behind it, each @unit times the one before. */
static bool scaled(const char *text, uint64_t unit, uint64_t *value,
		   const char **end)
{
	static const char suffixes[] = "kMG";
	const char *suffix;
	char *stop;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &stop, 10);
	if (errno || *value > UINT32_MAX)
		return false;
	suffix = *stop == 'K' ? suffixes :
		 *stop ? strchr(suffixes, *stop) : NULL;
	if (suffix) {
		for (long i = suffix - suffixes; i >= 0; i--)
			*value *= unit;
		stop++;
	}
	*end = stop;
	return true;
}

static bool parse_bars(const char *text, uint64_t bytes[NETRA_EMU_BARS])
{
	memset(bytes, 0, NETRA_EMU_BARS * sizeof(*bytes));
	for (unsigned int i = 0; i < NETRA_EMU_BARS; i++) {
		uint64_t value;

		if (!scaled(text, 1024, &value, &text))
			return false;
		if (value & (value - 1) || value > 1u << 30 ||
		    (value && value < 4096))
			return false;
		bytes[i] = value;
		if (*text == 0)
			return bytes[0] == NETRA_BAR0_MIN_BYTES;
		if (*text++ != ',')
			return false;
	}
	return false;
}

static bool parse_size(const char *text, struct netra_source_format *format)
{
	char *end;
	unsigned long width = strtoul(text, &end, 10), height;

	if (*end != 'x' || width < 64 || width > 4096)
		return false;
	height = strtoul(end + 1, &end, 10);
	format->width = (uint32_t)width;
	format->height = (uint32_t)height;
	return *end == 0 && height >= 64 && height <= 4096 &&
	       width % 2 == 0 && height % 2 == 0;
}

enum {
	OPT_SOCKET = 1, OPT_LISTEN_FD, OPT_CHANNELS, OPT_SOURCE, OPT_SIZE,
	OPT_FPS, OPT_BITRATE, OPT_PACE, OPT_LOOPS, OPT_SOC, OPT_BARS,
	OPT_START, OPT_BOOT_DELAY, OPT_DRIFT, OPT_FAULT, OPT_TRAP_BARS,
	OPT_STATS, OPT_PARENT_DEATH, OPT_HELP, OPT_VERSION,
};

static const struct option long_options[] = {
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "listen-fd", required_argument, NULL, OPT_LISTEN_FD },
	{ "channels", required_argument, NULL, OPT_CHANNELS },
	{ "source", required_argument, NULL, OPT_SOURCE },
	{ "size", required_argument, NULL, OPT_SIZE },
	{ "fps", required_argument, NULL, OPT_FPS },
	{ "bitrate", required_argument, NULL, OPT_BITRATE },
	{ "pace", required_argument, NULL, OPT_PACE },
	{ "loops", required_argument, NULL, OPT_LOOPS },
	{ "soc", required_argument, NULL, OPT_SOC },
	{ "bars", required_argument, NULL, OPT_BARS },
	{ "start", required_argument, NULL, OPT_START },
	{ "boot-delay-ms", required_argument, NULL, OPT_BOOT_DELAY },
	{ "clock-drift-ppb", required_argument, NULL, OPT_DRIFT },
	{ "fault", required_argument, NULL, OPT_FAULT },
	{ "trap-bars", no_argument, NULL, OPT_TRAP_BARS },
	{ "stats", required_argument, NULL, OPT_STATS },
	{ "parent-death", no_argument, NULL, OPT_PARENT_DEATH },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ 0 }
};

/* One of two words; @second is set by which. */
static bool choice(const char *text, const char *first, const char *other,
		   bool *second)
{
	*second = strcmp(text, other) == 0;
	return *second || strcmp(text, first) == 0;
}

static bool number32(const char *text, uint32_t min, uint32_t max,
		     uint32_t *value)
{
	uint64_t wide;

	if (!number(text, min, max, &wide))
		return false;
	*value = (uint32_t)wide;
	return true;
}

static bool parse_text(struct netra_emu_options *o, int option,
		       const char *text)
{
	char why[128];

	switch (option) {
	case OPT_SOCKET:
		o->socket_path = text;
		return true;
	case OPT_STATS:
		o->stats_path = text;
		return true;
	case OPT_SOURCE:
		if (o->source_count == NETRA_EMU_SOURCES_MAX)
			return wrong("--source %s: there are %u already", text,
				     NETRA_EMU_SOURCES_MAX);
		o->source[o->source_count++] = text;
		return true;
	case OPT_SOC:
		o->soc = netra_soc_by_name(text);
		return o->soc || wrong("--soc %s: no such SoC: dm8168, dm8148 "
				       "or dm8138", text);
	case OPT_FAULT:
		if (o->fault_count == NETRA_EMU_FAULTS_MAX)
			return wrong("--fault %s: there are %u already", text,
				     NETRA_EMU_FAULTS_MAX);
		return netra_emu_fault_parse(text,
					     &o->fault[o->fault_count++], why,
					     sizeof(why)) ||
		       wrong("--fault %s: %s", text, why);
	default:
		return false;
	}
}

static bool parse_value(struct netra_emu_options *o, int option,
			const char *text)
{
	uint64_t value;
	uint32_t word;
	const char *end;

	switch (option) {
	case OPT_LISTEN_FD:
		if (!number32(text, 0, 65535, &word))
			return false;
		o->listen_fd = (int)word;
		return true;
	case OPT_CHANNELS:
		return number32(text, 1, NETRA_CHANNELS_MAX, &o->channels);
	case OPT_SIZE:
		return parse_size(text, &o->camera);
	case OPT_FPS:
		return number32(text, 1, 120, &o->camera.rate_num);
	case OPT_BITRATE:
		if (!scaled(text, 1000, &value, &end) || *end ||
		    value < 16000 || value > 100000000)
			return false;
		o->camera.bit_rate = (uint32_t)value;
		return true;
	case OPT_PACE:
		return choice(text, "realtime", "free", &o->pace_free);
	case OPT_LOOPS:
		return number32(text, 0, UINT32_MAX, &o->loops);
	case OPT_BARS:
		return parse_bars(text, o->bar_bytes);
	case OPT_START:
		return choice(text, "cold", "running", &o->start_running);
	case OPT_BOOT_DELAY:
		return number32(text, 0, 600000, &o->boot_delay_ms);
	case OPT_DRIFT:
		if (!number32(text + (text[0] == '-'), 0, 1000000, &word))
			return false;
		o->clock_drift_ppb = text[0] == '-' ? -(int32_t)word :
			(int32_t)word;
		return true;
	default:
		return false;
	}
}

static const char *name_of(int option)
{
	for (const struct option *o = long_options; o->name; o++)
		if (o->val == option)
			return o->name;
	return "?";
}

static bool parse_one(struct netra_emu_options *options, int option)
{
	switch (option) {
	case OPT_SOCKET:
	case OPT_STATS:
	case OPT_SOURCE:
	case OPT_SOC:
	case OPT_FAULT:
		return parse_text(options, option, optarg);
	case OPT_TRAP_BARS:
		options->trap_bars = true;
		return true;
	case OPT_PARENT_DEATH:
		options->parent_death = true;
		return true;
	default:
		return parse_value(options, option, optarg) ||
		       wrong("--%s %s: not a value it takes", name_of(option),
			     optarg);
	}
}

bool netra_emu_options_parse(int argc, char **argv,
			     struct netra_emu_options *options, int *status)
{
	int option;

	*options = (struct netra_emu_options){
		.listen_fd = -1,
		.channels = 16,
		.camera = { 704, 480, 30, 1, 2000000 },
		.soc = netra_soc_by_name("dm8168"),
		.bar_bytes = { 4096, 8u << 20, 16u << 20, 256u << 20 },
		.boot_delay_ms = 20,
		.clock_drift_ppb = 20000,
	};
	*status = USAGE;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) !=
	       -1) {
		if (option == OPT_HELP || option == OPT_VERSION) {
			fputs(option == OPT_HELP ? help_text :
			      "netra-emulator " NETRA_VERSION "\n", stdout);
			*status = EXIT_SUCCESS;
			return false;
		}
		if (option == '?')
			return wrong("%s: no such option, or its value is "
				     "missing", argv[optind - 1]);
		if (!parse_one(options, option))
			return false;
	}
	if (optind < argc)
		return wrong("%s: not an option", argv[optind]);
	if (!options->socket_path && options->listen_fd < 0)
		return wrong("--socket is missing: where shall clients find "
			     "the board");
	return true;
}
