/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls: right ones, nearly right ones, and nonsense; and what must hold. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "linux_ioctl.h"

#define PAGE	4096u

_Static_assert(sizeof(struct netra_ioc_status) == 1072, "as in the kernel");
_Static_assert(sizeof(struct netra_ioc_channel) == 104, "as in the kernel");
_Static_assert(sizeof(struct netra_ioc_boot) == 16, "as in the kernel");
_Static_assert(sizeof(struct netra_ioc_command) == 344, "as in the kernel");
_Static_assert(sizeof(struct netra_ioc_reader) == 16, "as in the kernel");
_Static_assert(sizeof(struct netra_ioc_frame) == 80, "as in the kernel");
_Static_assert(sizeof(struct netra_ioc_take) == 24, "as in the kernel");
_Static_assert(sizeof(struct netra_ioc_release) == 24, "as in the kernel");
_Static_assert(sizeof(struct netra_ioc_reader_stats) == 48, "as in the kernel");
_Static_assert(sizeof(struct netra_ioc_event) == 144, "as in the kernel");
_Static_assert(sizeof(struct netra_ioc_ready) == 8, "as in the kernel");
_Static_assert(sizeof(struct netra_ioc_sets) == 4104, "as in the kernel");

struct total *total;
const char *node;
bool may_boot;
int file[FILES];
uint64_t arena_bytes;
static volatile uint8_t seen;
static uint8_t scratch[8192];	/* for any call's answer, at an odd address */

static void count(unsigned long *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

uint32_t any(struct thread *t, uint32_t below)
{
	/* xorshift64* */
	t->random ^= t->random >> 12;
	t->random ^= t->random << 25;
	t->random ^= t->random >> 27;
	return (uint32_t)((t->random * 0x2545f4914f6cdd1dull) >> 33) % below;
}

static uint32_t edge(struct thread *t)
{
	static const uint32_t edges[] = {
		0, 1, 2, 63, 64, 65, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
	};

	return any(t, 2) ? edges[any(t, 10)] : any(t, 0x7fffffff) << 1;
}

static void broken(const char *what)
{
	fprintf(stderr, "linux_ioctl: %s\n", what);
	_exit(3);
}

static int some_file(struct thread *t)
{
	return __atomic_load_n(&file[any(t, FILES)], __ATOMIC_RELAXED);
}

static void check_errno(unsigned int request)
{
	static const int known[] = {
		EAGAIN, ENODATA, ENODEV, EPERM, EINVAL, EBADF, ENOENT, ENOTCONN,
		EMFILE, EUSERS, EBUSY, ETIMEDOUT, EREMOTEIO, EHOSTDOWN, ENOEXEC,
		EPROTO, EIO, EFAULT, ENOTTY, EINTR, ENOMEM, EOPNOTSUPP,
	};
	char text[80];

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (errno == known[i])
			return;
	snprintf(text, sizeof(text), "call %#x ended with errno %d", request,
		 errno);
	broken(text);
}

static int call(int fd, unsigned int request, void *argument)
{
	int result = ioctl(fd, request, argument);

	count(&total->calls);
	if (result)
		check_errno(request);
	else
		count(&total->worked);
	return result;
}

/* Whatever is or is not there. */
static void *bad_address(struct thread *t)
{
	switch (any(t, 4)) {
	case 0:
		return NULL;
	case 1:
		return (void *)(uintptr_t)0xffffffff81000000ull;
	case 2:
		return (void *)(uintptr_t)(1 + any(t, 0xffff));
	default:
		return t->map ? t->map : scratch + 1;
	}
}

static void take(struct thread *t, int fd)
{
	struct netra_ioc_frame frame[64];
	struct netra_ioc_take wanted = {
		.reader = any(t, 8) ? any(t, 4) : edge(t),
		.count = any(t, 8) ? 1 + any(t, 64) : edge(t),
		.frames = any(t, 16) ? (uintptr_t)frame : (uintptr_t)bad_address(t),
		.more = edge(t),
		.reserved = any(t, 32) ? 0 : edge(t),
	};
	bool ours = wanted.frames == (uintptr_t)frame;

	if (call(fd, NETRA_IOC_TAKE, &wanted) || !ours)
		return;
	if (wanted.more > 1)
		broken("more frames is neither yes nor no");
	for (uint32_t i = 0; i < wanted.count; i++) {
		if (frame[i].length > arena_bytes ||
		    frame[i].offset > arena_bytes - frame[i].length)
			broken("a frame lies outside the arena");
		t->token[t->tokens++ % TOKENS] = frame[i].token;
		if (t->map && frame[i].offset + frame[i].length <= t->map_bytes &&
		    frame[i].length)
			seen = t->map[frame[i].offset + frame[i].length - 1];
	}
}

static void release(struct thread *t, int fd)
{
	uint64_t token[64];
	struct netra_ioc_release wanted = {
		.reader = any(t, 8) ? any(t, 4) : edge(t),
		.count = any(t, 8) ? 1 + any(t, 64) : edge(t),
		.tokens = any(t, 16) ? (uintptr_t)token : (uintptr_t)bad_address(t),
	};

	for (int i = 0; i < 64; i++)
		token[i] = any(t, 8) ? t->token[any(t, TOKENS)] :
				       (uint64_t)edge(t) << 32 | edge(t);
	call(fd, NETRA_IOC_RELEASE, &wanted);
}

static void command(struct thread *t, int fd)
{
	struct netra_ioc_command wanted = {
		.channel = any(t, 8) ? any(t, 4) : edge(t),
		.opcode = any(t, 8) ? any(t, 9) : edge(t),
		.arg = { any(t, 2) ? any(t, 4000000) : edge(t), edge(t) },
		.flags = any(t, 8) ? any(t, 2) : edge(t),
		.reserved = any(t, 32) ? 0 : edge(t),
	};

	call(fd, NETRA_IOC_COMMAND, &wanted);
}

static void boot(struct thread *t, int fd)
{
	struct netra_ioc_boot wanted = { .flags = edge(t) };

	if (may_boot && !any(t, 200))
		wanted.flags = NETRA_BOOT_FORCE;
	else if (wanted.flags == NETRA_BOOT_FORCE)
		wanted.flags = 0;
	call(fd, NETRA_IOC_BOOT, &wanted);
}

static void reader(struct thread *t, int fd)
{
	struct netra_ioc_reader wanted = {
		.channel = any(t, 8) ? any(t, 4) : edge(t),
		.flags = any(t, 8) ? any(t, 4) << 1 : edge(t),
		.reserved = any(t, 32) ? 0 : edge(t),
	};
	uint32_t id = any(t, 8) ? any(t, 64) : edge(t);

	if (any(t, 3))
		call(fd, NETRA_IOC_READER_OPEN, &wanted);
	else
		call(fd, NETRA_IOC_READER_CLOSE, &id);
}

static void ask(struct thread *t, int fd)
{
	struct netra_ioc_channel channel = { .channel = any(t, 5) };
	struct netra_ioc_reader_stats stats = { .reader = any(t, 5) };
	struct netra_ioc_discard discard = { any(t, 5), any(t, 3) };
	struct netra_ioc_status status;
	struct netra_ioc_event event;
	struct netra_ioc_ready ready;
	struct netra_ioc_sets sets = { .channel = any(t, 8) ? any(t, 4) : edge(t) };

	switch (any(t, 7)) {
	case 0:
		call(fd, NETRA_IOC_CHANNEL, &channel);
		break;
	case 1:
		call(fd, NETRA_IOC_READER_STATS, &stats);
		break;
	case 2:
		call(fd, NETRA_IOC_DISCARD, &discard);
		break;
	case 3:
		call(fd, NETRA_IOC_EVENT, &event);
		break;
	case 4:
		call(fd, NETRA_IOC_READY, &ready);
		break;
	case 5:
		if (!call(fd, NETRA_IOC_SETS, &sets) &&
		    sets.bytes > sizeof(sets.data))
			broken("more bytes than there is room for");
		break;
	default:
		call(fd, NETRA_IOC_STATUS, &status);
		break;
	}
}

/* Any number, any size, any direction; any bytes, or none. */
static void nonsense(struct thread *t, int fd)
{
	uint32_t bytes[512];
	unsigned int request = any(t, 4) ? _IOC(any(t, 4), 'N', 0x9e + any(t, 16),
						any(t, 1200)) :
					   edge(t);

	/* Not what the system itself knows, FIONBIO and others. */
	if (_IOC_TYPE(request) != 'N' || (request == NETRA_IOC_BOOT && !may_boot))
		return;
	for (size_t i = 0; i < 512; i++)
		bytes[i] = any(t, 2) ? 0 : edge(t);
	call(fd, request, any(t, 4) ? bytes : bad_address(t));
}

static void unmap(struct thread *t)
{
	if (t->map)
		munmap(t->map, t->map_bytes);
	t->map = NULL;
}

static void map(struct thread *t, int fd)
{
	int prot = any(t, 4) ? PROT_READ : (int)any(t, 8);
	int flags = any(t, 4) ? MAP_SHARED : MAP_PRIVATE;
	size_t bytes = any(t, 4) ? (size_t)arena_bytes : (size_t)edge(t);
	off_t offset = any(t, 4) ? 0 : (off_t)((uint64_t)edge(t) * PAGE);
	uint8_t *at;

	unmap(t);
	count(&total->calls);
	at = mmap(NULL, bytes, prot, flags, fd, offset);
	if (at == MAP_FAILED)
		return;
	count(&total->worked);
	if (prot & (PROT_WRITE | PROT_EXEC) || flags == MAP_PRIVATE)
		broken("a mapping that is not shared and for reading only");
	if (bytes > arena_bytes || (uint64_t)offset > arena_bytes)
		broken("a mapping that is larger than the arena");
	t->map = at;
	t->map_bytes = bytes;
	if (!(prot & PROT_READ))
		unmap(t);
}

static void touch(struct thread *t)
{
	volatile uint8_t *at = t->map;
	size_t pages = t->map_bytes / PAGE;

	if (!at || !pages)
		return;
	count(&total->calls);
	switch (any(t, 6)) {
	case 0:
		if (!mprotect(t->map, PAGE, PROT_READ | PROT_WRITE) ||
		    !mprotect(t->map, PAGE, PROT_READ | PROT_EXEC))
			broken("a mapping became writable or executable");
		break;
	case 1:
		if (mremap(t->map, t->map_bytes, t->map_bytes + PAGE,
			   MREMAP_MAYMOVE) != MAP_FAILED)
			broken("a mapping grew");
		break;
	case 2:
		madvise(t->map + any(t, (uint32_t)pages) * PAGE, PAGE,
			MADV_DONTNEED);
		break;
	default:
		(void)at[(size_t)any(t, (uint32_t)pages) * PAGE];
		break;
	}
}

static void reopen(struct thread *t)
{
	static const int modes[] = { O_RDWR, O_RDWR, O_RDONLY, O_WRONLY };
	int *slot = &file[any(t, FILES)];
	int fd = open(node, modes[any(t, 4)] | O_CLOEXEC), old;

	if (fd < 0)
		return;
	old = __atomic_exchange_n(slot, fd, __ATOMIC_RELAXED);
	if (old >= 0)
		close(old);
}

void step(struct thread *t)
{
	int fd = some_file(t);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	switch (any(t, 40)) {
	case 0:
		reopen(t);
		break;
	case 1:
		map(t, fd);
		break;
	case 2:
		poll(&p, 1, (int)any(t, 5));
		break;
	case 3:
	case 4:
		command(t, fd);
		break;
	case 5:
	case 6:
	case 7:
		reader(t, fd);
		break;
	case 8:
		boot(t, fd);
		break;
	case 9:
	case 10:
	case 11:
		nonsense(t, fd);
		break;
	case 12:
	case 13:
	case 14:
		touch(t);
		break;
	case 15:
	case 16:
		ask(t, fd);
		break;
	default:
		if (any(t, 2))
			take(t, fd);
		else
			release(t, fd);
		break;
	}
}
