/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vfio-user client with a server that breaks the protocol in every way it
 * can: each is an error with words in a bounded time, nothing is read beyond
 * what came, and no descriptor is left open.
 */
#include <dirent.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/transport.h"
#include "lib/vfio_user.h"

enum mischief {
	NONE,
	CLOSES_AT_ONCE,
	SILENT,			/* slow: the client waits its bound */
	HEADER_ONLY_HALF,
	SIZE_TOO_SMALL,
	SIZE_HUGE,
	WRONG_VERSION,
	NOT_PCI,
	REFUSES_REGIONS,
	SHORT_READ,
	WRONG_COUNT,
	STRANGERS_FIRST,	/* allowed: other messages before the reply */
	FILE_TOO_SHORT,		/* for the BAR it is said to hold */
	MANY_FDS,
};

struct server {
	int fd;
	enum mischief mischief;
	pthread_t thread;
};

static void give(int fd, const void *data, size_t size, int pass, int count)
{
	union {
		char bytes[CMSG_SPACE(16 * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = {
		.iov_base = (void *)(uintptr_t)data, .iov_len = size,
	};
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (count) {
		struct cmsghdr *c;

		m.msg_control = control.bytes;
		m.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
		for (int i = 0; i < count; i++)
			memcpy(CMSG_DATA(c) + (size_t)i * sizeof(int), &pass,
			       sizeof(int));
	}
	if (sendmsg(fd, &m, MSG_NOSIGNAL) < 0)
		return;
}

static void reply(struct server *s, const struct vfio_user_header *to,
		  const void *body, uint32_t size, int pass, int count)
{
	uint8_t message[8192];
	struct vfio_user_header header = {
		.id = to->id, .command = to->command,
		.size = (uint32_t)sizeof(header) + size,
		.flags = VFIO_USER_FLAG_REPLY,
	};

	memcpy(message, &header, sizeof(header));
	if (size)
		memcpy(message + sizeof(header), body, size);
	give(s->fd, message, header.size, pass, count);
}

static void refuse(struct server *s, const struct vfio_user_header *to)
{
	struct vfio_user_header header = {
		.id = to->id, .command = to->command, .size = sizeof(header),
		.flags = VFIO_USER_FLAG_REPLY | VFIO_USER_FLAG_ERROR,
		.error = 22,
	};

	give(s->fd, &header, sizeof(header), -1, 0);
}

static void answer_version(struct server *s, const struct vfio_user_header *h)
{
	struct {
		struct vfio_user_version version;
		char json[64];
	} body = { .json = "{\"capabilities\":{\"max_data_xfer_size\":64}}" };

	if (s->mischief == WRONG_VERSION)
		body.version.major = 7;
	reply(s, h, &body, sizeof(body), -1, 0);
}

static void answer_region(struct server *s, const struct vfio_user_header *h,
			  const struct vfio_region_info *asked)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info), .index = asked->index,
		.flags = VFIO_REGION_INFO_FLAG_READ |
			VFIO_REGION_INFO_FLAG_WRITE,
	};
	int file = -1, count = 0;

	if (s->mischief == REFUSES_REGIONS) {
		refuse(s, h);
		return;
	}
	if (info.index == 0)
		info.size = 4096;
	if (info.index == 2) {
		info.size = 65536;
		info.flags |= VFIO_REGION_INFO_FLAG_MMAP;
		file = memfd_create("bar", 0);
		if (ftruncate(file, s->mischief == FILE_TOO_SHORT ?
			      4096 : 65536))
			return;
		count = s->mischief == MANY_FDS ? 16 : 1;
	}
	reply(s, h, &info, sizeof(info), file, count);
	if (file >= 0)
		close(file);
}

static void answer_read(struct server *s, const struct vfio_user_header *h,
			const struct vfio_user_region_access *asked)
{
	struct {
		struct vfio_user_region_access access;
		uint8_t data[4096];
	} body = { .access = *asked };
	uint32_t size = (uint32_t)sizeof(body.access) + asked->count;

	memset(body.data, 0x5a, sizeof(body.data));
	if (s->mischief == SHORT_READ)
		size -= 2;
	if (s->mischief == WRONG_COUNT)
		body.access.count = 4096;
	if (s->mischief == STRANGERS_FIRST) {
		struct vfio_user_header other = {
			.id = (uint16_t)(h->id + 1), .command = 11,
			.size = sizeof(other) + 4,
		};
		uint8_t message[sizeof(other) + 4] = { 0 };

		memcpy(message, &other, sizeof(other));
		give(s->fd, message, sizeof(message), -1, 0);
	}
	reply(s, h, &body, size, -1, 0);
}

static void answer(struct server *s, const uint8_t *message)
{
	struct vfio_device_info device = {
		.argsz = sizeof(device),
		.flags = s->mischief == NOT_PCI ? 0 : VFIO_DEVICE_FLAGS_PCI,
	};
	struct vfio_user_header h;

	memcpy(&h, message, sizeof(h));
	message += sizeof(h);
	switch (h.command) {
	case VFIO_USER_VERSION:
		answer_version(s, &h);
		break;
	case VFIO_USER_DEVICE_GET_INFO:
		reply(s, &h, &device, sizeof(device), -1, 0);
		break;
	case VFIO_USER_DEVICE_GET_REGION_INFO:
		answer_region(s, &h, (const void *)message);
		break;
	case VFIO_USER_REGION_READ:
		answer_read(s, &h, (const void *)message);
		break;
	case VFIO_USER_REGION_WRITE:
		reply(s, &h, message, sizeof(struct vfio_user_region_access),
		      -1, 0);
		break;
	default:
		refuse(s, &h);
	}
}

/* True if the client's first message was answered by mischief alone. */
static bool misbehave(struct server *s)
{
	struct vfio_user_header header = { .flags = VFIO_USER_FLAG_REPLY };

	switch (s->mischief) {
	case CLOSES_AT_ONCE:
		shutdown(s->fd, SHUT_RDWR);
		return true;
	case SILENT:
		return true;
	case HEADER_ONLY_HALF:
		give(s->fd, &header, 7, -1, 0);
		shutdown(s->fd, SHUT_RDWR);
		return true;
	case SIZE_TOO_SMALL:
		header.size = 3;
		break;
	case SIZE_HUGE:
		header.size = 0xfffffff0;
		break;
	default:
		return false;
	}
	give(s->fd, &header, sizeof(header), -1, 0);
	return true;
}

static void *serve(void *context)
{
	struct server *s = context;
	_Alignas(8) uint8_t message[8192];
	bool first = true;

	for (;;) {
		struct vfio_user_header h;
		ssize_t n = recv(s->fd, message, sizeof(h), MSG_WAITALL);

		if (n != sizeof(h))
			break;
		memcpy(&h, message, sizeof(h));
		if (h.size > sizeof(message) || (h.size > sizeof(h) &&
		    recv(s->fd, message + sizeof(h), h.size - sizeof(h),
			 MSG_WAITALL) <= 0))
			break;
		if (!first || !misbehave(s))
			answer(s, message);
		first = false;
	}
	return NULL;
}

static int open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static enum netra_error connect_to(struct server *s, enum mischief mischief,
				   struct transport **t, char *why)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				    pair), 0);
	s->fd = pair[1];
	s->mischief = mischief;
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
	return netra_transport_vfio_user_adopt(pair[0], t, why, 200);
}

static void end(struct server *s)
{
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
}

static void fails(enum mischief mischief, enum netra_error wanted,
		  const char *words)
{
	struct timespec begin, now;
	struct transport *t;
	struct server s;
	char why[200];
	int before = open_fds();

	clock_gettime(CLOCK_MONOTONIC, &begin);
	assert_int_equal(connect_to(&s, mischief, &t, why), wanted);
	clock_gettime(CLOCK_MONOTONIC, &now);
	/* Only silence takes the whole bound. */
	assert_true((now.tv_sec - begin.tv_sec) * 1000 +
		    (now.tv_nsec - begin.tv_nsec) / 1000000 <
		    (mischief == SILENT ? 3000 : 1500));
	if (!strstr(why, words)) {
		print_error("'%s' is not in: %s\n", words, why);
		fail();
	}
	end(&s);
	assert_int_equal(open_fds(), before);
}

static void opening_fails_with_words(void **state)
{
	(void)state;
	fails(CLOSES_AT_ONCE, NETRA_ERR_BUSY, "another program");
	fails(HEADER_ONLY_HALF, NETRA_ERR_BUSY, "closed the connection");
	fails(SIZE_TOO_SMALL, NETRA_ERR_BUSY, "connection");
	fails(SIZE_HUGE, NETRA_ERR_BUSY, "connection");
	fails(WRONG_VERSION, NETRA_ERR_UNSUPPORTED, "another version");
	fails(NOT_PCI, NETRA_ERR_UNSUPPORTED, "no PCI device");
	fails(REFUSES_REGIONS, NETRA_ERR_IO, "refused to describe its BARs");
}

static void silence_is_bounded(void **state)
{
	(void)state;
	fails(SILENT, NETRA_ERR_BUSY, "silent");
}

static void a_good_server_is_used(void **state)
{
	struct transport *t;
	struct server s;
	uint8_t big[1000];
	char why[200];
	uint32_t value;
	bool arrived;
	int before = open_fds();

	(void)state;
	assert_int_equal(connect_to(&s, STRANGERS_FIRST, &t, why), NETRA_OK);
	assert_int_equal(t->bar_bytes[0], 4096);
	assert_null(t->bar[0]);
	assert_int_equal(t->bar_bytes[2], 65536);
	assert_non_null(t->bar[2]);
	assert_int_equal(netra_transport_read32(t, 0, 8, &value), NETRA_OK);
	assert_int_equal(value, 0x5a5a5a5a);
	assert_int_equal(netra_transport_read32(t, 0, 4096, &value),
			 NETRA_ERR_INVALID);
	assert_int_equal(netra_transport_read32(t, 1, 0, &value),
			 NETRA_ERR_INVALID);
	/* In pieces of what the server takes at once. */
	assert_int_equal(t->ops->bar_write(t, 0, 0, big, sizeof(big)),
			 NETRA_OK);
	for (uint32_t length = 1; length < 70; length++) {
		memset((void *)(uintptr_t)t->bar[2], 0, 128);
		memset(big, (int)length, sizeof(big));
		assert_int_equal(netra_transport_upload(t, 2, 4, big, length,
							&arrived), NETRA_OK);
		assert_true(arrived);
		for (uint32_t i = 0; i < 100; i++)
			assert_int_equal(t->bar[2][i], i >= 4 &&
					 i < 4 + length ? length : 0);
	}
	assert_int_equal(netra_transport_upload(t, 2, 65536 - 8, big, 9,
						&arrived), NETRA_ERR_INVALID);
	assert_int_equal(t->ops->reset(t), NETRA_ERR_IO);
	assert_non_null(strstr(t->why, "refused to be reset"));
	assert_true(t->ops->alive(t));
	end(&s);
	assert_false(t->ops->alive(t));
	assert_int_equal(netra_transport_read32(t, 0, 8, &value),
			 NETRA_ERR_GONE);
	t->ops->close(t);
	assert_int_equal(open_fds(), before);
}

static void wrong_lengths_are_refused(void **state)
{
	static const enum mischief mischief[] = { SHORT_READ, WRONG_COUNT };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct transport *t;
		struct server s;
		char why[200];
		uint32_t value;

		assert_int_equal(connect_to(&s, mischief[i], &t, why),
				 NETRA_OK);
		assert_int_equal(netra_transport_read32(t, 0, 8, &value),
				 NETRA_ERR_PROTOCOL);
		t->ops->close(t);
		end(&s);
	}
}

static void descriptors_are_not_believed(void **state)
{
	static const enum mischief mischief[] = { FILE_TOO_SHORT, MANY_FDS };

	(void)state;
	for (int i = 0; i < 2; i++) {
		int before = open_fds();
		struct transport *t;
		struct server s;
		char why[200];

		assert_int_equal(connect_to(&s, mischief[i], &t, why),
				 NETRA_OK);
		assert_int_equal(t->bar[2] != NULL, mischief[i] == MANY_FDS);
		t->ops->close(t);
		end(&s);
		assert_int_equal(open_fds(), before);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opening_fails_with_words),
		cmocka_unit_test(silence_is_bounded),
		cmocka_unit_test(a_good_server_is_used),
		cmocka_unit_test(wrong_lengths_are_refused),
		cmocka_unit_test(descriptors_are_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
