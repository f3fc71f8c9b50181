/* SPDX-License-Identifier: MIT */
/* The tables of distance to FMR of the models that are known. Data only. */
#ifndef GALLERY_FMR_DATA_H
#define GALLERY_FMR_DATA_H

#include "gallery/fmr.h"

extern const struct fmr_table fmr_table[];
extern const size_t fmr_tables;

#endif
