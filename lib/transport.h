/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two ways to a board: VFIO for one in this machine, vfio-user for an
 * emulated one. Above this table everything is the same code.
 *
 * Not thread safe: the board's lock is held around every call. Each call is
 * bounded: a transport that gets no answer in TRANSPORT_REPLY_MS says
 * NETRA_ERR_GONE, and goes on saying so.
 */
#ifndef NETRA_LIB_TRANSPORT_H
#define NETRA_LIB_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

#define TRANSPORT_BARS 6u
#define TRANSPORT_REPLY_MS 2000

struct transport;

/* Memory that the board may reach: bytes of @fd, mapped here at @address. */
struct transport_memory {
	int fd;
	void *address;
	uint64_t iova;
	uint64_t bytes;
};

struct transport_ops {
	enum netra_error (*config_read)(struct transport *t, uint32_t offset,
					void *data, uint32_t length);
	enum netra_error (*config_write)(struct transport *t, uint32_t offset,
					 const void *data, uint32_t length);
	/* For BARs, or parts of them, that have no mapping. */
	enum netra_error (*bar_read)(struct transport *t, unsigned int bar,
				     uint64_t offset, void *data,
				     uint32_t length);
	enum netra_error (*bar_write)(struct transport *t, unsigned int bar,
				      uint64_t offset, const void *data,
				      uint32_t length);
	/* Bus addresses that may be used for memory of this size. */
	enum netra_error (*dma_place)(struct transport *t, uint64_t bytes,
				      uint64_t align, uint64_t *iova);
	enum netra_error (*dma_map)(struct transport *t,
				    const struct transport_memory *memory);
	enum netra_error (*dma_unmap)(struct transport *t, uint64_t iova,
				      uint64_t bytes);
	/* Count the board's MSIs in an eventfd; -1 = interrupts off. */
	enum netra_error (*irq)(struct transport *t, int eventfd);
	enum netra_error (*reset)(struct transport *t);
	bool (*alive)(struct transport *t);	/* false: @why is set */
	void (*close)(struct transport *t);
};

struct transport {
	const struct transport_ops *ops;
	const char *driver;		/* "vfio", "vfio-user" */
	bool root_complex;		/* nobody else assigns BAR addresses */
	uint64_t bar_bytes[TRANSPORT_BARS];	/* 0 = absent */
	volatile uint8_t *bar[TRANSPORT_BARS];	/* whole BAR, or NULL */
	int gone_fd;			/* tells that the board leaves; -1 = none */
	uint32_t gone_events;		/* EPOLL* to wait for on it */
	char why[240];			/* of the last failure: "why: what to do" */
};

/** netra_transport_vfio_user_open() - Connect to the server at @path. */
enum netra_error netra_transport_vfio_user_open(const char *path,
						struct transport **transport,
						char *why, size_t why_size);

/** netra_transport_vfio_user_adopt() - As above over a connected socket, kept. */
enum netra_error netra_transport_vfio_user_adopt(int fd,
						 struct transport **transport,
						 char *why, size_t why_size);

/** netra_transport_vfio_open() - Take the device at PCI @address, "0000:03:00.0". */
enum netra_error netra_transport_vfio_open(const char *address,
					   struct transport **transport,
					   char *why, size_t why_size);

/** netra_transport_fail() - Keep a sentence in @t->why, return @error. */
enum netra_error netra_transport_fail(struct transport *t,
				      enum netra_error error,
				      const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** netra_transport_read32() - One uncached 32-bit read of a BAR. */
enum netra_error netra_transport_read32(struct transport *t, unsigned int bar,
					uint32_t offset, uint32_t *value);

/** netra_transport_write32() - One 32-bit write to a BAR. */
enum netra_error netra_transport_write32(struct transport *t, unsigned int bar,
					 uint32_t offset, uint32_t value);

/**
 * netra_transport_upload() - Copy into a BAR, and see that it arrived.
 *
 * Drains write combining, then reads the last word back. @arrived: it matched.
 */
enum netra_error netra_transport_upload(struct transport *t, unsigned int bar,
					uint32_t offset, const void *data,
					uint32_t length, bool *arrived);

#endif
