/* SPDX-License-Identifier: MIT */
#include "media/image_int.h"

#include <jpeglib.h>
#include <jerror.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

enum { BAND_ROWS = 16, ENCODE_ROOM = 16384 };

/*
 * libjpeg reports errors by not returning: everything that a jump may leave half done
 * lives in here, not in local variables, and is released by reader_finish.
 */
struct reader {
	struct jpeg_decompress_struct jpeg;
	struct jpeg_error_mgr errors;
	struct jpeg_progress_mgr progress;
	jmp_buf jump;
	enum err err;
	struct error *why;

	const uint8_t *bytes;
	size_t len;
	const struct image_options *options;
	struct image_info info;
	struct image *out;
	uint8_t *band; /* BAND_ROWS rows, when they do not go straight to `out` */
	bool damaged;  /* data was missing or broken */
	bool nothing;  /* before the first row of blocks was complete */
	/* Where the last complete one of several scans ends, for a second try; 0 = none yet. */
	size_t scan_end;
};

/* Warnings after which pixels are not what they were. */
static const int damage_codes[] = {JWRN_JPEG_EOF, JWRN_HIT_MARKER, JWRN_HUFF_BAD_CODE,
	JWRN_ARITH_BAD_CODE, JWRN_MUST_RESYNC, JWRN_BOGUS_PROGRESSION};

static _Noreturn void give_up(j_common_ptr common)
{
	struct reader *r = common->client_data;
	char text[JMSG_LENGTH_MAX];
	common->err->format_message(common, text);
	if (common->err->msg_code == JERR_OUT_OF_MEMORY)
		r->err = err_set(r->why, ERR_NOMEM, "out of memory for the JPEG");
	else if (common->err->msg_code == JERR_IMAGE_TOO_BIG)
		r->err = err_set(
			r->why, ERR_LIMIT, "a side of it has over %d pixels", IMAGE_SIDE_MAX);
	else
		r->err = err_set(r->why, ERR_FORMAT, "broken JPEG: %s", text);
	longjmp(r->jump, 1);
}

static void note_damage(struct reader *r, int code)
{
	if (r->damaged)
		return;
	r->damaged = true;
	bool first_row = r->jpeg.input_scan_number <= 1 && r->jpeg.input_iMCU_row == 0;
	/* With restart markers the decoder can find back to good data after a bad row. */
	bool for_good =
		code == JWRN_JPEG_EOF || (code == JWRN_HIT_MARKER && r->jpeg.restart_interval == 0);
	r->nothing = first_row && for_good;
}

static void take_message(j_common_ptr common, int level)
{
	struct reader *r = common->client_data;
	if (level >= 0)
		return;
	common->err->num_warnings++;
	for (size_t i = 0; i < sizeof(damage_codes) / sizeof(damage_codes[0]); i++) {
		if (common->err->msg_code == damage_codes[i])
			note_damage(r, damage_codes[i]);
	}
	if (common->err->num_warnings > 1)
		return;
	char text[JMSG_LENGTH_MAX];
	common->err->format_message(common, text);
	log_at(LOG_DEBUG, "jpeg: %s", text);
}

static void print_nothing(j_common_ptr common)
{
	(void)common;
}

/* Each scan of a progressive file goes over the whole picture: few bytes, much work. */
static void count_scans(j_common_ptr common)
{
	struct reader *r = common->client_data;
	if (r->jpeg.input_scan_number > 0 && !r->damaged &&
		r->jpeg.input_iMCU_row >= r->jpeg.total_iMCU_rows)
		r->scan_end = (size_t)(r->jpeg.src->next_input_byte - r->bytes) -
			(r->jpeg.unread_marker != 0 ? 2 : 0);
	if (r->jpeg.input_scan_number <= JPEG_SCANS_MAX)
		return;
	r->err = err_set(r->why, ERR_LIMIT, "the JPEG has more than %d scans", JPEG_SCANS_MAX);
	longjmp(r->jump, 1);
}

static enum err guarded(struct reader *r, void (*work)(struct reader *r))
{
	if (setjmp(r->jump) != 0)
		return r->err;
	work(r);
	return OK;
}

static void reader_finish(struct reader *r)
{
	jpeg_destroy_decompress(&r->jpeg);
	free(r->band);
	free(r);
}

static void work_header(struct reader *r)
{
	jpeg_create_decompress(&r->jpeg);
	r->jpeg.progress = &r->progress;
	jpeg_mem_src(&r->jpeg, r->bytes, r->len);
	jpeg_save_markers(&r->jpeg, JPEG_APP0 + 1, EXIF_BYTES_MAX);
	(void)jpeg_read_header(&r->jpeg, TRUE);
}

static enum err read_orientation(struct reader *r)
{
	const struct jpeg_marker_struct *marker = r->jpeg.marker_list;
	r->info.orientation = 1;
	for (; marker != NULL; marker = marker->next) {
		if (marker->data_length > 6 && memcmp(marker->data, "Exif\0", 6) == 0)
			return exif_orientation(
				marker->data, marker->data_length, &r->info.orientation, r->why);
	}
	return OK;
}

/* A reader that has read the header, checked it, and knows the orientation. */
static enum err reader_open(
	struct reader **out, const uint8_t *bytes, size_t len, struct error *why)
{
	*out = NULL;
	struct reader *r = calloc(1, sizeof(*r));
	if (r == NULL)
		return err_set(why, ERR_NOMEM, "out of memory for the JPEG");
	r->why = why;
	r->bytes = bytes;
	r->len = len;
	r->jpeg.err = jpeg_std_error(&r->errors);
	r->jpeg.client_data = r;
	r->errors.error_exit = give_up;
	r->errors.emit_message = take_message;
	r->errors.output_message = print_nothing;
	r->progress.progress_monitor = count_scans;
	enum err err = guarded(r, work_header);
	if (err != OK)
		goto out;
	r->info.format = IMAGE_JPEG;
	r->info.width = (int)r->jpeg.image_width;
	r->info.height = (int)r->jpeg.image_height;
	err = image_check_size(r->info.width, r->info.height, why);
	if (err == OK)
		err = read_orientation(r);
out:
	if (err == OK)
		*out = r;
	else
		reader_finish(r);
	return err;
}

/*
 * CMYK to RGB without profiles. Adobe's files hold the ink inverted, and every CMYK JPEG
 * in the wild with an Adobe marker is Adobe's in this respect.
 */
static void cmyk_to_rgb(uint8_t *pixels, size_t count, bool inverted)
{
	uint8_t flip = inverted ? 0 : 255;
	for (size_t i = 0; i < count; i++) {
		const uint8_t *from = pixels + 4 * i;
		unsigned white = from[3] ^ flip;
		uint8_t rgb[3];
		for (int c = 0; c < 3; c++)
			rgb[c] = (uint8_t)(((from[c] ^ flip) * white + 127) / 255);
		memcpy(pixels + 3 * i, rgb, 3);
	}
}

static void choose_scale(struct reader *r)
{
	int longer = r->info.width > r->info.height ? r->info.width : r->info.height;
	r->jpeg.scale_num = 1;
	r->jpeg.scale_denom = 1;
	const int min_side = r->options->min_side;
	while (min_side > 0 && r->jpeg.scale_denom < 8 &&
		longer / (2 * (int)r->jpeg.scale_denom) >= min_side)
		r->jpeg.scale_denom *= 2;
}

static _Noreturn void fail_with(struct reader *r, enum err err)
{
	r->err = err;
	longjmp(r->jump, 1);
}

/* The output image and, where rows cannot be decoded into it, the band. */
static void make_room(struct reader *r, bool cmyk)
{
	int width = (int)r->jpeg.output_width, height = (int)r->jpeg.output_height;
	bool swap = orientation_swaps(r->info.orientation);
	r->info.width = width;
	r->info.height = height;
	int out_width = swap ? height : width, out_height = swap ? width : height;
	if (r->options->room != NULL) {
		*r->out = (struct image){out_width, out_height, r->options->room};
	} else {
		enum err err = image_alloc(r->out, out_width, out_height, 3, r->why);
		if (err != OK)
			fail_with(r, err);
	}
	if (r->info.orientation == 1 && !cmyk)
		return;
	r->band = malloc((size_t)width * BAND_ROWS * (cmyk ? 4 : 3));
	if (r->band == NULL)
		fail_with(r, err_set(r->why, ERR_NOMEM, "out of memory for the JPEG"));
}

static void work_pixels(struct reader *r)
{
	struct jpeg_decompress_struct *jpeg = &r->jpeg;
	bool cmyk = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
	jpeg->out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
	choose_scale(r);
	jpeg_calc_output_dimensions(jpeg);
	make_room(r, cmyk);
	(void)jpeg_start_decompress(jpeg);
	int height = r->info.height;
	size_t row_bytes = (size_t)r->info.width * (cmyk ? 4 : 3);
	for (int y = 0; y < height; y += BAND_ROWS) {
		int count = height - y < BAND_ROWS ? height - y : BAND_ROWS;
		uint8_t *first = r->band != NULL ? r->band : r->out->rgb + (size_t)y * row_bytes;
		JSAMPROW row[BAND_ROWS];
		for (int i = 0; i < count; i++)
			row[i] = first + (size_t)i * row_bytes;
		for (int got = 0; got < count;)
			got += (int)jpeg_read_scanlines(jpeg, row + got, (JDIMENSION)(count - got));
		if (cmyk)
			cmyk_to_rgb(r->band, (size_t)r->info.width * (size_t)count,
				jpeg->saw_Adobe_marker);
		if (r->band != NULL)
			image_place(r->band, y, count, &r->info, r->out);
	}
}

static bool knows_jpeg(const uint8_t *bytes, size_t len)
{
	return len >= 3 && memcmp(bytes, "\xFF\xD8\xFF", 3) == 0;
}

static enum err probe_jpeg(
	const uint8_t *bytes, size_t len, struct image_info *out, struct error *why)
{
	struct reader *r;
	enum err err = reader_open(&r, bytes, len, why);
	if (err != OK)
		return err;
	*out = r->info;
	reader_finish(r);
	return OK;
}

static enum err check_bytes(const struct reader *r)
{
	size_t pixels = (size_t)r->info.width * (size_t)r->info.height;
	if (pixels / JPEG_PIXELS_PER_BYTE_MAX <= r->len || r->jpeg.arith_code)
		return OK;
	return err_set(r->why, ERR_FORMAT,
		"broken JPEG: its header says %dx%d pixels, but there are only %zu bytes",
		r->info.width, r->info.height, r->len);
}

/* What one try came to. */
struct outcome {
	bool damaged;
	size_t scan_end;
};

static enum err try_to_decode(const uint8_t *bytes, size_t len, const struct image_options *options,
	struct image *out, struct outcome *outcome, struct error *why)
{
	struct reader *r;
	*outcome = (struct outcome){0};
	enum err err = reader_open(&r, bytes, len, why);
	if (err != OK)
		return err;
	r->out = out;
	r->options = options;
	err = check_bytes(r);
	if (err == OK)
		err = guarded(r, work_pixels);
	if (err == OK && r->nothing)
		err = err_set(why, ERR_FORMAT,
			"broken JPEG: it is cut off before the first row of pixels");
	*outcome = (struct outcome){.damaged = r->damaged, .scan_end = r->scan_end};
	reader_finish(r);
	return err;
}

static enum err decode_jpeg(const uint8_t *bytes, size_t len, const struct image_options *options,
	struct image *out, bool *truncated, struct error *why)
{
	struct outcome outcome;
	enum err err = try_to_decode(bytes, len, options, out, &outcome, why);
	if (err == ERR_FORMAT && outcome.scan_end > 0) {
		/*
		 * The tables between two scans of a progressive file are cut off or broken, an
		 * error to libjpeg. What came before is a whole picture: without the rest.
		 */
		image_drop(out, options->room);
		err = try_to_decode(bytes, outcome.scan_end, options, out, &outcome, why);
		outcome.damaged = true;
	}
	*truncated = outcome.damaged;
	return err;
}

const struct image_coder image_jpeg = {
	.name = "JPEG", .knows = knows_jpeg, .probe = probe_jpeg, .decode = decode_jpeg};

struct writer {
	struct jpeg_compress_struct jpeg;
	struct jpeg_error_mgr errors;
	struct jpeg_destination_mgr destination;
	jmp_buf jump;
	enum err err;
	struct error *why;

	const struct image *image;
	int quality;
	struct buf *out;
	uint8_t room[ENCODE_ROOM];
};

static _Noreturn void give_up_writing(j_common_ptr common)
{
	struct writer *w = common->client_data;
	char text[JMSG_LENGTH_MAX];
	common->err->format_message(common, text);
	enum err err = common->err->msg_code == JERR_OUT_OF_MEMORY ? ERR_NOMEM : ERR_ARG;
	w->err = err_set(w->why, err, "cannot write a JPEG: %s", text);
	longjmp(w->jump, 1);
}

static void start_room(j_compress_ptr jpeg)
{
	struct writer *w = jpeg->client_data;
	w->destination.next_output_byte = w->room;
	w->destination.free_in_buffer = sizeof(w->room);
}

static void flush_room(struct writer *w, size_t len)
{
	enum err err = buf_add(w->out, w->room, len);
	if (err == OK)
		return;
	w->err = err_set(w->why, err, "cannot write a JPEG: %s", err_str(err));
	longjmp(w->jump, 1);
}

static boolean flush_full_room(j_compress_ptr jpeg)
{
	struct writer *w = jpeg->client_data;
	flush_room(w, sizeof(w->room));
	start_room(jpeg);
	return TRUE;
}

static void flush_last_room(j_compress_ptr jpeg)
{
	struct writer *w = jpeg->client_data;
	flush_room(w, sizeof(w->room) - w->destination.free_in_buffer);
}

static void compress(struct writer *w)
{
	struct jpeg_compress_struct *jpeg = &w->jpeg;
	jpeg_create_compress(jpeg);
	jpeg->dest = &w->destination;
	jpeg->image_width = (JDIMENSION)w->image->width;
	jpeg->image_height = (JDIMENSION)w->image->height;
	jpeg->input_components = 3;
	jpeg->in_color_space = JCS_RGB;
	jpeg_set_defaults(jpeg);
	jpeg_set_quality(jpeg, w->quality, TRUE);
	jpeg_start_compress(jpeg, TRUE);
	while (jpeg->next_scanline < jpeg->image_height) {
		JSAMPROW row =
			w->image->rgb + 3 * (size_t)w->image->width * (size_t)jpeg->next_scanline;
		(void)jpeg_write_scanlines(jpeg, &row, 1);
	}
	jpeg_finish_compress(jpeg);
}

static enum err guarded_compress(struct writer *w)
{
	if (setjmp(w->jump) != 0)
		return w->err;
	compress(w);
	return OK;
}

enum err image_encode_jpeg(
	const struct image *image, int quality, struct buf *out, struct error *why)
{
	struct writer *w = calloc(1, sizeof(*w));
	if (w == NULL)
		return err_set(why, ERR_NOMEM, "cannot write a JPEG: out of memory");
	size_t len = out->len;
	w->why = why;
	w->image = image;
	w->quality = quality < 1 ? 1 : quality > 100 ? 100 : quality;
	w->out = out;
	w->jpeg.err = jpeg_std_error(&w->errors);
	w->jpeg.client_data = w;
	w->errors.error_exit = give_up_writing;
	w->errors.output_message = print_nothing;
	w->destination.init_destination = start_room;
	w->destination.empty_output_buffer = flush_full_room;
	w->destination.term_destination = flush_last_room;
	enum err err = guarded_compress(w);
	jpeg_destroy_compress(&w->jpeg);
	free(w);
	if (err != OK && out->data != NULL) {
		out->len = len;
		out->data[len] = '\0';
	}
	return err;
}
