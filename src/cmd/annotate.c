/* SPDX-License-Identifier: MIT */
#include "cmd/annotate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/name.h"
#include "cmd/cmd.h"
#include "media/draw.h"

enum {
	BLUR_CELLS = 5,       /* squares across a blurred face: less than tells people apart */
	BLUR_BORDER_PART = 5, /* border around it: a fifth of its size, for hair, ears and chin */
	FONT_MIN = 11,        /* pixels */
	SAME_NAME_MAX = 10000,
	LABEL_BYTES = NAME_BYTES + 32,
};

/* The outline of the face is of the label's paper. */
static const struct label_style style_match = {{255, 255, 255}, {0, 158, 75}};
static const struct label_style style_review = {{0, 0, 0}, {255, 204, 0}};
static const struct label_style style_unknown = {{255, 255, 255}, {118, 118, 118}};

static int clamp(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

/* A box in whole pixels inside the photo, grown by a border; width 0 when nothing is left. */
static struct rect inside(const struct image *photo, const struct box *box, float border)
{
	float left = floorf(box->x - border), top = floorf(box->y - border);
	float right = ceilf(box->x + box->w + border), bottom = ceilf(box->y + box->h + border);
	left = fmaxf(left, 0);
	top = fmaxf(top, 0);
	right = fminf(right, (float)photo->width);
	bottom = fminf(bottom, (float)photo->height);
	if (!(right > left) || !(bottom > top))
		return (struct rect){0};
	return (struct rect){(int)left, (int)top, (int)(right - left), (int)(bottom - top)};
}

/* --- blurring --- */

/* Every pixel of a cell becomes the cell's mean. */
static void flatten(struct image *photo, struct rect cell)
{
	uint64_t sum[3] = {0};
	uint64_t count = (uint64_t)cell.width * (uint64_t)cell.height;
	for (int y = cell.y; y < cell.y + cell.height; y++) {
		const uint8_t *row = photo->rgb + 3 * ((size_t)y * (size_t)photo->width);
		for (int x = cell.x; x < cell.x + cell.width; x++) {
			for (int k = 0; k < 3; k++)
				sum[k] += row[3 * x + k];
		}
	}
	for (int y = cell.y; y < cell.y + cell.height; y++) {
		uint8_t *row = photo->rgb + 3 * ((size_t)y * (size_t)photo->width);
		for (int x = cell.x; x < cell.x + cell.width; x++) {
			for (int k = 0; k < 3; k++)
				row[3 * x + k] = (uint8_t)(sum[k] / count);
		}
	}
}

static int longest(const struct rect *r)
{
	return r->width > r->height ? r->width : r->height;
}

static void blur_face(struct image *photo, const struct box *box)
{
	float longer = fmaxf(box->w, box->h);
	struct rect face = inside(photo, box, longer / BLUR_BORDER_PART);
	int cells = BLUR_CELLS + 2; /* those of the border */
	int side = clamp((longest(&face) + cells - 1) / cells, 2, 1 << 16);
	for (int y = face.y; y < face.y + face.height; y += side) {
		for (int x = face.x; x < face.x + face.width; x += side) {
			struct rect cell = {x, y, side, side};
			if (cell.x + cell.width > face.x + face.width)
				cell.width = face.x + face.width - cell.x;
			if (cell.y + cell.height > face.y + face.height)
				cell.height = face.y + face.height - cell.y;
			flatten(photo, cell);
		}
	}
}

/* --- drawing --- */

static const struct label_style *style_of(const struct annotation *what, size_t i)
{
	if (!what->verdict || what->verdict[i].decision == DECISION_MATCH)
		return &style_match;
	return what->verdict[i].decision == DECISION_REVIEW ? &style_review : &style_unknown;
}

static void label_of(const struct annotation *what, size_t i, char out[static LABEL_BYTES])
{
	if (!what->verdict) {
		snprintf(out, LABEL_BYTES, "%.2f", (double)what->faces->face[i].score);
		return;
	}
	const struct verdict *verdict = &what->verdict[i];
	const char *name = what->person ? what->person[i].name : "";
	if (verdict->decision == DECISION_MATCH)
		snprintf(out, LABEL_BYTES, "%s  %.2f", name, verdict->distance);
	else if (verdict->decision == DECISION_REVIEW)
		snprintf(out, LABEL_BYTES, "%s?", name);
	else
		snprintf(out, LABEL_BYTES, "unknown");
}

static int compare_float(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return (x > y) - (x < y);
}

/* Letters as tall as suits the middle one of the faces, and never too small to be read. */
static int font_pixels(const struct image *photo, const struct face_list *faces)
{
	int longer = photo->width > photo->height ? photo->width : photo->height;
	int least = clamp(longer / 90, FONT_MIN, 1 << 10);
	float *width = mem_array(faces->count, sizeof(*width));
	if (!width || faces->count == 0) {
		free(width);
		return least;
	}
	for (size_t i = 0; i < faces->count; i++)
		width[i] = faces->face[i].box.w;
	qsort(width, faces->count, sizeof(*width), compare_float);
	float middle = fminf(width[faces->count / 2], (float)longer);
	free(width);
	return clamp((int)(middle / 5), least, clamp(longer / 28, least, 1 << 10));
}

static bool overlap(const struct rect *a, const struct rect *b)
{
	bool across = a->x < b->x + b->width && b->x < a->x + a->width;
	return across && a->y < b->y + b->height && b->y < a->y + a->height;
}

/* Above the face, under it, or inside at the top or bottom: the first that hides no other label. */
static struct rect place_label(const struct image *photo, const struct rect *face,
	const struct rect *taken, size_t count, struct rect label)
{
	const int rows[] = {face->y - label.height, face->y + face->height, face->y,
		face->y + face->height - label.height};
	struct rect best = label;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rect at = label;
		at.x = clamp(
			face->x, 0, photo->width > label.width ? photo->width - label.width : 0);
		at.y = clamp(rows[i], 0,
			photo->height > label.height ? photo->height - label.height : 0);
		bool free_place = at.y == rows[i];
		for (size_t k = 0; k < count && free_place; k++)
			free_place = !overlap(&at, &taken[k]);
		if (i == 0 || free_place)
			best = at;
		if (free_place)
			break;
	}
	return best;
}

static void draw_labels(
	struct image *photo, struct font *font, int pixels, const struct annotation *what)
{
	struct rect *taken = mem_array(what->faces->count, sizeof(*taken));
	char text[LABEL_BYTES];
	for (size_t i = 0; taken && i < what->faces->count; i++) {
		struct rect face = inside(photo, &what->faces->face[i].box, 0);
		const struct label_style *style = style_of(what, i);
		if (face.width == 0)
			continue;
		label_of(what, i, text);
		/* draw_label adds a little room around the letters. */
		struct rect label = {
			0, 0, font_width(font, text) + pixels / 2, pixels + pixels / 2};
		taken[i] = place_label(photo, &face, taken, i, label);
		draw_label(photo, font, taken[i].x, taken[i].y, text, style);
	}
	free(taken);
}

enum err annotate_draw(
	struct image *photo, const struct annotation *what, bool blur, struct error *why)
{
	const struct face_list *faces = what->faces;
	for (size_t i = 0; blur && i < faces->count; i++)
		blur_face(photo, &faces->face[i].box);
	int longer = photo->width > photo->height ? photo->width : photo->height;
	for (size_t i = 0; i < faces->count; i++) {
		struct rect face = inside(photo, &faces->face[i].box, 0);
		int line = clamp(face.width / 20, 1, clamp(longer / 300, 2, 1 << 10));
		if (face.width > 0)
			draw_box(photo, &face, line, style_of(what, i)->paper);
	}
	struct font *font = NULL;
	int pixels = font_pixels(photo, faces);
	struct error reason = {0};
	enum err rc = font_open(&font, pixels, &reason);
	if (rc == ERR_NOT_FOUND) {
		cmd_warn("no names in the annotated photo: %s", reason.text);
		return OK;
	}
	if (rc) {
		if (why)
			*why = reason;
		return rc;
	}
	draw_labels(photo, font, pixels, what);
	font_close(font);
	return OK;
}

/* --- where to --- */

static bool is_folder(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

enum err annotate_init(
	struct annotate *a, const struct annotate_choice *choice, size_t photos, struct error *why)
{
	const char *out = choice->out;
	*a = (struct annotate){.to = *choice};
	if (!out)
		return choice->blur
			? err_set(why, ERR_ARG, "--blur is for the picture of --annotate")
			: OK;
	if (!out[0])
		return err_set(why, ERR_ARG, "--annotate needs a file or a folder");
	bool picture = photo_ending(out);
	a->folder = is_folder(out) || out[strlen(out) - 1] == '/' || (photos > 1 && !picture);
	if (a->folder)
		return file_make_folder(out, 0755, why);
	if (photos > 1)
		return err_set(why, ERR_ARG,
			"--annotate needs a folder for %zu photos, and '%s' is one file", photos,
			path_base(out));
	size_t len = strlen(out);
	if (!picture || strcasecmp(out + len - 5, ".webp") == 0)
		return err_set(why, ERR_UNSUPPORTED,
			"--annotate writes .jpg or .png: give '%s' such an ending", path_base(out));
	return OK;
}

void annotate_finish(struct annotate *a)
{
	photo_list_finish(&a->written);
	a->to.out = NULL;
}

static bool was_written(const struct annotate *a, const char *path)
{
	for (size_t i = 0; i < a->written.count; i++) {
		if (strcmp(a->written.item[i].path, path) == 0)
			return true;
	}
	return false;
}

/* "OUT/class.jpg" for ".../class.webp"; "OUT/class-2.jpg" when this run wrote that already. */
static char *path_in_folder(const struct annotate *a, const char *photo)
{
	const char *base = path_base(photo);
	const char *dot = strrchr(base, '.');
	int stem = (int)(dot && dot != base ? (size_t)(dot - base) : strlen(base));
	for (int i = 1; i < SAME_NAME_MAX; i++) {
		char *name = NULL;
		int len = i == 1 ? asprintf(&name, "%.*s.jpg", stem, base)
				 : asprintf(&name, "%.*s-%d.jpg", stem, base, i);
		if (len < 0)
			return NULL;
		char *path = path_join(a->to.out, name);
		free(name);
		if (!path || !was_written(a, path))
			return path;
		free(path);
	}
	return NULL;
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;
	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

enum err annotate_write(struct annotate *a, const char *path, struct image *photo,
	const struct annotation *what, struct error *why)
{
	if (!a->to.out)
		return OK;
	char *out = a->folder ? path_in_folder(a, path) : mem_strdup(a->to.out);
	if (!out)
		return err_set(why, ERR_NOMEM, "out of memory");
	enum err rc = OK;
	if (same_file(out, path))
		rc = err_set(why, ERR_EXISTS,
			"the annotated picture would replace the photo itself: give another "
			"folder");
	if (rc == OK)
		rc = annotate_draw(photo, what, a->to.blur, why);
	if (rc == OK)
		rc = image_save(photo, out, why);
	if (rc == OK && a->folder)
		rc = photo_list_add(&a->written, out, why);
	free(out);
	return rc;
}
