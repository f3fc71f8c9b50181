/* SPDX-License-Identifier: MIT */
/*
 * A page is read as ids in order, from an index, and then row by row: a page has some
 * hundred rows at most, and each list keeps one way to read its rows.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/pages.h"
#include "store/store_int.h"

/* A place in a list: the key it is sorted by (a number or a text), and the row's id or ids. */
struct place {
	int64_t number;
	char key[NAME_KEY_BYTES], id[UUID_TEXT], id2[UUID_TEXT];
};

enum { PLACE_TEXT = 24 + NAME_KEY_BYTES + 2 * UUID_TEXT };

static const char divider[] = "\x1f";

_Static_assert(PAGE_CURSOR_BYTES >= (PLACE_TEXT + 2) / 3 * 4 + 1, "a cursor holds any place");

struct page_id {
	char id[UUID_TEXT], id2[UUID_TEXT];
};

struct page_ids {
	struct page_id *item;
	size_t count, capacity;
};

/* Reads one row into its place in a list; ERR_NOT_FOUND when it has gone meanwhile. */
typedef enum err load_fn(struct store *s, const struct page_id *id, void *out, struct error *why);

/*
 * How a list is read. The SQL gives number, key, id, id2 and takes: ?2 to ?5 a place, ?6 to ?9
 * filters, ?10 and ?11 a time, ?12 how many.
 */
struct page_query {
	const char *sql;
	bool descending;
	const char *text[4]; /* NULL = NULL */
	int64_t from_ms, to_ms;
	load_fn *load; /* of a row, which takes `size` bytes */
	size_t size;
};

/* --- cursors --- */

static enum err bad_cursor(struct error *why)
{
	return err_set(why, ERR_ARG, "the cursor is none: begin again without one");
}

static bool take(char **rest, char *out, size_t size)
{
	const char *part = strsep(rest, divider);
	size_t len = part != NULL ? strlen(part) : size;
	if (len >= size)
		return false;
	memcpy(out, part, len + 1);
	return true;
}

static enum err read_cursor(
	const struct page *page, bool descending, struct place *out, struct error *why)
{
	/* Before the first or after the last of all: '~' sorts after digits and letters of ids. */
	const char *end = descending ? "~" : "";
	*out = (struct place){.number = descending ? INT64_MAX : INT64_MIN};
	snprintf(out->key, sizeof(out->key), "%s", end);
	snprintf(out->id, sizeof(out->id), "%s", end);
	snprintf(out->id2, sizeof(out->id2), "%s", end);
	if (page->cursor[0] == '\0')
		return OK;
	char text[PLACE_TEXT], number[24], *rest = text, *last;
	size_t len;
	if (memchr(page->cursor, '\0', sizeof(page->cursor)) == NULL ||
		sodium_base642bin((uint8_t *)text, sizeof(text) - 1, page->cursor,
			strlen(page->cursor), NULL, &len, NULL,
			sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
		return bad_cursor(why);
	text[len] = '\0';
	if (!take(&rest, number, sizeof(number)) || !take(&rest, out->key, sizeof(out->key)) ||
		!take(&rest, out->id, sizeof(out->id)) || !take(&rest, out->id2, sizeof(out->id2)))
		return bad_cursor(why);
	out->number = strtoll(number, &last, 10);
	return last != number && *last == '\0' ? OK : bad_cursor(why);
}

static void write_cursor(struct page *page, const struct place *at)
{
	char text[PLACE_TEXT];
	int len = snprintf(text, sizeof(text), "%" PRId64 "\x1f%s\x1f%s\x1f%s", at->number, at->key,
		at->id, at->id2);
	sodium_bin2base64(page->cursor, sizeof(page->cursor), (const uint8_t *)text, (size_t)len,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* --- reading --- */

static size_t limit_of(const struct page *page)
{
	return page->limit > 0 && page->limit < PAGE_LIMIT_MAX ? page->limit : PAGE_LIMIT_MAX;
}

static bool add_id(struct query *q, struct page_ids *ids, const struct place *at)
{
	void *items = ids->item;
	if (!mem_grow(&items, ids->count, &ids->capacity, sizeof(*ids->item))) {
		query_fail(q, err_set(q->why, ERR_NOMEM, "cannot list a page: out of memory"));
		return false;
	}
	ids->item = items;
	struct page_id *id = &ids->item[ids->count++];
	memcpy(id->id, at->id, sizeof(id->id));
	memcpy(id->id2, at->id2, sizeof(id->id2));
	return true;
}

static void read_place(struct query *q, struct place *out)
{
	out->number = column_int(q, 0);
	column_text(q, 1, out->key, sizeof(out->key));
	column_text(q, 2, out->id, sizeof(out->id));
	column_text(q, 3, out->id2, sizeof(out->id2));
}

/* The ids of a page; page->cursor becomes that of the next. */
static enum err read_ids(struct store *s, const struct page_query *what, struct page *page,
	struct page_ids *out, struct error *why)
{
	struct place at, last = {0};
	enum err err = read_cursor(page, what->descending, &at, why);
	if (err != OK)
		return err;
	bool more = false;
	struct query q;
	query_start(&q, s, what->sql, why);
	query_int(&q, at.number);
	query_text(&q, at.key);
	query_text(&q, at.id);
	query_text(&q, at.id2);
	for (int i = 0; i < 4; i++)
		query_text_or_null(&q, what->text[i] != NULL ? what->text[i] : "");
	query_int(&q, what->from_ms != 0 ? what->from_ms : INT64_MIN);
	query_int(&q, what->to_ms != 0 ? what->to_ms : INT64_MAX);
	query_int(&q, (int64_t)limit_of(page) + 1);
	while (!more && query_row(&q)) {
		more = out->count == limit_of(page);
		if (!more)
			read_place(&q, &last);
		if (!more && (q.err != OK || !add_id(&q, out, &last)))
			break;
	}
	err = query_end(&q);
	page->cursor[0] = '\0';
	if (err == OK && more)
		write_cursor(page, &last);
	return err;
}

static enum err read_page(struct store *s, const struct page_query *what, struct page *page,
	struct rows *rows, struct error *why)
{
	struct page_ids ids = {0};
	enum err err = read_ids(s, what, page, &ids, why);
	for (size_t i = 0; i < ids.count && err == OK; i++) {
		if (!mem_grow(&rows->item, *rows->count, rows->capacity, what->size)) {
			err = err_set(why, ERR_NOMEM, "cannot list a page: out of memory");
			break;
		}
		char *room = (char *)rows->item + *rows->count * what->size;
		err = what->load(s, &ids.item[i], room, why);
		*rows->count += err == OK;
		if (err == ERR_NOT_FOUND)
			err = OK;
	}
	free(ids.item);
	return err;
}

/* Ends the function of a list: reads a page into it. */
#define READ_PAGE(what, out)                                                        \
	do {                                                                        \
		struct rows rows_ = {(out)->item, &(out)->count, &(out)->capacity}; \
		enum err err_ = read_page(s, what, page, &rows_, why);              \
		(out)->item = rows_.item;                                           \
		return err_;                                                        \
	} while (0)

#define LOAD(name, type, call)                                                           \
	static enum err name(                                                            \
		struct store *s, const struct page_id *id, void *out, struct error *why) \
	{                                                                                \
		type *item = out;                                                        \
		return call;                                                             \
	}

LOAD(load_person, struct person, store_person(s, id->id, item, why))
LOAD(load_group, struct group, store_group(s, id->id, item, why))
LOAD(load_session, struct session_row, store_session(s, id->id, item, why))
LOAD(load_sighting, struct sighting, store_sighting(s, id->id, item, why))
LOAD(load_mark, struct mark, store_mark(s, id->id, id->id2, item, why))
LOAD(load_user, struct user, store_user(s, id->id, item, why))
LOAD(load_key, struct api_key, store_key(s, id->id, item, why))
LOAD(load_device, struct device, store_device(s, id->id, item, why))
LOAD(load_contest, struct contest, store_contest(s, id->id, item, why))

/* Whether the group or the person is a teacher's; all are where the parameter is NULL. */
#define TEACHERS_GROUP(param, group)                                               \
	" AND (" param " IS NULL OR " group " IN (SELECT group_id FROM user_group" \
	"  WHERE org_id = ?1 AND user_id = " param "))"
#define TEACHERS_PERSON(param, person)                                                      \
	" AND (" param " IS NULL OR EXISTS (SELECT 1 FROM membership tm JOIN user_group tg" \
	"  ON tg.org_id = tm.org_id AND tg.group_id = tm.group_id"                          \
	"  WHERE tm.org_id = ?1 AND tm.person_id = " person " AND tg.user_id = " param "))"

/* The key that names are searched by; "" when there is nothing to search. */
static enum err search_key(
	const struct page_filter *filter, char out[static NAME_KEY_BYTES], struct error *why)
{
	char clean[NAME_BYTES];
	out[0] = '\0';
	if (filter->search == NULL || filter->search[0] == '\0')
		return OK;
	enum err err = name_clean(filter->search, "name to search for", clean, why);
	return err == OK ? name_key(clean, out, why) : err;
}

enum err store_people_page(struct store *s, const struct page_filter *filter, struct page *page,
	struct person_list *out, struct error *why)
{
	char key[NAME_KEY_BYTES];
	enum err err = search_key(filter, key, why);
	if (err != OK)
		return err;
	const struct page_query what = {
		.sql = "SELECT 0, p.name_key, p.id, '' FROM person p WHERE p.org_id = ?1"
		       " AND (p.name_key, p.id) > (?3, ?4)"
		       " AND (?6 IS NULL OR EXISTS (SELECT 1 FROM membership m WHERE m.org_id = ?1"
		       "  AND m.group_id = ?6 AND m.person_id = p.id))"
		       " AND (?7 IS NULL OR instr(p.name_key, ?7) > 0 OR p.number = "
		       "?8)" TEACHERS_PERSON("?9", "p.id") " ORDER BY p.name_key, p.id LIMIT ?12",
		.text = {filter->group_id, key, filter->search, filter->user_id},
		.load = load_person,
		.size = sizeof(struct person),
	};
	READ_PAGE(&what, out);
}

enum err store_groups_page(struct store *s, const struct page_filter *filter, struct page *page,
	struct group_list *out, struct error *why)
{
	char key[NAME_KEY_BYTES];
	enum err err = search_key(filter, key, why);
	if (err != OK)
		return err;
	const struct page_query what = {
		.sql = "SELECT 0, g.name_key, g.id, '' FROM person_group g WHERE g.org_id = ?1"
		       " AND g.removed = 0 AND (g.name_key, g.id) > (?3, ?4)"
		       " AND (?7 IS NULL OR instr(g.name_key, ?7) > 0)" TEACHERS_GROUP(
			       "?6", "g.id") " ORDER BY g.name_key, g.id LIMIT ?12",
		.text = {filter->user_id, key},
		.load = load_group,
		.size = sizeof(struct group),
	};
	READ_PAGE(&what, out);
}

enum err store_sessions_page(struct store *s, const struct page_filter *filter, struct page *page,
	struct session_list *out, struct error *why)
{
	const struct page_query what = {
		.sql = "SELECT 0, r.day, r.id, '' FROM session r WHERE r.org_id = ?1"
		       " AND (r.day, r.id) < (?3, ?4) AND (?6 IS NULL OR r.group_id = ?6)"
		       " AND (?7 IS NULL OR r.day >= ?7) AND (?8 IS NULL OR r.day <= "
		       "?8)" TEACHERS_GROUP(
			       "?9", "r.group_id") " ORDER BY r.day DESC, r.id DESC LIMIT ?12",
		.descending = true,
		.text = {filter->group_id, filter->from_day, filter->to_day, filter->user_id},
		.load = load_session,
		.size = sizeof(struct session_row),
	};
	READ_PAGE(&what, out);
}

#define SIGHTINGS                                                          \
	"SELECT g.at_ms, '', g.id, '' FROM sighting g WHERE g.org_id = ?1" \
	" AND (g.at_ms, g.id) < (?2, ?4) AND g.at_ms >= ?10 AND g.at_ms < ?11"
#define NEWEST_SIGHTINGS " ORDER BY g.at_ms DESC, g.id DESC LIMIT ?12"

enum err store_sightings_page(struct store *s, const struct page_filter *filter, struct page *page,
	struct sighting_list *out, struct error *why)
{
	static const char all[] = SIGHTINGS " AND (?7 IS NULL OR g.decision = ?7)" TEACHERS_PERSON(
		"?8", "g.person_id") NEWEST_SIGHTINGS;
	static const char of_person[] = SIGHTINGS
		" AND g.person_id = ?6"
		" AND (?7 IS NULL OR g.decision = ?7)" TEACHERS_PERSON("?8", "g.person_id")
			NEWEST_SIGHTINGS;
	const struct page_query what = {
		.sql = filter->person_id != NULL ? of_person : all,
		.descending = true,
		.text = {filter->person_id, filter->word, filter->user_id},
		.from_ms = filter->from_ms,
		.to_ms = filter->to_ms,
		.load = load_sighting,
		.size = sizeof(struct sighting),
	};
	READ_PAGE(&what, out);
}

enum err store_reviews_page(struct store *s, const struct page_filter *filter, struct page *page,
	struct sighting_list *out, struct error *why)
{
	const struct page_query what = {
		.sql = SIGHTINGS " AND g.decision = 'review' AND (?6 IS NULL OR g.person_id = ?6)"
				 " AND NOT EXISTS (SELECT 1 FROM review v WHERE v.org_id = ?1"
				 "  AND v.sighting_id = g.id)"
				 " AND NOT EXISTS (SELECT 1 FROM rejection j WHERE j.org_id = ?1"
				 "  AND j.sighting_id = g.id)" TEACHERS_PERSON("?7", "g.person_id")
					 NEWEST_SIGHTINGS,
		.descending = true,
		.text = {filter->person_id, filter->user_id},
		.from_ms = filter->from_ms,
		.to_ms = filter->to_ms,
		.load = load_sighting,
		.size = sizeof(struct sighting),
	};
	READ_PAGE(&what, out);
}

#define MARKS                                                                           \
	"SELECT m.at_ms, '', m.session_id, m.person_id FROM mark m WHERE m.org_id = ?1" \
	" AND (m.at_ms, m.session_id, m.person_id) < (?2, ?4, ?5)"                      \
	" AND m.at_ms >= ?10 AND m.at_ms < ?11"                                         \
	" AND (?8 IS NULL OR EXISTS (SELECT 1 FROM session r WHERE r.org_id = ?1"       \
	"  AND r.id = m.session_id AND r.group_id = ?8))"                               \
	" AND (?9 IS NULL OR EXISTS (SELECT 1 FROM session r JOIN user_group g"         \
	"  ON g.org_id = r.org_id AND g.group_id = r.group_id WHERE r.org_id = ?1"      \
	"  AND r.id = m.session_id AND g.user_id = ?9))"
#define NEWEST_MARKS " ORDER BY m.at_ms DESC, m.session_id DESC, m.person_id DESC LIMIT ?12"

enum err store_marks_page(struct store *s, const struct page_filter *filter, struct page *page,
	struct mark_list *out, struct error *why)
{
	static const char all[] = MARKS NEWEST_MARKS;
	static const char of_session[] =
		MARKS " AND m.session_id = ?6 AND (?7 IS NULL OR m.person_id = ?7)" NEWEST_MARKS;
	static const char of_person[] = MARKS " AND m.person_id = ?7" NEWEST_MARKS;
	const struct page_query what = {
		.sql = filter->session_id != NULL   ? of_session
			: filter->person_id != NULL ? of_person
						    : all,
		.descending = true,
		.text = {filter->session_id, filter->person_id, filter->group_id, filter->user_id},
		.from_ms = filter->from_ms,
		.to_ms = filter->to_ms,
		.load = load_mark,
		.size = sizeof(struct mark),
	};
	READ_PAGE(&what, out);
}

enum err store_users_page(struct store *s, const struct page_filter *filter, struct page *page,
	struct user_list *out, struct error *why)
{
	const struct page_query what = {
		.sql = "SELECT 0, '', u.id, '' FROM app_user u WHERE u.org_id = ?1 AND u.id > ?4"
		       " AND (?6 IS NULL OR u.state = ?6) ORDER BY u.id LIMIT ?12",
		.text = {filter->word},
		.load = load_user,
		.size = sizeof(struct user),
	};
	READ_PAGE(&what, out);
}

enum err store_keys_page(struct store *s, const struct page_filter *filter, struct page *page,
	struct api_key_list *out, struct error *why)
{
	(void)filter;
	const struct page_query what = {
		.sql = "SELECT 0, '', k.id, '' FROM api_key k WHERE k.org_id = ?1 AND k.id > ?4"
		       " ORDER BY k.id LIMIT ?12",
		.load = load_key,
		.size = sizeof(struct api_key),
	};
	READ_PAGE(&what, out);
}

enum err store_devices_page(struct store *s, const struct page_filter *filter, struct page *page,
	struct device_list *out, struct error *why)
{
	const struct page_query what = {
		.sql = "SELECT 0, d.name_key, d.id, '' FROM device d WHERE d.org_id = ?1"
		       " AND (d.name_key, d.id) > (?3, ?4) AND (?6 IS NULL OR d.group_id = "
		       "?6)" TEACHERS_GROUP(
			       "?7", "d.group_id") " ORDER BY d.name_key, d.id LIMIT ?12",
		.text = {filter->group_id, filter->user_id},
		.load = load_device,
		.size = sizeof(struct device),
	};
	READ_PAGE(&what, out);
}

enum err store_contests_page(struct store *s, const struct page_filter *filter, struct page *page,
	struct contest_list *out, struct error *why)
{
	const struct page_query what = {
		.sql = "SELECT 0, '', c.id, '' FROM contest c WHERE c.org_id = ?1 AND c.id > ?4"
		       " AND (?6 IS NULL OR c.state = ?6) AND (?7 IS NULL OR c.person_id = "
		       "?7)" TEACHERS_PERSON("?8", "c.person_id") " ORDER BY c.id LIMIT ?12",
		.text = {filter->word, filter->person_id, filter->user_id},
		.load = load_contest,
		.size = sizeof(struct contest),
	};
	READ_PAGE(&what, out);
}
