/* SPDX-License-Identifier: MIT */
/* What a worker does with a request: may it, then the handler, then the answer made ready. */
#include "base/log.h"
#include "net/server_int.h"

/* Within the rate of the account that authorise found. */
static bool within_account_rate(struct exchange *ex)
{
	struct server *s = ex->server;
	int rate = ex->match.route->rate;
	if (rate == 0 || ex->req.account[0] == '\0')
		return true;
	const struct rate_class *class = &s->options.rate[rate];
	struct limit_rate limit = {class->account_per_minute, class->account_burst};
	int retry_s;
	/* Accounts and addresses of a class have different buckets. */
	if (limit_take(s->limit, -rate, ex->req.account, limit, mono_ms(), &retry_s))
		return true;
	COUNT(s->rate_limited, 1);
	response_reset(&ex->res);
	if (response_later(&ex->res, 429, "too_many_requests", retry_s,
		    "too many requests of this account") != OK)
		response_empty(&ex->res, 429);
	return false;
}

static enum err open_channel(struct exchange *ex, struct worker *w)
{
	const struct channel_ops *ops = ex->match.route->channel;
	enum err err = OK;
	if (ops->open != NULL)
		err = ops->open(&ex->req, &ex->res, ex->channel, w);
	ex->accepted = err == OK;
	return err;
}

static enum err answer(struct exchange *ex, struct worker *w)
{
	const struct server_options *o = &ex->server->options;
	const struct route *route = ex->match.route;
	enum err err = OK;
	if (o->authorise != NULL)
		err = o->authorise(&ex->req, &ex->res, w);
	if (err != OK || !within_account_rate(ex))
		return err;
	if (route->channel != NULL)
		return open_channel(ex, w);
	return route->handler(&ex->req, &ex->res, w);
}

static void run_exchange(struct exchange *ex, struct worker *w)
{
	struct server *s = ex->server;
	ex->work_us = mono_us();
	/* Nobody waits any more, and nothing was begun: a change should not be made unasked. */
	if (!request_gone(&ex->req)) {
		enum err err = answer(ex, w);
		if (err != OK && !ex->res.answered &&
			response_error(&ex->res, err, response_why(&ex->res)) != OK)
			response_empty(&ex->res, 500);
		if (!ex->accepted)
			exchange_complete(ex);
	}
	ex->done_us = mono_us();
	pthread_mutex_lock(&s->lock);
	ex->next_done = s->done;
	s->done = ex;
	pthread_mutex_unlock(&s->lock);
	server_wake(s);
}

void work_run(void *job, void *state)
{
	enum job_kind kind = *(enum job_kind *)job;
	if (kind == JOB_EXCHANGE) {
		struct exchange *ex = job;
		struct worker w = {.server = ex->server, .state = state};
		run_exchange(ex, &w);
	} else {
		struct worker w = {.state = state};
		channel_work(job, &w);
	}
}

void *worker_state(struct worker *w)
{
	return w->state;
}

struct server *worker_server(struct worker *w)
{
	return w->server;
}
