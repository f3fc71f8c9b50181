/* SPDX-License-Identifier: MIT */
/* Any bytes as a time zone file: refused, or a table that keeps its invariants. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/tzif.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tz_table table;
	struct error why = {0};
	if (tzif_parse(data, size, &table, &why) != OK) {
		if (table.change != NULL || why.text[0] == '\0')
			abort();
		return 0;
	}
	if (table.count == 0 || table.change[0].at_s != INT64_MIN)
		abort();
	for (size_t i = 1; i < table.count; i++) {
		if (table.change[i].at_s <= table.change[i - 1].at_s ||
			table.change[i].offset_s == table.change[i - 1].offset_s ||
			tz_table_find(&table, table.change[i].at_s) != i)
			abort();
	}
	tz_table_finish(&table);
	return 0;
}
