/* SPDX-License-Identifier: MIT */
#include "api/change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

static const char answer_type[] = "application/json";

/* --- asked twice, done once ------------------------------------------------------------- */

/* What makes two requests with one key the same: method, path, query, body. */
static void hash_request(const struct request *req, uint8_t out[static IDEMPOTENCY_HASH_BYTES])
{
	crypto_generichash_state state;
	size_t len;
	const uint8_t *body = request_body(req, &len);
	const char *const text[] = {
		method_name(request_method(req)), request_path(req), request_query_string(req)};
	crypto_generichash_init(&state, NULL, 0, IDEMPOTENCY_HASH_BYTES);
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		crypto_generichash_update(
			&state, (const unsigned char *)text[i], strlen(text[i]) + 1);
	crypto_generichash_update(&state, body, len);
	crypto_generichash_final(&state, out, IDEMPOTENCY_HASH_BYTES);
}

static enum err replay(struct change *ch, const struct idempotency_record *record)
{
	ch->replayed = true;
	response_status(ch->res, record->status);
	enum err err = response_header(ch->res, "Idempotency-Replayed", "true");
	if (err != OK || record->body.len == 0)
		return err;
	return response_body(ch->res, record->type, record->body.data, record->body.len);
}

/* Answers for who cannot be served now; the error makes the handler end. */
static enum err refuse(struct change *ch, enum idempotency outcome)
{
	bool running = outcome == IDEMPOTENCY_RUNNING;
	enum err err = running
		? response_problem(ch->res, 409, "in_progress", "ask again in a moment",
			  "the same request is being done")
		: response_problem(ch->res, 422, "key_reused", "make a new key for each request",
			  "this Idempotency-Key came with another request");
	return err != OK ? err : err_set(response_why(ch->res), ERR_CONFLICT, "idempotency");
}

static enum err look_up(struct change *ch, const char *key)
{
	struct idempotency_record record = {0};
	struct error *why = response_why(ch->res);
	if (strlen(key) == 0 || strlen(key) >= IDEMPOTENCY_KEY_BYTES)
		return err_set(why, ERR_ARG, "Idempotency-Key takes 1 to %d bytes",
			IDEMPOTENCY_KEY_BYTES - 1);
	ch->key.actor = caller_of(ch->req)->actor;
	ch->key.key = key;
	hash_request(ch->req, ch->key.request);
	enum err err =
		store_idempotency_begin(ch->store, &ch->key, request_now_ms(ch->req), &record, why);
	if (err == OK && record.outcome == IDEMPOTENCY_NEW)
		snprintf(ch->lease, sizeof(ch->lease), "%s", record.lease);
	else if (err == OK && record.outcome == IDEMPOTENCY_REPLAY)
		err = replay(ch, &record);
	else if (err == OK)
		err = refuse(ch, record.outcome);
	buf_finish(&record.body);
	return err;
}

/* --- begin and end ---------------------------------------------------------------------- */

enum err change_start(
	struct change *ch, const struct request *req, struct response *res, struct store *store)
{
	*ch = (struct change){.req = req, .res = res, .store = store};
	const char *key = request_header(req, "Idempotency-Key");
	enum err err = key != NULL ? look_up(ch, key) : OK;
	if (err != OK || ch->replayed)
		return err;
	err = store_begin(store, response_why(res));
	ch->open = err == OK;
	return err;
}

/* Keeps the answer for who asks again, without what is told once. */
static enum err keep(struct change *ch, const struct changed *what, int status, const json_t *doc)
{
	struct error *why = response_why(ch->res);
	json_t *told = json_deep_copy(doc);
	if (told != NULL && what->once != NULL)
		json_object_set_new(told, what->once, json_null());
	char *text = told != NULL ? json_dumps(told, JSON_COMPACT) : NULL;
	json_decref(told);
	if (doc != NULL && text == NULL)
		return err_set(why, ERR_NOMEM, "no memory for the answer");
	const struct idempotency_answer kept = {
		status, answer_type, text, text != NULL ? strlen(text) : 0};
	enum err err = store_idempotency_end(ch->store, &ch->key, ch->lease, &kept, why);
	free(text);
	return err;
}

/* Answers, and keeps the answer where there is a key. */
static enum err answer(struct change *ch, const struct changed *what, int status, json_t *doc)
{
	if (doc == NULL && status != 204)
		return err_set(response_why(ch->res), ERR_NOMEM, "no memory for the answer");
	enum err err = ch->lease[0] != '\0' ? keep(ch, what, status, doc) : OK;
	if (err != OK) {
		json_decref(doc);
		return err;
	}
	if (doc != NULL)
		return response_json(ch->res, status, doc);
	response_empty(ch->res, status);
	return OK;
}

static enum err give_up(struct change *ch, enum err err)
{
	store_rollback(ch->store);
	if (ch->lease[0] != '\0' &&
		store_idempotency_drop(ch->store, &ch->key, ch->lease, NULL) != OK)
		return err; /* the key is free again when its lease has run out */
	return err;
}

enum err change_finish(
	struct change *ch, enum err err, const struct changed *what, int status, json_t *doc)
{
	struct error *why = response_why(ch->res);
	if (!ch->open || ch->replayed) {
		json_decref(doc);
		return err;
	}
	const struct audit_entry entry = {
		.actor = caller_of(ch->req)->actor,
		.action = what->action,
		.subject = what->subject,
		.detail = what->detail,
	};
	if (err == OK && what->action != NULL)
		err = store_audit(ch->store, request_now_ms(ch->req), &entry, why);
	if (err == OK)
		err = answer(ch, what, status, doc);
	else
		json_decref(doc);
	if (err == OK)
		err = store_commit(ch->store, why);
	return err == OK ? OK : give_up(ch, err);
}

/* --- versions --------------------------------------------------------------------------- */

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

enum err answer_version(struct response *res, int64_t version, json_t *doc)
{
	char etag[ETAG_TEXT];
	uint64_t hash = 0;
	char *text = json_dumps(doc, JSON_COMPACT);
	if (text != NULL)
		crypto_generichash((unsigned char *)&hash, sizeof(hash),
			(const unsigned char *)text, strlen(text), NULL, 0);
	free(text);
	snprintf(etag, sizeof(etag), "\"%lld.%016llx\"", (long long)version,
		(unsigned long long)hash);
	enum err err = response_header(res, "ETag", etag);
	if (err == OK)
		return response_json(res, 200, doc);
	json_decref(doc);
	return err;
}

int64_t if_match_version(const struct request *req)
{
	const char *text = request_header(req, "If-Match");
	char *end;
	if (text == NULL || strcmp(text, "*") == 0)
		return 0;
	long long version = text[0] == '"' ? strtoll(text + 1, &end, 10) : 0;
	if (version > 0 && end[0] == '.')
		end += strcspn(end, "\"");
	return version > 0 && end[0] == '"' && end[1] == '\0' ? version : -1;
}
