/* SPDX-License-Identifier: MIT */
/* Values in JSON documents. All return a new reference, or NULL when out of memory. Any thread. */
#ifndef REPORT_JSON_H
#define REPORT_JSON_H

#include <jansson.h>
#include <stdint.h>

#include "base/clock.h"

/* A number, or null where there is none (NAN, INFINITY). */
json_t *json_number(double value);

/* A string, or null for NULL and ""; bytes that are no UTF-8 become '?'. */
json_t *json_text(const char *text);

/* A moment as zone_stamp writes it; null for 0. */
json_t *json_time(const struct zone *zone, int64_t ms);

/*
 * Appends to *list, which takes `item` over, and drops the whole list when that fails: better no
 * document than half a one.
 */
void json_append(json_t **list, json_t *item);

#endif
