/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the vfio-user transport share. */
#ifndef NETRA_LIB_TRANSPORT_VFIO_USER_H
#define NETRA_LIB_TRANSPORT_VFIO_USER_H

#include "transport.h"
#include "vfio_user_client.h"

struct vfio_user {
	struct transport transport; /* first */
	struct wire wire;
};

static inline struct vfio_user *netra_vfio_user_of(struct transport *t)
{
	return (struct vfio_user *)t;
}

/**
 * netra_vfio_user_explain() - Say why a call failed.
 * @what: What the server refused to do, after "refused to".
 *
 * Return: the error for the caller's caller.
 */
enum netra_error netra_vfio_user_explain(struct transport *t,
					 enum netra_error error,
					 const struct wire_call *call,
					 const char *what);

/** netra_vfio_user_hello() - Agree with the server on the protocol. */
enum netra_error netra_vfio_user_hello(struct transport *t);

/** netra_vfio_user_learn() - The BARs' sizes, and mappings where that can be. */
enum netra_error netra_vfio_user_learn(struct transport *t);

#endif
