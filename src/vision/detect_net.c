/* SPDX-License-Identifier: MIT */
/* One look of a detector: a network for each size of input, and what it sees in a view. */
#include "vision/detect_int.h"

#include <stdlib.h>

#include "media/sample.h"
#include "vision/net.h"

static void net_finish(struct detector_net *n)
{
	session_close(n->session);
	free(n->anchor);
	*n = (struct detector_net){0};
}

static const struct session *any_session(const struct detector *d)
{
	for (int i = 0; i < DETECTOR_NETS; i++)
		if (d->net[i].session != NULL)
			return d->net[i].session;
	return NULL;
}

enum err detector_net(
	struct detector *d, int width, int height, struct detector_net **out, struct error *why)
{
	struct detector_net *oldest = &d->net[0];
	*out = NULL;
	d->clock++;
	for (int i = 0; i < DETECTOR_NETS; i++) {
		struct detector_net *n = &d->net[i];
		if (n->session != NULL && n->width == width && n->height == height) {
			n->used = d->clock;
			*out = n;
			return OK;
		}
		if (n->used < oldest->used)
			oldest = n;
	}
	net_finish(oldest);
	oldest->width = width;
	oldest->height = height;
	oldest->like = any_session(d);
	if (oldest->like == NULL && d->lead != NULL)
		oldest->like = any_session(d->lead);
	enum err err = d->ops->open(oldest, d->model, why);
	oldest->like = NULL;
	if (err != OK) {
		net_finish(oldest);
		return err;
	}
	oldest->used = d->clock;
	*out = oldest;
	return OK;
}

void detector_close(struct detector *d)
{
	if (d == NULL)
		return;
	for (size_t k = 0; k <= d->helpers; k++)
		for (int i = 0; i < DETECTOR_NETS; i++)
			net_finish(&detector_of(d, k)->net[i]);
	free(d->helper);
	free(d);
}

struct detector *detector_of(struct detector *d, size_t worker)
{
	return worker == 0 ? d : &d->helper[worker - 1];
}

enum err detector_ready(
	struct detector *d, size_t workers, int width, int height, struct error *why)
{
	enum err err = OK;
	for (size_t k = 0; k < workers && k <= d->helpers && err == OK; k++) {
		struct detector_net *n;
		err = detector_net(detector_of(d, k), width, height, &n, why);
	}
	return err;
}

enum err detector_infer(const struct detector *d, struct detector_net *n, float min_score,
	struct detections *found, struct error *why)
{
	size_t pixels = (size_t)n->width * (size_t)n->height;
	net_prepare(session_input(n->session, 0), pixels, &d->model->manifest->input);
	enum err err = session_run(n->session, why);
	if (err != OK)
		return err;
	return d->ops->decode(n, min_score, found, why);
}

enum err detector_look(struct detector *d, const struct image *photo, const struct sample_window *v,
	float min_score, struct detections *found, struct error *why)
{
	struct detector_net *n;
	size_t first = found->count;
	enum err err = detector_net(d, v->width, v->height, &n, why);
	if (err == OK)
		err = sample_view(photo, v, session_input(n->session, 0), why);
	if (err == OK)
		err = detector_infer(d, n, min_score, found, why);
	float side = (float)(v->step * v->width);
	for (size_t i = first; i < found->count; i++)
		detection_move(&found->item[i], side, (float)v->left, (float)v->top);
	return err;
}
