/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files on their way to clients: a piece is read by one of libuv's workers,
 * then sent; so a slow disk holds nobody else up.
 */
#include <stdlib.h>
#include <unistd.h>

#include "web_internal.h"

static void closed(uv_fs_t *request)
{
	uv_fs_req_cleanup(request);
	free(request);
}

void netra_web_close_fd(uv_loop_t *loop, int fd)
{
	uv_fs_t *request = malloc(sizeof(*request));

	if (request && !uv_fs_close(loop, request, fd, closed))
		return;
	free(request);
	close(fd);
}

static void close_file(struct netra_web_file *file)
{
	netra_web_close_fd(file->loop, file->fd);
	free(file);
}

static void have_piece(uv_fs_t *request)
{
	struct netra_web_file *file = request->data;

	file->busy = false;
	file->held = uv_fs_get_result(request) ? (ssize_t)uv_fs_get_result(request) : -1;
	uv_fs_req_cleanup(request);
	if (!file->exchange)
		close_file(file);
	else
		lws_callback_on_writable(file->exchange->wsi);
}

static int read_piece(struct netra_web *web, struct netra_web_file *file)
{
	unsigned int wanted = NETRA_WEB_CHUNK_BYTES;
	uv_buf_t buffer;

	if (wanted > file->left)
		wanted = (unsigned int)file->left;
	buffer = uv_buf_init((char *)file->data + LWS_PRE, wanted);
	file->read.data = file;
	if (uv_fs_read(web->loop, &file->read, file->fd, &buffer, 1,
		       (int64_t)file->offset, have_piece))
		return -1;
	file->busy = true;
	return 0;
}

/* Return: 1 when all is sent, 0 to be called again when it is writable, or -1. */
int netra_web_file_send(struct netra_web_exchange *exchange)
{
	struct netra_web_file *file = exchange->file;
	size_t n = (size_t)file->held;
	bool last;

	if (file->busy)
		return 0;
	/* It is shorter than it was, or unreadable: the client must see it. */
	if (file->held < 0)
		return -1;
	if (!file->held)
		return read_piece(exchange->web, file);
	last = n == file->left;
	if (lws_write(exchange->wsi, file->data + LWS_PRE, n,
		      last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < (int)n)
		return -1;
	file->offset += n;
	file->left -= n;
	file->held = 0;
	if (last)
		return 1;
	lws_set_timeout(exchange->wsi, PENDING_TIMEOUT_HTTP_CONTENT,
			NETRA_WEB_ANSWER_S);
	/* While the next piece is read, this one goes out. */
	return read_piece(exchange->web, file);
}

void netra_web_file_forget(struct netra_web_exchange *exchange)
{
	struct netra_web_file *file = exchange->file;

	exchange->file = NULL;
	if (!file)
		return;
	if (file->busy)
		file->exchange = NULL;
	else
		close_file(file);
}
