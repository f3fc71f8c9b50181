/* SPDX-License-Identifier: MIT */
/*
 * A graph made ready to run on XNNPACK: packed weights and buffers for a fixed batch.
 * A session belongs to one thread at a time and allocates nothing while running.
 * Once opened it no longer needs the graph or its weights.
 */
#ifndef INFER_SESSION_H
#define INFER_SESSION_H

#include <stddef.h>

#include "base/err.h"
#include "infer/graph.h"

enum { SESSION_BATCH_MAX = 64, SESSION_THREADS_MAX = 64 };

struct session;

/*
 * `batch` images at once (1..SESSION_BATCH_MAX) on `threads` threads (1 = the caller's
 * own). ERR_UNSUPPORTED when XNNPACK cannot do an operation on this machine.
 */
enum err session_open(struct session **out, const struct graph *g, size_t batch, size_t threads,
	struct error *why) MUST_USE;
/*
 * The same, sharing what it can of the packed weights of `like` (or NULL), a session of the
 * same network for another size of input, batch or thread. One of them alone may be opened
 * or closed at a time; either may be closed first.
 */
enum err session_open_like(struct session **out, const struct graph *g, const struct session *like,
	size_t batch, size_t threads, struct error *why) MUST_USE;
void session_close(struct session *s);

/* The buffer of port i: (batch, h, w, c) NHWC f32; owned by the session, fixed for its life. */
float *session_input(struct session *s, size_t i);
const float *session_output(const struct session *s, size_t i);

/* Fills the outputs from the inputs. */
enum err session_run(struct session *s, struct error *why) MUST_USE;

#endif
