/* SPDX-License-Identifier: MIT */
/* The parser of models' manifests: whatever is accepted keeps its promises. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "vision/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			abort();
	}
}

static void check_fmr(const struct manifest_fmr *fmr)
{
	if (fmr->points > MANIFEST_FMR_POINTS_MAX || (fmr->points > 0 && !(fmr->step > 0)))
		abort();
	for (size_t i = 0; i < fmr->points; i++) {
		const struct fmr_point *p = &fmr->point[i];
		if (!(p->rate >= 0 && p->rate <= p->high && p->high <= 1))
			abort();
		if (i > 0 && p->rate < fmr->point[i - 1].rate)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest *m;
	struct error why = {0};
	if (manifest_parse(&m, (const char *)data, size, &why) != OK) {
		if (m != NULL || why.text[0] == '\0')
			abort();
		return 0;
	}
	if (!manifest_name_valid(m->name) || m->id[0] == '\0' || m->files == 0 ||
		m->files > MANIFEST_FILES_MAX)
		abort();
	for (size_t i = 0; i < m->files; i++) {
		const struct manifest_file *file = &m->file[i];
		check_text(file->path);
		if (strchr(file->path, '/') != NULL || file->path[0] == '.' ||
			file->size > MANIFEST_FILE_MAX ||
			(file->url != NULL && file->sha256[0] == '\0'))
			abort();
	}
	for (int i = 0; i < 3; i++) {
		if (!isfinite(m->input.mean[i]) || !(m->input.std[i] > 0))
			abort();
	}
	if (m->kind == MODEL_EMBEDDING && (m->dim == 0 || m->dim > MANIFEST_DIM_MAX))
		abort();
	check_fmr(&m->fmr);
	check_text(m->about);
	check_text(m->licence);
	check_text(m->licence_url);
	check_text(m->provenance);
	check_text(m->caveat);
	check_text(m->source);
	manifest_free(m);
	return 0;
}
