/* SPDX-License-Identifier: MIT */
/*
 * A large block of memory straight from the operating system. Weights are read,
 * packed and dropped again: what the heap would keep for later must really go
 * back, or a process with four networks holds each of them twice.
 */
#ifndef INFER_PAGES_H
#define INFER_PAGES_H

#include <stdbool.h>
#include <stddef.h>

/* A zeroed struct is empty; `bytes` is what was asked for. One thread at a time. */
struct pages {
	void *data;
	size_t bytes;
};

/* Fills an empty struct with zeroed memory on a page boundary; false when there is none. */
bool pages_init(struct pages *p, size_t bytes);

/* Gives the memory back; accepts an empty struct and leaves one. */
void pages_finish(struct pages *p);

#endif
