/* SPDX-License-Identifier: MIT */
#include "api/upload.h"

#include <string.h>

#include "api/body.h"

static const char *const image_names[] = {"image", "photo", "file", NULL};

#define HOW                                                                                        \
	"send the image as the part '%s' of multipart/form-data, as the body (image/jpeg), or as " \
	"a data URL in JSON: {\"%s\": \"data:...\"}"

enum { HINT_BYTES = 256 };

static enum err refuse(struct response *res, int status, const char *code, const char *name)
{
	char hint[HINT_BYTES];
	snprintf(hint, sizeof(hint), HOW, name, name);
	enum err err = response_problem(
		res, status, code, hint, "there is no image '%s' in the request", name);
	return err != OK ? err : err_set(response_why(res), ERR_ARG, "no image '%s'", name);
}

static enum err refuse_type(struct response *res, const char *type, const char *name)
{
	char hint[HINT_BYTES];
	snprintf(hint, sizeof(hint), HOW, name, name);
	enum err err = response_problem(res, 415, "unsupported", hint,
		"a body of type '%s' holds no image that can be read", type);
	return err != OK ? err : err_set(response_why(res), ERR_UNSUPPORTED, "type '%s'", type);
}

static bool listed(const char *const *names, const char *name)
{
	for (size_t i = 0; names != NULL && names[i] != NULL; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static size_t count_of(const struct upload_wanted *wanted)
{
	size_t count = 0;
	while (wanted->images != NULL && wanted->images[count] != NULL)
		count++;
	return wanted->images != NULL ? count : 1;
}

static const char *name_of(const struct upload_wanted *wanted, size_t i)
{
	return wanted->images != NULL ? wanted->images[i] : image_names[0];
}

/* The place of an image of that name, or -1. */
static int place_of(const struct upload_wanted *wanted, const char *name)
{
	if (wanted->images == NULL)
		return listed(image_names, name) ? 0 : -1;
	for (size_t i = 0; wanted->images[i] != NULL; i++)
		if (strcmp(wanted->images[i], name) == 0)
			return (int)i;
	return -1;
}

/* --- multipart/form-data ---------------------------------------------------------------- */

static enum err from_form(
	struct upload *u, struct response *res, const struct upload_wanted *wanted)
{
	enum err err = form_read(&u->form, u->req, response_why(res));
	for (size_t i = 0; err == OK && i < u->form.parts.count; i++) {
		const struct part *part = &u->form.parts.item[i];
		int place = place_of(wanted, part->name);
		if (place < 0 || u->image[place].bytes != NULL)
			continue;
		u->image[place] = (struct upload_image){part->data, part->len};
	}
	return err;
}

/* --- JSON ------------------------------------------------------------------------------- */

static enum err refuse_base64(struct response *res, const char *name, const struct error *reason)
{
	enum err err = response_problem(res, 400, "bad_image",
		"send a data URL (data:image/jpeg;base64,...) or plain base64", "'%s': %s", name,
		reason->text);
	if (err == OK)
		err = response_problem_add(res, "field", json_string(name));
	return err != OK ? err : err_set(response_why(res), ERR_FORMAT, "'%s'", name);
}

static enum err from_dataurl(
	struct upload *u, struct response *res, size_t place, const char *name, const json_t *value)
{
	struct error why = {0};
	struct dataurl *url = &u->url[place];
	if (!json_is_string(value))
		return body_invalid(res, name, "takes a data URL or base64");
	if (u->image[place].bytes != NULL)
		return body_invalid(res, name, "came under another name already");
	enum err err = dataurl_decode(
		url, json_string_value(value), json_string_length(value), IMAGE_FILE_MAX, &why);
	if (err == ERR_FORMAT)
		return refuse_base64(res, name, &why);
	if (err != OK)
		return response_error(res, err, &why) != OK ? ERR_NOMEM : err;
	if (url->type[0] != '\0' && strncmp(url->type, "image/", 6) != 0 &&
		strcmp(url->type, "application/octet-stream") != 0)
		return refuse_type(res, url->type, name);
	u->image[place] = (struct upload_image){url->bytes, url->len};
	return OK;
}

static enum err from_json(
	struct upload *u, struct response *res, const struct upload_wanted *wanted)
{
	enum err err = request_json(u->req, &u->doc, response_why(res));
	if (err == OK && !json_is_object(u->doc))
		err = body_invalid(res, "body", "takes an object");
	if (err != OK)
		return err;
	for (void *at = json_object_iter(u->doc); err == OK && at != NULL;
		at = json_object_iter_next(u->doc, at)) {
		const char *name = json_object_iter_key(at);
		const json_t *value = json_object_iter_value(at);
		int place = place_of(wanted, name);
		if (place >= 0)
			err = from_dataurl(u, res, (size_t)place, name, value);
		else if (!listed(wanted->texts, name))
			err = body_invalid(res, name, "is not known here");
		else if (!json_is_string(value) && !json_is_null(value))
			err = body_invalid(res, name, "takes a text");
	}
	return err;
}

/* --- all of them ------------------------------------------------------------------------ */

static bool raw_image(const char *type)
{
	return strncmp(type, "image/", 6) == 0 || strcmp(type, "application/octet-stream") == 0;
}

static enum err read_any(struct upload *u, struct response *res, const struct upload_wanted *wanted)
{
	size_t len = 0;
	const char *type = request_type(u->req), *name = name_of(wanted, 0);
	const uint8_t *body = request_body(u->req, &len);
	if (len == 0)
		return refuse(res, 400, "no_image", name);
	if (strcmp(type, "multipart/form-data") == 0)
		return from_form(u, res, wanted);
	if (strcmp(type, "application/json") == 0)
		return from_json(u, res, wanted);
	bool one = count_of(wanted) == 1 || wanted->needed == 1;
	if (!raw_image(type) || !one)
		return refuse_type(res, type, name);
	u->image[0] = (struct upload_image){body, len};
	return OK;
}

enum err upload_read(struct upload *out, const struct request *req, struct response *res,
	const struct upload_wanted *wanted)
{
	*out = (struct upload){.req = req};
	enum err err = read_any(out, res, wanted);
	size_t count = count_of(wanted), needed = wanted->needed > 0 ? wanted->needed : count;
	for (size_t i = 0; err == OK && i < needed; i++)
		if (out->image[i].bytes == NULL || out->image[i].len == 0)
			err = refuse(res, 400, "no_image", name_of(wanted, i));
	return err;
}

void upload_finish(struct upload *u)
{
	form_finish(&u->form);
	json_decref(u->doc);
	for (size_t i = 0; i < UPLOAD_IMAGES_MAX; i++)
		dataurl_finish(&u->url[i]);
	*u = (struct upload){0};
}

const char *upload_text(const struct upload *u, const char *name)
{
	const char *text = request_query(u->req, name);
	if (text == NULL)
		text = form_field(&u->form, name);
	if (text == NULL && u->doc != NULL)
		text = json_string_value(json_object_get(u->doc, name));
	return text != NULL && text[0] != '\0' ? text : NULL;
}

enum err upload_decode(
	const struct upload_image *image, struct recogniser *one, struct response *res)
{
	struct error why = {0};
	enum err err = recogniser_decode(one, image->bytes, image->len, &why);
	enum err told = OK;
	if (err == OK)
		return OK;
	if (err == ERR_FORMAT)
		told = response_problem(res, 400, "bad_image",
			"send a JPEG, PNG or WebP file, whole and not changed", "%s", why.text);
	else
		told = response_error(res, err, &why);
	if (told != OK)
		return told;
	return err_set(response_why(res), err, "%s", why.text);
}
