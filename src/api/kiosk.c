/* SPDX-License-Identifier: MIT */
/*
 * /api/v1/kiosk: a WebSocket that takes JPEG frames of a camera and answers each with the faces in
 * it, who they are, and what was written. Faces are followed over the frames of a connection, and
 * nobody is marked by a single look (attend/stream.h). The newest frame wins.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/context.h"
#include "api/resources.h"
#include "attend/stream.h"
#include "report/faces_json.h"
#include "report/json.h"
#include "vision/quality.h"

enum {
	FRAME_BYTES_MAX = 4 * 1024 * 1024,
	ANSWER_BYTES_MAX = 1024 * 1024,
	/* Who may is decided when the connection begins: so it begins anew now and then. */
	KIOSK_MS = 15 * 60 * 1000,
	CLOSE_AGAIN = 1012, /* RFC 6455 */
};

/* What is known of a track, until another takes its place. */
struct note {
	uint64_t track; /* 0 = none */
	enum decision decision;
	struct person person; /* id "" = nobody, or not sure */
	enum outcome outcome;
	enum mark_status status;
	bool marked; /* status means something */
};

/* One connection. Its callbacks never overlap. */
struct kiosk {
	char org_id[UUID_TEXT], group_id[UUID_TEXT], actor[ACTOR_BYTES];
	bool grouped; /* only that group's people are named, only its register is marked */
	int64_t until_ms;
	uint64_t frames;
	struct stream *stream;
	char model[STORE_MODEL_BYTES]; /* that the stream was made for */
	struct note note[TRACKS_MAX];
	struct stream_face face[FACES_MAX];
};

static struct note *note_of(struct kiosk *k, uint64_t track)
{
	for (size_t i = 0; track != 0 && i < TRACKS_MAX; i++)
		if (k->note[i].track == track)
			return &k->note[i];
	return NULL;
}

/* --- what is written -------------------------------------------------------------------- */

/* The oldest track makes room: ids only rise. */
static struct note *note_for(struct kiosk *k, uint64_t track)
{
	struct note *note = note_of(k, track);
	for (size_t i = 0; note == NULL && i < TRACKS_MAX; i++)
		if (k->note[i].track == 0)
			note = &k->note[i];
	if (note == NULL) {
		note = &k->note[0];
		for (size_t i = 1; i < TRACKS_MAX; i++)
			if (k->note[i].track < note->track)
				note = &k->note[i];
	}
	return note;
}

static enum err write_event(struct kiosk *k, struct context *c, const struct stream_event *event,
	int64_t now_ms, struct error *why)
{
	const struct registrar registrar = {.store = c->store, .zone = c->zone, .now_ms = now_ms};
	struct recorded recorded;
	struct seen seen;
	stream_seen(k->stream, event, &seen);
	seen.look.group_id = k->grouped ? k->group_id : NULL;
	seen.look.at_ms = now_ms;
	seen.look.source = k->actor;
	enum err err = register_look(&registrar, &seen.look, &recorded, why);
	if (err != OK)
		return err;
	struct note *note = note_for(k, event->track);
	*note = (struct note){.track = event->track, .decision = event->verdict.decision};
	/* Who it only might be is for whoever reviews it, not for the screen. */
	if (note->decision == DECISION_MATCH)
		note->person = event->person;
	note->outcome = recorded.entry[0].outcome;
	note->status = recorded.entry[0].status;
	note->marked = note->outcome == OUTCOME_MARKED || note->outcome == OUTCOME_ALREADY;
	return OK;
}

/* --- what is answered ------------------------------------------------------------------- */

static const char *prompt_of(const struct stream_face *face, const struct note *note)
{
	if (note != NULL && note->decision == DECISION_MATCH)
		return NULL;
	for (int i = 0; face->looked && i < QUALITY_ISSUES; i++) {
		uint32_t bit = UINT32_C(1) << i;
		if ((face->issues & bit) != 0)
			return quality_advice((enum quality_issue)bit);
	}
	return note == NULL ? "look into the camera" : NULL;
}

static json_t *landmarks_json(const struct stream_face *face)
{
	if (!face->looked)
		return json_null();
	json_t *list = json_array();
	for (size_t i = 0; i < FACE_POINTS; i++)
		json_append(&list,
			json_pack(
				"[f,f]", (double)face->landmark[i].x, (double)face->landmark[i].y));
	return list;
}

static json_t *face_answer(const struct stream_face *face, const struct note *note)
{
	bool known = note != NULL;
	return json_pack("{s:o,s:I,s:o,s:o,s:o,s:o,s:o,s:o}", "box", box_json(&face->box), "track",
		(json_int_t)face->track, "landmarks", landmarks_json(face), "decision",
		json_text(known ? decision_word(note->decision) : NULL), "person",
		person_ref_json(known ? &note->person : NULL), "outcome",
		json_text(known ? outcome_word(note->outcome) : NULL), "status",
		json_text(known && note->marked ? mark_status_word(note->status) : NULL), "prompt",
		json_text(prompt_of(face, note)));
}

static json_t *frame_json(struct kiosk *k, const struct image *frame, bool written)
{
	size_t count = stream_faces(k->stream, k->face, FACES_MAX);
	json_t *faces = json_array();
	for (size_t i = 0; i < count && i < FACES_MAX; i++)
		json_append(&faces, face_answer(&k->face[i], note_of(k, k->face[i].track)));
	return json_pack("{s:s,s:I,s:i,s:i,s:b,s:o}", "type", "frame", "frame",
		(json_int_t)k->frames, "width", frame->width, "height", frame->height, "written",
		written, "faces", faces);
}

static void answer(struct channel *ch, json_t *doc)
{
	char *text = doc != NULL ? json_dumps(doc, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;
	json_decref(doc);
	if (text == NULL || channel_send(ch, text, strlen(text), false) != OK)
		channel_close(ch, 1011, "the answer cannot be sent");
	free(text);
}

/* --- a frame ---------------------------------------------------------------------------- */

/* Another engine looks at each frame; the stream goes on while the model is the same. */
static enum err ready_stream(struct kiosk *k, struct engine *e, struct error *why)
{
	static const struct stream_options options = {.repeat_ms = WITNESS_REPEAT_MS};
	const char *model = pipeline_model(engine_pipeline(e));
	if (k->stream != NULL && strcmp(k->model, model) == 0) {
		stream_set_engine(k->stream, e);
		return OK;
	}
	stream_free(k->stream);
	k->stream = NULL;
	memset(k->note, 0, sizeof(k->note));
	snprintf(k->model, sizeof(k->model), "%s", model);
	return stream_new(&k->stream, e, &options, why);
}

static enum err look(
	struct kiosk *k, struct context *c, struct recogniser *one, json_t **out, struct error *why)
{
	int64_t now_ms = api_options(c->api)->now_ms();
	struct stream_events *events = calloc(1, sizeof(*events));
	if (events == NULL)
		return err_set(why, ERR_NOMEM, "no memory for a frame");
	enum err err = ready_stream(k, one->engine, why);
	if (err == OK)
		err = stream_frame(k->stream, &one->photo, now_ms, events, why);
	for (size_t i = 0; err == OK && i < events->count; i++)
		err = write_event(k, c, &events->event[i], now_ms, why);
	if (err == OK) {
		*out = frame_json(k, &one->photo, events->count > 0);
		if (events->count > 0)
			api_changed(c->api);
	}
	free(events);
	return err;
}

static enum err take_frame(struct kiosk *k, struct context *c, const uint8_t *data, size_t len,
	json_t **out, struct error *why)
{
	struct recogniser *one = NULL;
	enum err err = context_use(c, k->org_id, why);
	if (err == OK)
		err = recogniser_take(api_recognisers(c->api), k->org_id, &one, why);
	if (err == OK)
		err = engine_search_group(one->engine, k->grouped ? k->group_id : NULL, why);
	if (err == OK)
		err = recogniser_decode(one, data, len, why);
	if (err == OK)
		err = look(k, c, one, out, why);
	recogniser_give(api_recognisers(c->api), one);
	return err;
}

/* Only what the client can do something about is told in words. */
static json_t *error_json(enum err err, const struct error *why)
{
	bool image = err == ERR_FORMAT || err == ERR_UNSUPPORTED || err == ERR_LIMIT;
	const char *code = image ? "bad_image" : err == ERR_BUSY ? "busy" : "internal";
	return json_pack("{s:s,s:s,s:s}", "type", "error", "code", code, "detail",
		image || err == ERR_BUSY ? why->text : "the frame could not be looked at");
}

static void message(
	struct channel *ch, const uint8_t *data, size_t len, bool binary, struct worker *w)
{
	struct kiosk *k = channel_data(ch);
	struct context *c = context_of(w);
	struct error why = {0};
	json_t *doc = NULL;
	if (!binary) {
		channel_close(ch, 1003, "frames are binary messages");
		return;
	}
	if (api_options(c->api)->now_ms() > k->until_ms) {
		channel_close(ch, CLOSE_AGAIN, "connect again");
		return;
	}
	k->frames++;
	enum err err = take_frame(k, c, data, len, &doc, &why);
	answer(ch, err == OK ? doc : error_json(err, &why));
}

/* --- the connection --------------------------------------------------------------------- */

/* The group of the query, or a device's own; who may mark in neither, may in all. */
static enum err choose_group(
	struct kiosk *k, const struct context *c, const struct request *req, struct error *why)
{
	const struct caller *caller = caller_of(req);
	const char *group_id = request_query(req, "group_id");
	struct group group;
	if (group_id == NULL && caller->kind == CALLER_DEVICE && caller->device.group_id[0] != '\0')
		group_id = caller->device.group_id;
	if (group_id == NULL)
		return caller_in_group(caller, c->store, "", GROUP_TAKE, why);
	enum err err = store_group(c->store, group_id, &group, why);
	if (err == OK)
		err = caller_in_group(caller, c->store, group.id, GROUP_TAKE, why);
	if (err != OK)
		return err;
	k->grouped = true;
	snprintf(k->group_id, sizeof(k->group_id), "%s", group.id);
	return OK;
}

static enum err opened(
	const struct request *req, struct response *res, struct channel *ch, struct worker *w)
{
	struct context *c = context_of(w);
	struct error *why = response_why(res);
	struct kiosk *k = calloc(1, sizeof(*k));
	if (k == NULL)
		return err_set(why, ERR_NOMEM, "no memory for a kiosk");
	enum err err = choose_group(k, c, req, why);
	if (err != OK) {
		free(k);
		return err;
	}
	snprintf(k->org_id, sizeof(k->org_id), "%s", c->org.id);
	snprintf(k->actor, sizeof(k->actor), "%s", caller_of(req)->actor);
	k->until_ms = request_now_ms(req) + KIOSK_MS;
	channel_set_data(ch, k);
	answer(ch, json_pack("{s:s,s:o}", "type", "hello", "group_id", json_text(k->group_id)));
	return OK;
}

static void closed(struct channel *ch, int code, struct worker *w)
{
	struct kiosk *k = channel_data(ch);
	stream_free(k->stream);
	free(k);
}

static const struct channel_ops ops = {
	.open = opened,
	.message = message,
	.close = closed,
	.message_max = FRAME_BYTES_MAX,
	.out_max = ANSWER_BYTES_MAX,
	.slow = CHANNEL_DROP_OLDEST,
	.busy = CHANNEL_NEWEST,
};

static const struct route routes[] = {
	{METHOD_GET, "/api/v1/kiosk", .access = RIGHT_REGISTERS_TAKE, .rate = RATE_API,
		.channel = &ops},
};

const struct resource resource_kiosk = RESOURCE(routes);
