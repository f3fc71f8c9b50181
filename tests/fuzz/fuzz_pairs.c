/* SPDX-License-Identifier: MIT */
/* The parser of LFW's pairs files: whatever is accepted keeps its promises. */
#include <stddef.h>
#include <stdint.h>

#include "gallery/pairs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pair_list list;
	struct error why = {0};
	if (pairs_parse(&list, (const char *)data, size, &why) != OK) {
		if (list.item != NULL || why.text[0] == '\0')
			abort();
		return 0;
	}
	for (size_t i = 0; i < list.count; i++) {
		const struct pair *pair = &list.item[i];
		if (pair->fold < 0 || pair->fold >= list.folds)
			abort();
		for (int k = 0; k < 2; k++) {
			const struct pair_photo *photo = &pair->photo[k];
			if (photo->number < 1 || photo->number > PAIR_NUMBER_MAX ||
				strchr(photo->name, '/') != NULL || photo->name[0] == '.' ||
				photo->name[0] == '\0')
				abort();
		}
		if (pair->same && strcmp(pair->photo[0].name, pair->photo[1].name) != 0)
			abort();
	}
	pair_list_finish(&list);
	return 0;
}
