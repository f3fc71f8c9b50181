/* SPDX-License-Identifier: MIT */
/* Answers put together by hand, and every allocation on the way of a request failing once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "net/form.h"
#include "net/http1.h"
#include "net/response_int.h"
#include "net/server.h"
#include "tests/support/faults.h"

static const char head[] =
	"POST /a/b?c=d HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nx-a: 2\r\nCookie: a=1\r\n"
	"Origin: https://o\r\nAccept-Encoding: gzip\r\n"
	"Content-Type: multipart/form-data; boundary=b\r\n\r\n";
static const char body[] =
	"--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nAna\r\n"
	"--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a\"\r\n"
	"Content-Type: image/jpeg\r\n\r\nxyz\r\n--b--";

static void plain_request(struct request *r)
{
	struct http1_framing f;
	struct error why = {0};
	request_init(r, 0);
	assert_int_equal(http1_head_parse(r, &f, head, strlen(head), &why), OK);
	assert_int_equal(request_head_done(r, NULL, 0, &why), OK);
}

static void headers_that_would_break_the_head_are_refused(void **state)
{
	struct request r;
	struct response res;
	plain_request(&r);
	response_init(&res, &r);
	assert_int_equal(response_header(&res, "Location", "/a\r\nSet-Cookie: x=y"), ERR_ARG);
	assert_int_equal(response_header(&res, "Bad Name", "x"), ERR_ARG);
	assert_int_equal(response_header(&res, "X", "a\x7f"), ERR_ARG);
	assert_int_equal(response_header(&res, "content-length", "5"), ERR_ARG);
	assert_int_equal(response_cookie(&res, "c", "a; Domain=evil", 1), ERR_ARG);
	assert_int_equal(response_header(&res, "X-A", "1"), OK);
	assert_int_equal(response_header(&res, "x-a", "2"), OK);
	assert_string_equal(response_get_header(&res, "X-a"), "2");
	assert_int_equal(res.fields, 1);
	response_finish(&res);
	request_finish(&r);
}

static void what_a_handler_sets_or_takes_away_holds_against_defaults(void **state)
{
	static const char *const origins[] = {"https://o"};
	struct request r;
	struct response res;
	plain_request(&r);
	response_init(&res, &r);
	assert_int_equal(response_header(&res, "Content-Security-Policy", NULL), OK);
	assert_int_equal(response_header(&res, "Cache-Control", "max-age=5"), OK);
	assert_int_equal(response_body(&res, "text/plain", "x", 1), OK);
	struct response_rules rules = {.cors_origin = origins, .cors_origins = 1, .allow = ""};
	assert_int_equal(response_complete(&res, &r, &rules), OK);
	assert_null(response_get_header(&res, "Content-Security-Policy"));
	assert_string_equal(response_get_header(&res, "Cache-Control"), "max-age=5");
	assert_string_equal(response_get_header(&res, "X-Content-Type-Options"), "nosniff");
	assert_string_equal(response_get_header(&res, "Access-Control-Allow-Origin"), "https://o");
	response_finish(&res);
	request_finish(&r);
}

static void a_problem_replaces_a_body_and_keeps_headers(void **state)
{
	struct request r;
	struct response res;
	plain_request(&r);
	response_init(&res, &r);
	assert_int_equal(response_header(&res, "WWW-Authenticate", "Bearer"), OK);
	assert_int_equal(response_body(&res, "text/plain", "x", 1), OK);
	assert_int_equal(
		response_problem(&res, 401, "key_wrong", "send a key", "no %s", "key"), OK);
	assert_int_equal(response_problem_add(&res, "realm", json_string("r")), OK);
	struct response_rules rules = {.allow = ""};
	assert_int_equal(response_complete(&res, &r, &rules), OK);
	json_t *doc = json_loadb((const char *)res.bytes, res.len, 0, NULL);
	assert_non_null(doc);
	assert_string_equal(json_string_value(json_object_get(doc, "code")), "key_wrong");
	assert_string_equal(json_string_value(json_object_get(doc, "detail")), "no key");
	assert_string_equal(json_string_value(json_object_get(doc, "hint")), "send a key");
	assert_string_equal(json_string_value(json_object_get(doc, "realm")), "r");
	assert_string_equal(json_string_value(json_object_get(doc, "title")), "Unauthorized");
	assert_int_equal(json_integer_value(json_object_get(doc, "status")), 401);
	assert_string_equal(response_get_header(&res, "Content-Type"), "application/problem+json");
	assert_string_equal(response_get_header(&res, "WWW-Authenticate"), "Bearer");
	json_decref(doc);
	response_finish(&res);
	request_finish(&r);
}

/* Everything between the bytes of a request and those of its answer. */
static enum err whole_way(void *arg, struct error *why)
{
	struct request r;
	struct response res;
	struct form form = {.fields = {0}};
	struct http1_framing f;
	struct response_rules rules = {.allow = ""};
	request_init(&r, 0);
	buf_init(&r.body, sizeof(body));
	response_init(&res, &r);
	enum err err = http1_head_parse(&r, &f, head, strlen(head), why);
	if (err == OK)
		err = request_head_done(&r, NULL, 0, why);
	if (err == OK && buf_add(&r.body, body, strlen(body)) != OK)
		err = err_set(why, ERR_NOMEM, "out of memory");
	if (err == OK)
		err = form_read(&form, &r, why);
	if (err == OK && (form_part(&form, "image") == NULL || form_field(&form, "name") == NULL))
		err = err_set(why, ERR_INTERNAL, "the form is not whole");
	if (err == OK)
		err = response_problem(&res, 404, "x", NULL, "y");
	if (err == OK)
		err = response_complete(&res, &r, &rules);
	if (err != OK && why->text[0] == '\0')
		err = err_set(why, err, "out of memory");
	form_finish(&form);
	response_finish(&res);
	request_finish(&r);
	return err;
}

static enum err nothing(const struct request *req, struct response *res, struct worker *w)
{
	return OK;
}

static enum err open_and_close(void *arg, struct error *why)
{
	static const struct route route[] = {{METHOD_GET, "/a/{b}", .handler = nothing}};
	static const char *const trusted[] = {"10.0.0.0/8"};
	struct server_options o;
	struct server *s;
	server_options_default(&o);
	o.listen[o.listens++] = (struct listen_address){.host = "127.0.0.1"};
	o.route = route;
	o.routes = 1;
	o.trust_proxy = trusted;
	o.trust_proxies = 1;
	o.workers = 1;
	o.connections_max = 100;
	o.now_ms = clock_now_ms;
	enum err err = server_open(&s, &o, why);
	server_close(s);
	return err;
}

static void every_allocation_of_a_request_fails_once(void **state)
{
	FAULTS_SKIP_UNLESS_AVAILABLE();
	struct faults_result result = faults_each(whole_way, NULL, NULL);
	assert_string_equal(result.problem, "");
	assert_true(result.failed > 30);
}

static void every_allocation_of_opening_a_server_fails_once(void **state)
{
	static const enum err also[] = {ERR_IO, ERR_BUSY, OK}; /* of the resolver, of threads */
	FAULTS_SKIP_UNLESS_AVAILABLE();
	struct faults_options options = {.allow = also};
	struct faults_result result = faults_each(open_and_close, NULL, &options);
	assert_string_equal(result.problem, "");
	assert_true(result.failed > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_that_would_break_the_head_are_refused),
		cmocka_unit_test(what_a_handler_sets_or_takes_away_holds_against_defaults),
		cmocka_unit_test(a_problem_replaces_a_body_and_keeps_headers),
		cmocka_unit_test(every_allocation_of_a_request_fails_once),
		cmocka_unit_test(every_allocation_of_opening_a_server_fails_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
