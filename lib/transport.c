/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Access to BARs, mapped or by message, the same for both transports.
 *
 * A mapping of device memory takes whole aligned words only: a memcpy() may
 * end in byte stores, which the bus carries one by one, and which registers
 * do not take at all.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/bytes.h"
#include "transport.h"

enum netra_error netra_transport_fail(struct transport *t,
				      enum netra_error error,
				      const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(t->why, sizeof(t->why), format, arguments);
	va_end(arguments);
	return error;
}

static enum netra_error check(struct transport *t, unsigned int bar,
			      uint32_t offset, uint32_t length)
{
	if (bar < TRANSPORT_BARS && !(offset & 3) &&
	    netra_range_ok(offset, length, t->bar_bytes[bar]))
		return NETRA_OK;
	return netra_transport_fail(t, NETRA_ERR_INVALID,
				    "an access of %u bytes at %#x leaves BAR %u: the board's BARs are too small for it",
				    length, offset, bar);
}

enum netra_error netra_transport_read32(struct transport *t, unsigned int bar,
					uint32_t offset, uint32_t *value)
{
	enum netra_error error = check(t, bar, offset, 4);
	uint32_t word;

	if (error)
		return error;
	if (t->bar[bar]) {
		*value = netra_le32(
			*(const volatile uint32_t *)(t->bar[bar] + offset));
		return NETRA_OK;
	}
	error = t->ops->bar_read(t, bar, offset, &word, sizeof(word));
	if (!error)
		*value = netra_le32(word);
	return error;
}

enum netra_error netra_transport_write32(struct transport *t, unsigned int bar,
					 uint32_t offset, uint32_t value)
{
	enum netra_error error = check(t, bar, offset, 4);
	uint32_t word = netra_le32(value);

	if (error)
		return error;
	if (!t->bar[bar])
		return t->ops->bar_write(t, bar, offset, &word, sizeof(word));
	/* What was written to the BAR before is there before. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	*(volatile uint32_t *)(t->bar[bar] + offset) = word;
	return NETRA_OK;
}

static void drain_write_combining(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_sfence();
#else
	__sync_synchronize();
#endif
}

/* Words to the mapping; the last one is padded with zeros. */
static void copy_words(volatile uint8_t *to, const uint8_t *from,
		       uint32_t length)
{
	while (length >= 8 && !((uintptr_t)to & 7)) {
		uint64_t word;

		memcpy(&word, from, 8);
		*(volatile uint64_t *)to = word;
		to += 8;
		from += 8;
		length -= 8;
	}
	while (length) {
		uint32_t part = length < 4 ? length : 4;
		uint32_t word = 0;

		memcpy(&word, from, part);
		*(volatile uint32_t *)to = word;
		to += 4;
		from += part;
		length -= part;
	}
}

enum netra_error netra_transport_upload(struct transport *t, unsigned int bar,
					uint32_t offset, const void *data,
					uint32_t length, bool *arrived)
{
	uint32_t padded = (length + 3) & ~3u;
	enum netra_error error;
	uint32_t last = 0, value;

	*arrived = true;
	if (!length)
		return NETRA_OK;
	if (padded < length)
		return check(t, bar, offset, length);
	error = check(t, bar, offset, padded);
	if (error)
		return error;
	memcpy(&last, (const uint8_t *)data + padded - 4, length - (padded - 4));
	if (t->bar[bar]) {
		copy_words(t->bar[bar] + offset, data, length);
		drain_write_combining();
	} else {
		error = t->ops->bar_write(t, bar, offset, data, padded - 4);
		if (!error)
			error = t->ops->bar_write(t, bar, offset + padded - 4,
						  &last, 4);
		if (error)
			return error;
	}
	error = netra_transport_read32(t, bar, offset + padded - 4, &value);
	*arrived = !error && value == netra_le32(last);
	return error;
}
