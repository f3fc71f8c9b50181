/* SPDX-License-Identifier: MIT */
#include "cmd/photo_run.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/name.h"
#include "report/faces_json.h"
#include "cmd/words.h"

/* Bytes of the longest beginning, up to a slash, that all paths share. */
static size_t common_folder(const struct photo_list *list)
{
	if (list->count == 0)
		return 0;
	const char *first = list->item[0].path;
	size_t common = (size_t)(path_base(first) - first);
	for (size_t i = 1; i < list->count; i++) {
		while (common > 0 && strncmp(first, list->item[i].path, common) != 0) {
			common--;
			while (common > 0 && first[common - 1] != '/')
				common--;
		}
	}
	return common;
}

const char *photo_short(const struct photo_run *run, const char *path)
{
	return strlen(path) > run->common ? path + run->common : path;
}

enum err photo_run_init(struct photo_run *run, const struct cmd *c, size_t first, struct error *why)
{
	enum err rc = OK;
	*run = (struct photo_run){.photos = json_array()};
	if (!run->photos)
		return err_set(why, ERR_NOMEM, "out of memory");
	for (size_t i = first; rc == OK && i < c->args; i++)
		rc = photo_list_add(&run->list, c->arg[i], why);
	run->common = common_folder(&run->list);
	if (rc)
		photo_run_finish(run);
	return rc;
}

void photo_run_finish(struct photo_run *run)
{
	photo_list_finish(&run->list);
	json_decref(run->photos);
	run->photos = NULL;
}

void photo_warn(const char *path, const char *why)
{
	char *shown = utf8_printable(path);
	if (!shown || strstr(why, path) || strstr(why, shown) || strstr(why, path_base(shown)))
		cmd_warn("%s", why);
	else
		cmd_warn("%s: %s", shown, why);
	free(shown);
}

/* One photo or failed argument; gives its JSON entry. */
static json_t *one(
	struct photo_run *run, const struct photo_item *item, photo_run_fn *fn, void *ctx)
{
	struct error why = {0};
	json_t *entry = NULL;
	const char *text = item->error;
	if (!text && fn(ctx, item->path, &entry, &why) != OK)
		text = why.text[0] ? why.text : err_str(why.code);
	if (!text)
		return entry;
	json_decref(entry);
	run->failed++;
	progress_clear(run->bar);
	photo_warn(item->path, text);
	return photo_error_json(item->path, text);
}

enum err photo_run_all(
	struct photo_run *run, photo_run_fn *fn, void *ctx, const char *what, struct error *why)
{
	enum err rc = OK;
	interrupt_catch();
	run->bar = progress_start(run->list.count, what);
	for (size_t i = 0; i < run->list.count && rc == OK; i++) {
		if (interrupted() || run->fatal) {
			run->stopped = true;
			break;
		}
		json_t *entry = one(run, &run->list.item[i], fn, ctx);
		if (json_array_append_new(run->photos, entry))
			rc = err_set(why, ERR_NOMEM, "out of memory");
		run->done++;
		progress_step(run->bar, run->done);
	}
	progress_end(run->bar);
	run->bar = NULL;
	if (run->stopped)
		cmd_warn("stopped after %zu of %zu photos; what was done until then is kept",
			run->done, run->list.count);
	return rc;
}

int photo_run_status(const struct photo_run *run, bool recognised)
{
	if (run->failed || run->stopped)
		return EXIT_FAILED;
	return recognised ? EXIT_OK : EXIT_NOTHING;
}

enum err photo_run_no_face(const struct photo_run *run, struct error *why)
{
	size_t seen = run->done - run->failed;
	if (seen == 0)
		return OK;
	return print_text(why, "no face in %zu %s\n", seen, seen == 1 ? "photo" : "photos");
}

int photo_run_print(const struct photo_run *run, const struct cmd *c, const struct table *faces,
	bool recognised)
{
	struct error why = {0};
	int status = EXIT_OK;
	enum err rc = OK;
	if (c->json)
		status = cmd_print_json(json_pack("{s:O}", "photos", run->photos));
	else if (table_rows(faces) > 0)
		rc = cmd_print_table(faces, &why);
	else
		rc = photo_run_no_face(run, &why);
	if (rc)
		status = cmd_fail(&why);
	return status == EXIT_OK ? photo_run_status(run, recognised) : status;
}
