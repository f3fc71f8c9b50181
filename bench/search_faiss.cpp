/* SPDX-License-Identifier: MIT */
#include "search_faiss.h"

#include <exception>

#include <faiss/IndexFlat.h>
#include <omp.h>

struct flat {
	faiss::IndexFlatL2 index;
	explicit flat(size_t dim) : index((int64_t)dim)
	{
	}
};

struct flat *flat_new(const float *row, size_t count, size_t dim)
{
	struct flat *f = nullptr;
	try {
		omp_set_num_threads(1);
		f = new struct flat(dim);
		f->index.add((int64_t)count, row);
		return f;
	} catch (const std::exception &) {
		delete f;
		return nullptr;
	}
}

void flat_free(struct flat *f)
{
	delete f;
}

void flat_search(const struct flat *f, const float *probe, size_t count, size_t near, int64_t *row,
	float *squared)
{
	f->index.search((int64_t)count, probe, (int64_t)near, squared, row);
}
