/* SPDX-License-Identifier: MIT */
#include "report/json.h"

#include <math.h>
#include <stdlib.h>

#include "base/name.h"

json_t *json_number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

json_t *json_text(const char *text)
{
	if (text == NULL || text[0] == '\0')
		return json_null();
	json_t *string = json_string(text);
	if (string != NULL)
		return string;
	char *printable = utf8_printable(text);
	string = printable != NULL ? json_string(printable) : NULL;
	free(printable);
	return string;
}

json_t *json_time(const struct zone *zone, int64_t ms)
{
	char text[STAMP_TEXT];
	if (ms == 0)
		return json_null();
	zone_stamp(zone, ms, text);
	return json_string(text);
}

void json_append(json_t **list, json_t *item)
{
	if (*list == NULL) {
		json_decref(item);
		return;
	}
	if (json_array_append_new(*list, item)) {
		json_decref(*list);
		*list = NULL;
	}
}
