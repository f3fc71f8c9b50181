/* SPDX-License-Identifier: MIT */
#include "net/fetch.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"

enum { COPY_CHUNK = 1 << 16, HTTP_GONE = 410, HTTP_RANGE = 416, MEGABYTE = 1000 * 1000 };

/* One transfer: where its bytes go, and what stopped it from within. */
struct sink {
	const struct fetch *what;
	struct buf *text; /* or */
	int fd;
	uint64_t at; /* bytes in place */
	int errnum;  /* of a failed write */
	bool stopped, too_large;
};

static enum err no_memory(struct error *why)
{
	return err_set(why, ERR_NOMEM, "no memory for a download");
}

enum err fetch_init(struct error *why)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(why, ERR_IO, "libcurl does not start");
	return OK;
}

/* --- addresses --- */

static bool is_loopback(const char *host)
{
	struct in_addr v4;
	return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
		(inet_pton(AF_INET, host, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127);
}

static enum err check_parts(const char *url, CURLU *parts, struct error *why)
{
	char *scheme = NULL, *host = NULL, *user = NULL;
	enum err err = OK;
	if (curl_url_set(parts, CURLUPART_URL, url, 0) != CURLUE_OK ||
		curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
		curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		err = err_set(why, ERR_ARG, "'%.200s' is no web address", url);
	else if (curl_url_get(parts, CURLUPART_USER, &user, 0) == CURLUE_OK)
		err = err_set(
			why, ERR_ARG, "an address with a user name in it is not fetched from");
	else if (strcmp(scheme, "https") != 0 &&
		(strcmp(scheme, "http") != 0 || !is_loopback(host)))
		err = err_set(why, ERR_ARG,
			"'%.200s' is not fetched: only https:// is, and http:// from this machine "
			"itself",
			url);
	curl_free(scheme);
	curl_free(host);
	curl_free(user);
	return err;
}

enum err fetch_allowed(const char *url, struct error *why)
{
	if (strlen(url) > FETCH_URL_MAX)
		return err_set(why, ERR_ARG, "an address has at most %d bytes", FETCH_URL_MAX);
	CURLU *parts = curl_url();
	if (parts == NULL)
		return no_memory(why);
	enum err err = check_parts(url, parts, why);
	curl_url_cleanup(parts);
	return err;
}

/* --- one transfer --- */

static size_t take_bytes(char *bytes, size_t one, size_t count, void *ctx)
{
	struct sink *s = ctx;
	size_t len = one * count;
	if (s->text != NULL) {
		s->too_large = buf_add(s->text, bytes, len) != OK;
		return s->too_large ? 0 : len;
	}
	if (len > s->what->max || s->at > s->what->max - len) {
		s->too_large = true;
		return 0;
	}
	for (size_t done = 0; done < len;) {
		ssize_t put = write(s->fd, bytes + done, len - done);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0) {
			s->errnum = errno;
			return 0;
		}
		done += (size_t)put;
		s->at += (uint64_t)put;
	}
	return len;
}

static int tell_progress(
	void *ctx, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
	struct sink *s = ctx;
	if (s->what == NULL || s->what->progress == NULL)
		return 0;
	s->stopped = !s->what->progress(s->what->ctx, s->at, s->what->size);
	return s->stopped ? 1 : 0;
}

/* All options are set; the first that fails is what is reported. */
static CURLcode set_options(CURL *curl, struct sink *s, const char *url, int stall_s)
{
	CURLcode e = CURLE_OK;
#define SET(option, value) (e = e != CURLE_OK ? e : curl_easy_setopt(curl, option, value))
	SET(CURLOPT_URL, url);
	SET(CURLOPT_PROTOCOLS_STR, "http,https"); /* fetch_allowed knows from where http */
	SET(CURLOPT_REDIR_PROTOCOLS_STR, "https");
	SET(CURLOPT_FOLLOWLOCATION, 1L);
	SET(CURLOPT_MAXREDIRS, (long)FETCH_REDIRECTS_MAX);
	SET(CURLOPT_FAILONERROR, 1L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_USERAGENT, "rollcall/" ROLLCALL_VERSION);
	SET(CURLOPT_CONNECTTIMEOUT, (long)FETCH_CONNECT_S);
	SET(CURLOPT_LOW_SPEED_LIMIT, (long)FETCH_STALL_BYTES);
	SET(CURLOPT_LOW_SPEED_TIME, (long)(stall_s > 0 ? stall_s : FETCH_STALL_S));
	SET(CURLOPT_WRITEFUNCTION, take_bytes);
	SET(CURLOPT_WRITEDATA, s);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_XFERINFOFUNCTION, tell_progress);
	SET(CURLOPT_XFERINFODATA, s);
	if (s->at > 0)
		SET(CURLOPT_RESUME_FROM_LARGE, (curl_off_t)s->at);
#undef SET
	return e;
}

static enum err http_error(const char *url, long status, struct error *why)
{
	if (status == 404 || status == HTTP_GONE)
		return err_set(why, ERR_NOT_FOUND,
			"'%.200s' is not there (%ld): it has moved; with a copy from elsewhere: "
			"--from",
			url, status);
	if (status == 401 || status == 403)
		return err_set(
			why, ERR_DENIED, "'%.200s' is not given out to us (%ld)", url, status);
	return err_set(
		why, ERR_IO, "'%.200s': the server answers %ld; try again later", url, status);
}

/* Where libcurl's word for it would not say what to do. */
static enum err transfer_error(
	CURLcode code, const char *url, const struct sink *s, long status, struct error *why)
{
	static const char *const again = "the same command goes on where it stopped";
	switch (code) {
	case CURLE_HTTP_RETURNED_ERROR:
		return http_error(url, status, why);
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
		return err_set(why, ERR_IO,
			"cannot reach '%.200s' (%s): is there a network? without one: --from a "
			"folder with the files",
			url, curl_easy_strerror(code));
	case CURLE_OPERATION_TIMEDOUT:
		return err_set(
			why, ERR_IO, "'%.200s': nothing has come for a while; %s", url, again);
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_HTTP2_STREAM:
		return err_set(why, ERR_IO, "'%.200s': the connection broke off; %s", url, again);
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return err_set(why, ERR_IO,
			"'%.200s': its certificate is not trusted: is the clock right, are "
			"ca-certificates installed?",
			url);
	case CURLE_UNSUPPORTED_PROTOCOL:
		return err_set(why, ERR_DENIED,
			"'%.200s' points on to an address that is not https://: not followed", url);
	case CURLE_TOO_MANY_REDIRECTS:
		return err_set(why, ERR_IO, "'%.200s' points on and on to other addresses", url);
	default:
		return err_set(
			why, ERR_IO, "cannot fetch '%.200s': %s", url, curl_easy_strerror(code));
	}
}

static enum err own_error(const struct sink *s, const char *url, struct error *why)
{
	if (s->stopped)
		return err_set(
			why, ERR_STOPPED, "stopped: the same command goes on where it stopped");
	if (s->errnum != 0)
		return err_errno(why, s->errnum, "cannot write the download");
	return err_set(why, ERR_LIMIT, "'%.200s' is larger than it may be", url);
}

/* `status` gets the answer's HTTP status, `code` what libcurl gave. */
static enum err transfer(struct sink *s, const char *url, int stall_s, CURLcode *code, long *status,
	struct error *why)
{
	*status = 0;
	*code = CURLE_OK;
	CURL *curl = curl_easy_init();
	if (curl == NULL)
		return no_memory(why);
	*code = set_options(curl, s, url, stall_s);
	if (*code == CURLE_OK)
		*code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
	curl_easy_cleanup(curl);
	if (s->stopped || s->errnum != 0 || s->too_large)
		return own_error(s, url, why);
	return *code == CURLE_OK ? OK : transfer_error(*code, url, s, *status, why);
}

enum err fetch_text(struct buf *out, const char *url, int stall_s, struct error *why)
{
	struct sink s = {.text = out, .fd = -1};
	CURLcode code;
	long status;
	enum err err = fetch_allowed(url, why);
	return err == OK ? transfer(&s, url, stall_s, &code, &status, why) : err;
}

/* --- into a file --- */

static char *part_of(const char *path)
{
	char *part = NULL;
	return asprintf(&part, "%s.part", path) < 0 ? NULL : part;
}

static enum err start_over(struct sink *s, const char *part, struct error *why)
{
	s->at = 0;
	if (ftruncate(s->fd, 0) != 0 || lseek(s->fd, 0, SEEK_SET) != 0)
		return err_errno(why, errno, "cannot write '%s'", part);
	return OK;
}

/* Opens PATH.part, alone, at its end. */
static enum err open_part(struct sink *s, const char *part, struct error *why)
{
	s->fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	struct stat st;
	if (s->fd < 0 || fstat(s->fd, &st) != 0)
		return err_errno(why, errno, "cannot write '%s'", part);
	if (!S_ISREG(st.st_mode))
		return err_set(why, ERR_ARG, "'%s' is no regular file", part);
	if (flock(s->fd, LOCK_EX | LOCK_NB) != 0)
		return err_set(why, ERR_BUSY, "'%s' is being fetched already", part);
	s->at = (uint64_t)st.st_size;
	uint64_t most = s->what->size > 0 ? s->what->size : s->what->max;
	if (s->at > most)
		return start_over(s, part, why);
	if (lseek(s->fd, st.st_size, SEEK_SET) < 0)
		return err_errno(why, errno, "cannot write '%s'", part);
	return OK;
}

static enum err check_room(const struct sink *s, const char *part, struct error *why)
{
	struct statvfs fs;
	if (s->what->size <= s->at || fstatvfs(s->fd, &fs) != 0)
		return OK;
	uint64_t missing = s->what->size - s->at;
	if ((uint64_t)fs.f_bavail * fs.f_frsize >= missing)
		return OK;
	return err_set(why, ERR_FULL, "the disk of '%s' is full: %.1f MB more are needed", part,
		(double)missing / MEGABYTE);
}

static enum err receive(struct sink *s, const char *part, struct error *why)
{
	const struct fetch *f = s->what;
	CURLcode code;
	long status;
	bool resumed = s->at > 0;
	enum err err = transfer(s, f->url, f->stall_s, &code, &status, why);
	/* A server that cannot go on in the middle, or has nothing after what is here. */
	bool again = resumed && (code == CURLE_RANGE_ERROR || status == HTTP_RANGE);
	if (err == OK || !again)
		return err;
	err = start_over(s, part, why);
	return err == OK ? transfer(s, f->url, f->stall_s, &code, &status, why) : err;
}

/* ERR_FORMAT: what is in PATH.part is not what was wanted. */
static enum err check_part(const struct sink *s, const char *part, struct error *why)
{
	const struct fetch *f = s->what;
	char sum[SHA256_TEXT];
	uint64_t size;
	enum err err = file_sha256(part, sum, &size, why);
	if (err != OK)
		return err;
	if (strcmp(sum, f->sha256) == 0)
		return OK;
	if (f->size > 0 && size < f->size)
		return err_set(why, ERR_IO,
			"'%.200s' ended after %llu of %llu bytes; the same command goes on there",
			f->url, (unsigned long long)size, (unsigned long long)f->size);
	return err_set(why, ERR_FORMAT,
		"'%.200s' is not what it should be: its checksum is %.12s..., not %.12s...: "
		"it was changed, or something on the way did",
		f->url, sum, f->sha256);
}

static enum err put_in_place(
	const struct sink *s, const char *part, const char *path, struct error *why)
{
	if (fsync(s->fd) != 0 || rename(part, path) != 0)
		return err_errno(why, errno, "cannot write '%s'", path);
	return OK;
}

static enum err receive_checked(struct sink *s, const char *part, struct error *why)
{
	const struct fetch *f = s->what;
	uint64_t began = s->at;
	enum err err = OK;
	if (f->size == 0 || s->at < f->size)
		err = receive(s, part, why);
	if (err == OK)
		err = check_part(s, part, why);
	if (err != ERR_FORMAT)
		return err;
	/* What was there before may have been the beginning of another file. */
	if (began > 0) {
		err = start_over(s, part, why);
		if (err == OK)
			err = receive(s, part, why);
		if (err == OK)
			err = check_part(s, part, why);
	}
	if (err == ERR_FORMAT)
		unlink(part);
	return err;
}

enum err fetch_file(const char *path, const struct fetch *what, struct error *why)
{
	struct sink s = {.what = what, .fd = -1};
	enum err err = fetch_allowed(what->url, why);
	if (err != OK)
		return err;
	char *part = part_of(path);
	if (part == NULL)
		return no_memory(why);
	err = open_part(&s, part, why);
	if (err == OK)
		err = check_room(&s, part, why);
	if (err == OK)
		err = receive_checked(&s, part, why);
	if (err == OK)
		err = put_in_place(&s, part, path, why);
	if (s.fd >= 0) {
		/* Nothing was received: nothing to go on from. */
		if (err != OK && s.at == 0)
			unlink(part);
		close(s.fd);
	}
	free(part);
	return err;
}

static enum err copy_bytes(struct sink *s, int from, const char *name, struct error *why)
{
	char *chunk = malloc(COPY_CHUNK);
	if (chunk == NULL)
		return no_memory(why);
	enum err err = OK;
	while (err == OK) {
		ssize_t got = read(from, chunk, COPY_CHUNK);
		if (got == 0)
			break;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			err = err_errno(why, errno, "cannot read '%s'", name);
		else if (take_bytes(chunk, 1, (size_t)got, s) != (size_t)got ||
			tell_progress(s, 0, 0, 0, 0) != 0)
			err = own_error(s, name, why);
	}
	free(chunk);
	return err;
}

enum err fetch_copy(const char *path, const char *from, const struct fetch *what, struct error *why)
{
	const struct fetch named = {
		from, what->sha256, what->size, what->max, 0, what->progress, what->ctx};
	struct sink s = {.what = &named, .fd = -1};
	char *part = part_of(path);
	if (part == NULL)
		return no_memory(why);
	int in = open(from, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	enum err err = in >= 0 ? open_part(&s, part, why)
			       : err_errno(why, errno, "cannot open '%s'", from);
	if (err == OK)
		err = start_over(&s, part, why);
	if (err == OK)
		err = check_room(&s, part, why);
	if (err == OK)
		err = copy_bytes(&s, in, from, why);
	if (err == OK && what->sha256[0] != '\0')
		err = check_part(&s, part, why);
	if (err == OK)
		err = put_in_place(&s, part, path, why);
	if (s.fd >= 0) {
		if (err != OK)
			unlink(part);
		close(s.fd);
	}
	if (in >= 0)
		close(in);
	free(part);
	return err;
}
