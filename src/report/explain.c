/* SPDX-License-Identifier: MIT */
#include "report/explain.h"

#include <math.h>
#include <string.h>

static const char *name_or(const char *name, const char *other)
{
	return name != NULL && name[0] != '\0' ? name : other;
}

static bool is(const struct explanation *e, const char *decision)
{
	return strcmp(e->sighting->decision, decision) == 0;
}

static const char *plural(int64_t count)
{
	return count == 1 ? "person" : "people";
}

static enum err say_outcome(const struct explanation *e, struct buf *out)
{
	const struct sighting *s = e->sighting;
	char stamp[STAMP_TEXT];
	const char *person = name_or(e->person, "somebody who has been erased");
	zone_stamp(e->zone, s->at_ms, stamp);
	if (is(e, "match"))
		return buf_printf(
			out, "At %s the face was taken for %s (%s).\n", stamp, person, s->source);
	if (is(e, "review"))
		return buf_printf(out,
			"At %s the face looked like %s, not surely enough to be marked (%s).\n",
			stamp, person, s->source);
	if (is(e, "unknown"))
		return buf_printf(out, "At %s the face was like nobody (%s).\n", stamp, s->source);
	return buf_printf(out, "At %s %s was entered by hand (%s).\n", stamp, person, s->source);
}

static enum err say_search(const struct explanation *e, struct buf *out)
{
	const struct evidence *v = e->evidence;
	enum err err = OK;
	if (v->group_id[0] != '\0')
		err = buf_printf(out, "It was searched for among the %lld %s of %s",
			(long long)v->candidates, plural(v->candidates),
			name_or(e->group, "a group that is no longer there"));
	else
		err = buf_printf(out, "It was searched for among %lld %s", (long long)v->candidates,
			plural(v->candidates));
	if (err == OK && v->guests > 0)
		err = buf_printf(out, "; %lld others who are enrolled could only lead to review",
			(long long)v->guests);
	return err == OK ? buf_add_str(out, ".\n") : err;
}

static enum err say_looks(const struct explanation *e, struct buf *out)
{
	const struct evidence *v = e->evidence;
	if (v->looks == 0)
		return OK;
	return buf_printf(out,
		"It was looked at %lld times within %.1f seconds; what follows is of all looks "
		"together, the better ones counting more.\n",
		(long long)v->looks, (double)v->span_ms / 1e3);
}

static enum err say_distance(const struct explanation *e, struct buf *out)
{
	const struct sighting *s = e->sighting;
	const struct evidence *v = e->evidence;
	enum err err = OK;
	if (v != NULL && isfinite(s->threshold))
		err = buf_printf(out,
			"So that a stranger is taken for one of them at most once in %.0f times, a "
			"match may be at most %.3f away, and up to %.3f a person should look.\n",
			1 / v->budget, s->threshold, v->review);
	if (err != OK || !isfinite(s->distance))
		return err;
	if (!isfinite(s->threshold))
		return buf_printf(out, "The nearest was %.3f away.\n", s->distance);
	return buf_printf(out, "The nearest was %.3f away: %s.\n", s->distance,
		s->distance <= s->threshold                     ? "near enough"
			: v != NULL && s->distance <= v->review ? "too far to be sure"
								: "too far");
}

static enum err say_second(const struct explanation *e, struct buf *out)
{
	const struct sighting *s = e->sighting;
	const struct evidence *v = e->evidence;
	if (!isfinite(v->second_distance))
		return buf_add_str(out, "There was nobody else to mistake it for.\n");
	enum err err = buf_printf(out, "The second was %s, %.3f away: a margin of %.3f",
		name_or(e->second, "somebody who has been erased"), v->second_distance, s->margin);
	if (err == OK && v->margin_needed > 0)
		err = buf_printf(out, ", where %.3f is needed%s", v->margin_needed,
			strstr(v->reason, "alike") != NULL ? " because the two look alike" : "");
	return err == OK ? buf_add_str(out, ".\n") : err;
}

static enum err say_rest(const struct explanation *e, struct buf *out)
{
	const struct sighting *s = e->sighting;
	const struct evidence *v = e->evidence;
	enum err err = OK;
	if (isfinite(v->counter))
		err = buf_printf(out,
			"A face that was corrected to be somebody else was %.3f away, %s than the "
			"person.\n",
			v->counter, v->counter < s->distance ? "nearer" : "farther");
	if (err == OK && isfinite(s->quality))
		err = buf_printf(out,
			"The quality of the picture was %.2f, where %.2f is needed.\n", s->quality,
			v->quality_needed);
	if (err == OK && v->reason[0] != '\0')
		err = buf_printf(out, "In short: %s.\n", v->reason);
	return err;
}

static enum err say_rejection(const struct explanation *e, struct buf *out)
{
	const struct rejection *r = e->rejection;
	char stamp[STAMP_TEXT];
	zone_stamp(e->zone, r->at_ms, stamp);
	return buf_printf(out, "At %s %s said that this is not %s: %s. %s\n", stamp, r->actor,
		name_or(e->person, "that person"), r->reason,
		r->has_face ? "The face is a counter-example now."
			    : "The face was not kept any more.");
}

enum err explain(const struct explanation *e, struct buf *out, struct error *why)
{
	enum err err = say_outcome(e, out);
	bool manual = is(e, "manual");
	if (err == OK && e->evidence != NULL)
		err = say_search(e, out);
	if (err == OK && e->evidence != NULL)
		err = say_looks(e, out);
	if (err == OK && !manual)
		err = say_distance(e, out);
	if (err == OK && e->evidence != NULL && isfinite(e->sighting->distance)) {
		err = say_second(e, out);
		if (err == OK)
			err = say_rest(e, out);
	}
	if (err == OK && e->evidence == NULL && !manual)
		err = buf_add_str(
			out, "It is from before reasons were kept, so no more is known.\n");
	if (err == OK && e->rejection != NULL)
		err = say_rejection(e, out);
	return err == OK ? OK : err_set(why, err, "cannot explain the sighting: %s", err_str(err));
}
