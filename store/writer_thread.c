/* SPDX-License-Identifier: BSD-2-Clause */
/* The writer's life: its thread, its end. */
#include <signal.h>

#include "sync_all.h"
#include "writer.h"

void netra_store_writer_init(struct netra_store_writer *writer,
			     struct netra_store_folder *folder,
			     struct netra_store_pool *pool, bool sync)
{
	writer->folder = folder;
	writer->pool = pool;
	writer->sync = sync;
	writer->together = sync && netra_sync_all_works(folder->fd);
	pthread_mutex_init(&writer->mutex, NULL);
	pthread_cond_init(&writer->wake, NULL);
	for (uint32_t i = 0; i < NETRA_STORE_CHANNELS; i++) {
		writer->channel[i].file.fd = -1;
		writer->channel[i].file.index = &writer->channel[i].index;
		writer->channel[i].closing.fd = -1;
	}
}

static void *run(void *context)
{
	struct netra_store_writer *writer = context;
	bool stop;

	do {
		pthread_mutex_lock(&writer->mutex);
		while (!writer->commit && !writer->stop &&
		       writer->queued_bytes <= NETRA_STORE_QUEUED_BYTES)
			pthread_cond_wait(&writer->wake, &writer->mutex);
		stop = writer->stop;
		pthread_mutex_unlock(&writer->mutex);
		netra_store_writer_step(writer);
	} while (!stop);
	return NULL;
}

enum netra_error netra_store_writer_start(struct netra_store_writer *writer)
{
	sigset_t all, before;
	int error;

	/* Signals are for the threads of the program. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&writer->thread, NULL, run, writer);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	writer->threaded = !error;
	return error ? NETRA_ERR_NO_MEMORY : NETRA_OK;
}

void netra_store_writer_finish(struct netra_store_writer *writer)
{
	if (writer->threaded) {
		pthread_mutex_lock(&writer->mutex);
		writer->stop = true;
		pthread_cond_signal(&writer->wake);
		pthread_mutex_unlock(&writer->mutex);
		pthread_join(writer->thread, NULL);
		writer->threaded = false;
	}
	netra_store_writer_step(writer);
	for (uint32_t i = 0; i < NETRA_STORE_CHANNELS; i++)
		netra_store_end_file(writer, i);
	/* The second one is for the names that the first one has given. */
	for (int i = 0; i < 2; i++) {
		netra_store_writer_commit(writer);
		netra_store_writer_step(writer);
	}
}

void netra_store_writer_free(struct netra_store_writer *writer)
{
	pthread_cond_destroy(&writer->wake);
	pthread_mutex_destroy(&writer->mutex);
}
