/* SPDX-License-Identifier: MIT */
#include "infer/pages.h"

#include <sys/mman.h>

bool pages_init(struct pages *p, size_t bytes)
{
	size_t wanted = bytes > 0 ? bytes : 1;
	void *data = mmap(NULL, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (data == MAP_FAILED)
		return false;
	*p = (struct pages){.data = data, .bytes = wanted};
	return true;
}

void pages_finish(struct pages *p)
{
	if (p->data != NULL)
		munmap(p->data, p->bytes);
	*p = (struct pages){0};
}
