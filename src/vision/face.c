/* SPDX-License-Identifier: MIT */
#include "vision/face.h"

#include <stdlib.h>

#include "base/mem.h"

void face_list_finish(struct face_list *list)
{
	free(list->face);
	*list = (struct face_list){0};
}

struct face *face_list_add(struct face_list *list)
{
	if (!mem_grow((void **)&list->face, list->count, &list->capacity, sizeof(*list->face)))
		return NULL;
	struct face *face = &list->face[list->count++];
	*face = (struct face){0};
	return face;
}
