/* SPDX-License-Identifier: MIT */
#include "net/condition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const char *const day_names[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const month_names[] = {
	"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void http_date(int64_t seconds, char out[static HTTP_DATE_TEXT])
{
	time_t at = seconds;
	struct tm tm = {.tm_mday = 1, .tm_year = 70};
	gmtime_r(&at, &tm);
	/* Years of four digits: the grammar has no others. */
	int year = tm.tm_year + 1900;
	snprintf(out, HTTP_DATE_TEXT, "%s, %02d %s %04d %02d:%02d:%02d GMT",
		day_names[(unsigned)tm.tm_wday % 7], tm.tm_mday % 100,
		month_names[(unsigned)tm.tm_mon % 12], year < 0 || year > 9999 ? 9999 : year,
		tm.tm_hour % 100, tm.tm_min % 100, tm.tm_sec % 100);
}

bool http_date_parse(const char *text, int64_t *seconds)
{
	char month[4] = "";
	struct tm tm = {0};
	int used = 0;
	if (strlen(text) != HTTP_DATE_TEXT - 1 || text[3] != ',')
		return false;
	if (sscanf(text + 4, " %2d %3s %4d %2d:%2d:%2d GMT%n", &tm.tm_mday, month, &tm.tm_year,
		    &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &used) != 6 ||
		used != HTTP_DATE_TEXT - 5)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon = -1;
	for (int i = 0; i < 12; i++) {
		if (strcmp(month, month_names[i]) == 0)
			tm.tm_mon = i;
	}
	if (tm.tm_mon < 0)
		return false;
	*seconds = timegm(&tm);
	return true;
}

/* One element of the list: [W/]"opaque". NULL when it is none. */
static const char *read_tag(const char *at, bool *is_weak, const char **tag, size_t *len)
{
	*is_weak = at[0] == 'W' && at[1] == '/';
	at += *is_weak ? 2 : 0;
	if (*at != '"')
		return NULL;
	const char *close = strchr(at + 1, '"');
	if (close == NULL)
		return NULL;
	*tag = at;
	*len = (size_t)(close - at) + 1;
	return close + 1;
}

bool etag_in_list(const char *list, const char *etag, bool weak)
{
	bool own_weak = strncmp(etag, "W/", 2) == 0;
	const char *own = own_weak ? etag + 2 : etag;
	const char *at = list + strspn(list, " \t");
	if (strcmp(at, "*") == 0)
		return true;
	while (*at != '\0') {
		bool is_weak;
		const char *tag;
		size_t len;
		at += strspn(at, " \t,");
		at = read_tag(at, &is_weak, &tag, &len);
		if (at == NULL)
			return false;
		if (strlen(own) == len && memcmp(own, tag, len) == 0 &&
			(weak || (!is_weak && !own_weak)))
			return true;
	}
	return false;
}

/* Digits only; false when there are none or too many. */
static bool read_number(const char **at, uint64_t *out)
{
	uint64_t n = 0;
	const char *p = *at;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (p - *at >= 18)
			return false;
		n = n * 10 + (uint64_t)(*p - '0');
	}
	bool any = p > *at;
	*at = p;
	*out = n;
	return any;
}

enum err range_parse(const char *value, uint64_t size, struct byte_range *out)
{
	if (strncasecmp(value, "bytes=", 6) != 0)
		return ERR_UNSUPPORTED;
	const char *at = value + 6;
	at += strspn(at, " \t");
	uint64_t first = 0, last = 0;
	bool has_first = read_number(&at, &first);
	if (*at != '-')
		return ERR_UNSUPPORTED;
	at++;
	bool has_last = read_number(&at, &last);
	at += strspn(at, " \t");
	if (*at != '\0' || (!has_first && !has_last) || (has_first && has_last && last < first))
		return ERR_UNSUPPORTED;
	if (!has_first) { /* the last so many */
		if (last == 0 || size == 0)
			return ERR_LIMIT;
		first = last < size ? size - last : 0;
		last = size - 1;
	} else if (first >= size) {
		return ERR_LIMIT;
	} else if (!has_last || last >= size) {
		last = size - 1;
	}
	*out = (struct byte_range){.first = first, .count = last - first + 1};
	return OK;
}

bool range_still_holds(const char *if_range, const char *etag, const char *last_modified)
{
	if (if_range == NULL)
		return true;
	if (if_range[0] == '"')
		return etag != NULL && strcmp(if_range, etag) == 0;
	return last_modified != NULL && strcmp(if_range, last_modified) == 0;
}
