/* SPDX-License-Identifier: MIT */
/* What a gallery says about itself, as a page to read, print and keep. One thread. */
#ifndef REPORT_CALIBRATION_PAGE_H
#define REPORT_CALIBRATION_PAGE_H

#include "base/buf.h"
#include "gallery/calibrate.h"

/* Somebody who should be enrolled better. */
struct weak_person {
	const char *name;
	size_t templates;
	double quality;     /* of the best template; NAN = not known */
	const char *advice; /* static */
};

struct alike_pair {
	const char *a, *b; /* names */
	double distance;
};

struct calibration_report {
	const struct calibration *calibration;
	const char *organisation, *group, *stamp; /* group NULL = everybody */
	size_t people, templates;
	bool sampled;
	const struct weak_person *weak;
	size_t weaks;
	const struct alike_pair *alike;
	size_t alikes;
};

/* Appends an HTML document without anything from outside: styles and drawings are in it. */
enum err calibration_page(
	const struct calibration_report *report, struct buf *out, struct error *why) MUST_USE;

#endif
