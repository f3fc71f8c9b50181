/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "attend/stream.h"
#include "base/name.h"
#include "cmd/cmd.h"
#include "report/faces_json.h"
#include "cmd/recognise.h"
#include "cmd/words.h"
#include "media/video.h"

struct watch_options {
	struct engine_choice choice;
	const char *group, *at;
	bool every_frame;
	int confirm;
	double seconds;
};

static const struct watch_options defaults = {.confirm = WITNESS_LOOKS};

enum { SLEEP_MS = 50, SECONDS_MAX = 366 * 24 * 3600, REPEAT_MS = 10000 };

static const struct option_spec options[] = {
	{.name = "group",
		.letter = 'g',
		.kind = OPTION_TEXT,
		.value = "GROUP",
		.help = "mark only this group's register",
		.offset = offsetof(struct watch_options, group),
		.complete = "group"},
	{.name = "confirm",
		.kind = OPTION_INT,
		.value = "N",
		.help = "looks at a face, a fifth of a second apart, that are put together before "
			"a mark is written, 2 to 8 (3)",
		.offset = offsetof(struct watch_options, confirm),
		.min = WITNESS_LOOKS_MIN,
		.max = WITNESS_LOOKS_MAX,
		.complete = "-"},
	{.name = "for",
		.kind = OPTION_NUMBER,
		.value = "SECONDS",
		.help = "stop after that many seconds of the source",
		.offset = offsetof(struct watch_options, seconds),
		.min = 0.001,
		.max = SECONDS_MAX,
		.complete = "-"},
	{.name = "every-frame",
		.kind = OPTION_FLAG,
		.help = "look at every frame of a video file, as fast or slow as it goes, instead "
			"of playing it in real time",
		.offset = offsetof(struct watch_options, every_frame)},
	{.name = "at",
		.kind = OPTION_TEXT,
		.value = "TIME",
		.help = "when the source begins (default: now)",
		.offset = offsetof(struct watch_options, at),
		.complete = "-"},
	RECOGNISE_OPTIONS(struct watch_options),
	{0},
};

struct watch {
	struct cmd *cmd;
	const struct watch_options *options;
	char *shown; /* the source without its password */
	struct group group;
	const char *group_id;
	struct video *video;
	bool live;
	struct stream *stream;
	struct image frame;
	int64_t base_ms;   /* UTC at the first frame */
	double begin_ms;   /* monotonic, at the first frame */
	int64_t source_ms; /* of the current frame, since the first */
	json_t *events;
	size_t frames, skipped, marked, matches;
};

/* --- events --- */

/* "rtsp://door:secret@cam/1" must not come into logs and documents with the secret in it. */
static char *without_password(const char *source)
{
	char *shown = utf8_printable(source);
	char *host = shown ? strstr(shown, "://") : NULL;
	if (!host)
		return shown;
	host += 3;
	size_t authority = strcspn(host, "/?#");
	char *at = memrchr(host, '@', authority);
	if (at)
		memmove(host, at + 1, strlen(at + 1) + 1);
	return shown;
}

/* What happened: an event of the stream, as it was written. */
struct written {
	const struct stream_event *event;
	const struct look *look;
	const struct entry *entry;
};

static json_t *event_json(const struct watch *w, const struct written *what)
{
	const struct look *look = what->look;
	const struct entry *entry = what->entry;
	const struct track_fused *looks = &what->event->looks;
	bool marked = entry->outcome == OUTCOME_MARKED || entry->outcome == OUTCOME_ALREADY;
	char stamp[STAMP_TEXT];
	zone_stamp(w->cmd->zone, look->at_ms, stamp);
	return json_pack("{s:s,s:I,s:o,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:I,s:I,s:I}", "at",
		stamp, "frame", (json_int_t)w->frames, "person",
		person_ref_json(&what->event->person), "decision", decision_word(look->decision),
		"outcome", outcome_word(entry->outcome), "reason", outcome_reason(entry->outcome),
		"group", cmd_json_text(entry->group), "session", cmd_json_text(entry->session_id),
		"status", marked ? json_string(mark_status_word(entry->status)) : json_null(),
		"distance", cmd_json_number(look->distance), "margin",
		cmd_json_number(look->margin), "box", box_json(&look->box), "track",
		(json_int_t)what->event->track, "looks", (json_int_t)looks->looks, "span_ms",
		(json_int_t)(looks->last_ms - looks->first_ms));
}

static enum err print_event(const struct watch *w, const struct written *what, struct error *why)
{
	const struct look *look = what->look;
	const struct entry *entry = what->entry;
	const struct person *person = &what->event->person;
	char time[TIME_WORDS];
	bool marked = entry->outcome == OUTCOME_MARKED || entry->outcome == OUTCOME_ALREADY;
	const char *doubt = look->decision == DECISION_REVIEW ? "?" : "";
	time_words(w->cmd->zone, look->at_ms, time);
	return print_text(why, "%s  %s%s  %s%s%s%s\n", time,
		person->id[0] ? person->name : "unknown", doubt,
		marked ? mark_status_word(entry->status) : outcome_reason(entry->outcome),
		entry->outcome == OUTCOME_ALREADY ? " already" : "",
		marked && entry->group[0] ? "  " : "", marked ? entry->group : "");
}

static enum err tell(struct watch *w, const struct written *what, struct error *why)
{
	w->marked += what->entry->outcome == OUTCOME_MARKED;
	if (what->entry->outcome == OUTCOME_COOLDOWN)
		return OK;
	if (!w->cmd->json)
		return print_event(w, what, why);
	if (json_array_append_new(w->events, event_json(w, what)))
		return err_set(why, ERR_NOMEM, "out of memory");
	return OK;
}

static enum err record(struct watch *w, const struct stream_event *event, struct error *why)
{
	struct recorded recorded = {0};
	struct seen seen;
	int64_t now_ms = clock_now_ms();
	bool wall_clock = w->live && !w->options->at;
	const struct registrar registrar = {w->cmd->store, w->cmd->zone, now_ms};
	stream_seen(w->stream, event, &seen);
	seen.look.group_id = w->group_id;
	seen.look.at_ms = wall_clock ? now_ms : w->base_ms + w->source_ms;
	seen.look.source = w->live ? "camera" : "video";
	w->matches += seen.look.decision == DECISION_MATCH;
	enum err rc = register_look(&registrar, &seen.look, &recorded, why);
	for (size_t k = 0; k < recorded.count && rc == OK; k++) {
		const struct written what = {event, &seen.look, &recorded.entry[k]};
		rc = tell(w, &what, why);
	}
	return rc;
}

/* --- frames --- */

static void sleep_ms(double ms)
{
	struct timespec t = {.tv_sec = (time_t)(ms / 1e3)};
	t.tv_nsec = (long)((ms - (double)t.tv_sec * 1e3) * 1e6);
	nanosleep(&t, NULL);
}

/* A file plays in real time: a frame is not looked at before its time has come. */
static void wait_for(const struct watch *w)
{
	for (;;) {
		double left = (double)w->source_ms - (monotonic_ms() - w->begin_ms);
		if (left <= 0 || interrupted())
			return;
		sleep_ms(fmin(left, SLEEP_MS));
	}
}

/* The next frame to look at: never one that waited in a queue while another was looked at. */
static enum err next_frame(struct watch *w, struct error *why)
{
	int skipped = 0;
	enum err rc;
	if (w->options->every_frame && !w->live) {
		rc = video_next(w->video, &w->frame, &w->source_ms, why);
	} else {
		double played = w->frames ? monotonic_ms() - w->begin_ms : 0;
		rc = video_latest(
			w->video, (int64_t)played, &w->frame, &w->source_ms, &skipped, why);
	}
	if (rc)
		return rc;
	if (w->frames == 0) {
		w->begin_ms = monotonic_ms() - (double)w->source_ms;
		w->base_ms = w->base_ms ? w->base_ms : clock_now_ms();
	}
	w->skipped += (size_t)skipped;
	w->frames++;
	if (!w->live && !w->options->every_frame)
		wait_for(w);
	return OK;
}

static enum err look_at_frame(struct watch *w, struct error *why)
{
	struct stream_events events;
	enum err rc = stream_frame(w->stream, &w->frame, w->source_ms, &events, why);
	for (size_t i = 0; i < events.count && rc == OK; i++)
		rc = record(w, &events.event[i], why);
	return rc;
}

static enum err watch_all(struct watch *w, struct error *why)
{
	enum err rc = OK;
	double seconds = w->options->seconds;
	interrupt_catch();
	while (rc == OK && !interrupted()) {
		rc = next_frame(w, why);
		if (rc == ERR_NOT_FOUND)
			return w->frames ? OK : err_prefix(why, rc, "'%s'", w->shown);
		if (rc && interrupted())
			return OK;
		if (rc == OK && seconds > 0 && (double)w->source_ms >= seconds * 1e3)
			break;
		if (rc == OK && !interrupted())
			rc = look_at_frame(w, why);
	}
	return rc;
}

/* --- beginning and end --- */

static enum err open_all(struct watch *w, struct error *why)
{
	struct cmd *c = w->cmd;
	const struct watch_options *o = w->options;
	w->shown = without_password(c->arg[0]);
	w->events = json_array();
	if (!w->shown || !w->events)
		return err_set(why, ERR_NOMEM, "out of memory");
	enum err rc = cmd_store(c, 0, why);
	if (rc == OK)
		rc = cmd_group(c, o->group, &w->group, &w->group_id, why);
	if (rc == OK && o->at)
		rc = cmd_time(c, o->at, &w->base_ms, why);
	if (rc == OK)
		rc = video_open(&w->video, c->arg[0], &(struct video_options){0}, why);
	if (rc == OK)
		rc = cmd_engine(c, 0, &o->choice, why);
	if (rc == OK)
		rc = engine_search_group(c->engine, w->group_id, why);
	if (rc == OK) {
		const struct registrar registrar = cmd_registrar(c);
		rc = register_forget(&registrar, why);
	}
	int64_t repeat_ms = (int64_t)c->org.cooldown_s * 1000;
	const struct stream_options stream = {
		o->confirm, repeat_ms > REPEAT_MS ? repeat_ms : REPEAT_MS};
	if (rc == OK)
		rc = stream_new(&w->stream, c->engine, &stream, why);
	if (rc == OK)
		w->live = video_is_live(w->video);
	return rc;
}

static int print(const struct watch *w)
{
	struct error why = {0};
	struct stream_work work = {0};
	if (w->stream)
		work = stream_work(w->stream);
	if (w->cmd->json)
		return cmd_print_json(json_pack("{s:s,s:I,s:I,s:I,s:O,s:I,s:I,s:I}", "source",
			w->shown, "frames", (json_int_t)w->frames, "skipped",
			(json_int_t)w->skipped, "marked", (json_int_t)w->marked, "events",
			w->events, "detected", (json_int_t)work.detected, "looks",
			(json_int_t)work.looks, "tracks", (json_int_t)work.tracks));
	enum err rc = print_text(&why, "%zu %s looked at, %zu skipped, %zu marked\n", w->frames,
		w->frames == 1 ? "frame" : "frames", w->skipped, w->marked);
	return rc == OK ? EXIT_OK : cmd_fail(&why);
}

static int run(struct cmd *c)
{
	struct watch w = {.cmd = c, .options = c->options};
	struct error why = {0};
	enum err rc = open_all(&w, &why);
	if (rc == OK && gallery_templates(engine_gallery(c->engine)) == 0)
		cmd_warn("nobody is enrolled yet, so nobody can be marked; see 'rollcall help "
			 "import'");
	if (rc == OK)
		rc = watch_all(&w, &why);
	int status = EXIT_OK;
	if (rc == OK || w.frames > 0) /* what was marked is told, however it ended */
		status = print(&w);
	if (rc)
		status = cmd_fail(&why);
	if (status == EXIT_OK && w.matches == 0)
		status = EXIT_NOTHING;
	stream_free(w.stream);
	video_close(w.video);
	image_finish(&w.frame);
	json_decref(w.events);
	free(w.shown);
	return status;
}

const struct command cmd_watch = {
	.name = "watch",
	.summary = "take attendance from a camera or a video",
	.usage = "SOURCE [--group GROUP] [--for SECONDS]",
	.about = "SOURCE is a camera (/dev/video0), a network camera (rtsp://...) or a video file. "
		 "Prints a line for each event as it happens; with --json one document at the end. "
		 "Ctrl-C ends it with a summary.\n"
		 "\n"
		 "Faces are followed from frame to frame. A mark is written only when several "
		 "looks at a face (--confirm), taken over at least 0.4 seconds and weighted by "
		 "their "
		 "quality, together are surely one person, and no look says somebody else: one "
		 "good frame alone never marks. Looks that are next to the same picture must span "
		 "a second. Who is known is looked at again every two seconds; a picture in "
		 "which nothing moves, every second. Faces in review and unknown ones are "
		 "recorded at most once in 10 seconds each, and never marked.\n"
		 "\n"
		 "When the machine is slower than the source, frames are skipped, never queued. A "
		 "file plays in real time unless --every-frame is given.\n"
		 "\n"
		 "Exit status: 0 somebody was recognised, 1 the source failed, 3 nobody was "
		 "recognised.",
	.examples = "$ rollcall watch /dev/video0 --group 3a\n"
		    "$ rollcall watch rtsp://camera.local/1 --for 3600\n"
		    "$ rollcall watch door.mp4 --every-frame --at \"2026-11-21 08:50\"",
	.complete = "file",
	.options = options,
	.options_size = sizeof(struct watch_options),
	.defaults = &defaults,
	.args_min = 1,
	.args_max = 1,
	.run = run,
};
