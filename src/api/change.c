/* SPDX-License-Identifier: MIT */
#include "api/change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum err change_start(
	struct change *ch, const struct request *req, struct response *res, struct store *store)
{
	*ch = (struct change){.req = req, .res = res, .store = store};
	enum err err = store_begin(store, response_why(res));
	ch->open = err == OK;
	return err;
}

static enum err answer(struct response *res, int status, json_t *doc)
{
	if (doc != NULL)
		return response_json(res, status, doc);
	if (status != 204)
		return err_set(response_why(res), ERR_NOMEM, "no memory for the answer");
	response_empty(res, status);
	return OK;
}

enum err change_finish(
	struct change *ch, enum err err, const struct changed *what, int status, json_t *doc)
{
	struct error *why = response_why(ch->res);
	const struct caller *caller = caller_of(ch->req);
	if (!ch->open || ch->replayed) {
		json_decref(doc);
		return err;
	}
	const struct audit_entry entry = {
		.actor = caller->actor,
		.action = what->action,
		.subject = what->subject,
		.detail = what->detail,
	};
	if (err == OK)
		err = store_audit(ch->store, request_now_ms(ch->req), &entry, why);
	if (err == OK)
		err = answer(ch->res, status, doc);
	else
		json_decref(doc);
	if (err == OK)
		err = store_commit(ch->store, why);
	if (err != OK)
		store_rollback(ch->store);
	return err;
}

void etag_text(int64_t version, char out[static ETAG_TEXT])
{
	snprintf(out, ETAG_TEXT, "\"%lld\"", (long long)version);
}

enum err response_version(struct response *res, int64_t version)
{
	char etag[ETAG_TEXT];
	etag_text(version, etag);
	return response_header(res, "ETag", etag);
}

enum err if_match_version(
	const struct request *req, struct response *res, bool required, int64_t *out)
{
	const char *text = request_header(req, "If-Match");
	char *end;
	*out = 0;
	if (text == NULL && required) {
		enum err err = response_problem(res, 428, "if_match_needed",
			"read it first and send its ETag as If-Match",
			"this change needs to say which version it changes");
		return err != OK ? err : err_set(response_why(res), ERR_ARG, "no If-Match");
	}
	if (text == NULL || strcmp(text, "*") == 0)
		return OK;
	long long version = text[0] == '"' ? strtoll(text + 1, &end, 10) : 0;
	*out = version > 0 && end[0] == '"' && end[1] == '\0' ? version : -1;
	return OK;
}
