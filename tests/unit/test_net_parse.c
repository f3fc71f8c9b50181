/* SPDX-License-Identifier: MIT */
/* The parsers of what clients send: targets, headers, forms, data URLs, heads, chunks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/condition.h"
#include "net/dataurl.h"
#include "net/form.h"
#include "net/header.h"
#include "net/http1.h"
#include "net/multipart.h"
#include "net/url.h"
#include "net/ws_accept.h"

static void paths_are_taken_apart_and_decoded(void **state)
{
	struct url_path p;
	assert_int_equal(url_path_parse(&p, "/a/J%C3%BCrgen%20B/", 20 - 1), OK);
	assert_int_equal(p.count, 3);
	assert_string_equal(p.segment[0], "a");
	assert_string_equal(p.segment[1], "J\xc3\xbcrgen B");
	assert_string_equal(p.segment[2], "");
	url_path_finish(&p);
	assert_int_equal(url_path_parse(&p, "/", 1), OK);
	assert_int_equal(p.count, 1);
	url_path_finish(&p);
}

static void paths_to_guess_about_are_refused(void **state)
{
	static const char *const bad[] = {"", "a", "//a", "/a//b", "/..", "/a/../b", "/%2e%2E",
		"/.", "/%2F", "/a%5cb", "/%00", "/%", "/%2", "/%zz", "/%ff", "/%c3", "/a%0ab",
		"/a\x7f"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct url_path p;
		if (url_path_parse(&p, bad[i], strlen(bad[i])) != ERR_FORMAT)
			fail_msg("'%s' was taken", bad[i]);
		assert_null(p.text);
	}
	char deep[2 * URL_SEGMENTS_MAX + 4] = "";
	for (int i = 0; i <= URL_SEGMENTS_MAX; i++)
		memcpy(deep + 2 * i, "/a", 3);
	struct url_path p;
	assert_int_equal(url_path_parse(&p, deep, strlen(deep)), ERR_LIMIT);
}

static void queries_are_decoded_with_plus_as_blank(void **state)
{
	static const char query[] = "a=1+2%2B3&b&=x&&c=%3D%26&a=again";
	struct params p = {0};
	assert_int_equal(url_query_parse(&p, query, strlen(query), 10), OK);
	assert_int_equal(p.count, 5);
	assert_string_equal(params_get(&p, "a"), "1 2+3");
	assert_string_equal(params_get(&p, "b"), "");
	assert_string_equal(params_get(&p, ""), "x");
	assert_string_equal(params_get(&p, "c"), "=&");
	assert_int_equal(params_count(&p, "a", false), 2);
	params_finish(&p);
	assert_int_equal(url_query_parse(&p, "a&b&c", 5, 2), ERR_LIMIT);
	params_finish(&p);
	assert_int_equal(url_query_parse(&p, "a=%0", 4, 2), ERR_FORMAT);
	assert_int_equal(url_query_parse(&p, "a=%00", 5, 2), ERR_FORMAT);
	params_finish(&p);
}

static void headers_lists_and_parameters_are_understood(void **state)
{
	assert_true(header_list_has("gzip, br;q=0.5", "br"));
	assert_true(header_list_has("GZIP", "gzip"));
	assert_false(header_list_has("br;q=0, gzip", "br"));
	assert_false(header_list_has("brotli", "br"));
	assert_false(header_list_has(NULL, "br"));
	assert_true(header_list_has("keep-alive, Upgrade", "upgrade"));
	char out[16];
	assert_int_equal(header_parameter("a/b; X=1; name=\"q\\\"uo;te\"", "name", out, 16), OK);
	assert_string_equal(out, "q\"uo;te");
	assert_int_equal(header_parameter("a/b; filename=x", "name", out, 16), ERR_NOT_FOUND);
	assert_int_equal(header_parameter("a/b; name=\"open", "name", out, 16), ERR_FORMAT);
	assert_int_equal(header_parameter("a; name=12345678901234567", "name", out, 16), ERR_LIMIT);
	header_media_type(" Text/HTML;charset=x", out, sizeof(out));
	assert_string_equal(out, "text/html");
	header_media_type("nonsense", out, sizeof(out));
	assert_string_equal(out, "");
}

#define TYPE "multipart/form-data; boundary=\"b1\""

static enum err multipart(struct multipart *m, const char *body)
{
	struct error why = {0};
	return multipart_parse(m, TYPE, body, strlen(body), &why);
}

static void multipart_parts_point_into_the_body(void **state)
{
	static const char body[] =
		"preamble\r\n--b1\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n"
		"\r\n--b1x in the middle\r\n--b1  \r\n"
		"content-disposition: form-data; name=i; filename=\"C:\\dir\\f.jpg\"\r\n"
		"Content-Type: Image/JPEG; x=y\r\n\r\nabc\r\n--b1\r\n"
		"Content-Disposition: form-data; name=\"e\"\r\n\r\n\r\n--b1--\r\nmore";
	struct multipart m;
	assert_int_equal(
		multipart(&m, body), ERR_FORMAT); /* "--b1x" is the boundary, and damaged */
	assert_int_equal(m.count, 0);
	static const char good[] =
		"--b1\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n"
		"\r\n--b2 in the middle\r\n--b1  \r\n"
		"content-disposition: form-data; name=i; filename=\"C:\\dir\\f.jpg\"\r\n"
		"Content-Type: Image/JPEG; x=y\r\n\r\nabc\r\n--b1\r\n"
		"Content-Disposition: form-data; name=\"e\"\r\n\r\n\r\n--b1--\r\nmore";
	assert_int_equal(multipart(&m, good), OK);
	assert_int_equal(m.count, 3);
	assert_int_equal(m.item[0].len, strlen("\r\n--b2 in the middle"));
	assert_null(m.item[0].filename);
	const struct part *image = multipart_get(&m, "i");
	assert_string_equal(image->filename, "f.jpg");
	assert_string_equal(image->type, "image/jpeg");
	assert_memory_equal(image->data, "abc", 3);
	assert_int_equal(multipart_get(&m, "e")->len, 0);
	assert_null(multipart_get(&m, "x"));
	multipart_finish(&m);
	assert_int_equal(multipart(&m, "--b1--"), OK);
	assert_int_equal(m.count, 0);
	multipart_finish(&m);
}

static void damaged_multipart_is_refused(void **state)
{
	static const char *const bad[] = {"", "x", "--b1", "--b1\r\n", "--b1\r\n\r\n",
		"--b1\r\n\r\n\r\n--b1--",
		"--b1\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b1--",
		"--b1\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--b1--",
		"--b1\r\nContent-Disposition: form-data; name=a\r\n\r\nx",
		"--b1\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--b1",
		"--b1\r\nno colon\r\n\r\nx\r\n--b1--",
		"--b1\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--b1--"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct multipart m;
		if (multipart(&m, bad[i]) != ERR_FORMAT)
			fail_msg("'%s' was taken", bad[i]);
		assert_null(m.item);
	}
	struct multipart m;
	struct error why = {0};
	assert_int_equal(multipart_parse(&m, "text/plain", "", 0, &why), ERR_UNSUPPORTED);
	assert_int_equal(multipart_parse(&m, "multipart/form-data", "", 0, &why), ERR_FORMAT);
	assert_int_equal(multipart_parse(&m, NULL, "", 0, &why), ERR_UNSUPPORTED);
}

static void too_many_parts_are_refused(void **state)
{
	static const char part[] = "--b1\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n";
	struct buf body;
	buf_init(&body, 1 << 20);
	for (int i = 0; i <= MULTIPART_PARTS_MAX; i++)
		assert_int_equal(buf_add_str(&body, part), OK);
	assert_int_equal(buf_add_str(&body, "--b1--"), OK);
	struct multipart m;
	assert_int_equal(multipart(&m, buf_str(&body)), ERR_LIMIT);
	buf_finish(&body);
}

struct data_case {
	const char *text, *type, *bytes;
};

static void data_urls_and_plain_base64_are_decoded(void **state)
{
	static const struct data_case good[] = {
		{"data:image/jpeg;base64,/9j/", "image/jpeg", "\xff\xd8\xff"},
		{"DATA:Image/PNG;charset=x;BASE64,YWI=", "image/png", "ab"},
		{"data:;base64,YQ==", "", "a"},
		{"data:,a%20b", "", "a b"},
		{"data:text/plain,a+b", "text/plain", "a+b"},
		{"YWJj\r\nZGVm", "", "abcdef"},
		{"YWI", "", "ab"},
		{"_-8", "", "\xff\xef"},
		{"", "", ""},
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct dataurl d;
		struct error why = {0};
		assert_int_equal(
			dataurl_decode(&d, good[i].text, strlen(good[i].text), 100, &why), OK);
		assert_string_equal(d.type, good[i].type);
		assert_int_equal(d.len, strlen(good[i].bytes));
		assert_memory_equal(d.bytes, good[i].bytes, d.len);
		dataurl_finish(&d);
	}
}

static void damaged_data_urls_are_refused(void **state)
{
	static const char *const bad[] = {"data:image/png;base64", "data:;base64,Y", "YWI=x",
		"Y===", "YWJj=", "a b!", "data:,%4", "YQ=a="};
	struct dataurl d;
	struct error why = {0};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (dataurl_decode(&d, bad[i], strlen(bad[i]), 100, &why) != ERR_FORMAT)
			fail_msg("'%s' was taken", bad[i]);
		assert_null(d.bytes);
	}
	assert_int_equal(dataurl_decode(&d, "YWJj", 4, 2, &why), ERR_LIMIT);
	assert_int_equal(dataurl_decode(&d, "YWJjYWJjYWJj", 12, 2, &why), ERR_LIMIT);
}

static void ranges_are_what_exists(void **state)
{
	struct byte_range r;
	assert_int_equal(range_parse("bytes=0-0", 10, &r), OK);
	assert_int_equal(r.count, 1);
	assert_int_equal(range_parse("Bytes=4-", 10, &r), OK);
	assert_true(r.first == 4 && r.count == 6);
	assert_int_equal(range_parse("bytes=-3", 10, &r), OK);
	assert_true(r.first == 7 && r.count == 3);
	assert_int_equal(range_parse("bytes=-30", 10, &r), OK);
	assert_true(r.first == 0 && r.count == 10);
	assert_int_equal(range_parse("bytes=9-99", 10, &r), OK);
	assert_true(r.first == 9 && r.count == 1);
	assert_int_equal(range_parse("bytes=10-", 10, &r), ERR_LIMIT);
	assert_int_equal(range_parse("bytes=-0", 10, &r), ERR_LIMIT);
	assert_int_equal(range_parse("bytes=0-", 0, &r), ERR_LIMIT);
	static const char *const odd[] = {"", "bytes", "bytes=", "bytes=-", "bytes=a-",
		"bytes=1-2,3-4", "bytes=5-4", "items=0-1", "bytes=99999999999999999999-"};
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		assert_int_equal(range_parse(odd[i], 10, &r), ERR_UNSUPPORTED);
}

static void dates_and_tags_compare(void **state)
{
	char text[HTTP_DATE_TEXT];
	int64_t seconds;
	http_date(784111777, text);
	assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT"); /* RFC 9110, section 5.6.7 */
	assert_true(http_date_parse(text, &seconds));
	assert_int_equal(seconds, 784111777);
	assert_false(http_date_parse("yesterday", &seconds));
	assert_false(http_date_parse("Sun, 06 Foo 1994 08:49:37 GMT", &seconds));
	assert_true(etag_in_list("\"a\", W/\"b\"", "\"b\"", true));
	assert_false(etag_in_list("\"a\", W/\"b\"", "\"b\"", false));
	assert_true(etag_in_list("*", "\"b\"", false));
	assert_false(etag_in_list("b", "\"b\"", true));
	assert_false(etag_in_list("\"b", "\"b\"", true));
}

static void chunks_are_joined_however_they_are_cut(void **state)
{
	static const char text[] =
		"4;x=y\r\nWiki\r\nA\r\n pedia in \r\n0\r\nTrailer: x\r\n\r\nNEXT";
	size_t all = strlen(text);
	for (size_t step = 1; step <= all; step++) {
		struct chunked c = {0};
		char out[64] = "";
		size_t got = 0, at = 0;
		while (at < all && !c.done) {
			size_t part = step < all - at ? step : all - at, used, len;
			const uint8_t *data;
			assert_int_equal(chunked_feed(&c, (const uint8_t *)text + at, part, &used,
						 &data, &len),
				OK);
			memcpy(out + got, data, len);
			got += len;
			at += used;
		}
		assert_true(c.done);
		assert_string_equal(text + at, "NEXT");
		assert_string_equal(out, "Wiki pedia in ");
	}
}

static void damaged_chunks_are_refused(void **state)
{
	static const char *const bad[] = {"\r\n", "x\r\n", "-1\r\n", "4\n", "1\r\nab\r\n", "1 \n",
		"ffffffffffffffff\r\n", "1\r\na\n", "0\r\na\nb", " 1\r\n", ";\r\n"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct chunked c = {0};
		size_t at = 0, used, len;
		const uint8_t *data;
		enum err err = OK;
		while (err == OK && at < strlen(bad[i])) {
			err = chunked_feed(&c, (const uint8_t *)bad[i] + at, strlen(bad[i]) - at,
				&used, &data, &len);
			at += used;
		}
		if (err != ERR_FORMAT)
			fail_msg("'%s' was taken", bad[i]);
	}
}

static void heads_say_how_the_body_is_framed(void **state)
{
	static const char head[] =
		"POST http://host/a?b=c HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nx-a:2 \r\n"
		"Cookie: a=1\r\nCookie: b=\"2\"\r\nContent-Length: 5\r\n"
		"Connection: close\r\n\r\n";
	struct request r;
	struct http1_framing f;
	struct error why = {0};
	request_init(&r, 0);
	assert_int_equal(http1_head_end(head, strlen(head), 0), strlen(head));
	assert_int_equal(http1_head_end(head, strlen(head) - 1, 0), 0);
	assert_int_equal(http1_head_parse(&r, &f, head, strlen(head), &why), OK);
	assert_int_equal(request_head_done(&r, NULL, 0, &why), OK);
	assert_int_equal(request_method(&r), METHOD_POST);
	assert_string_equal(request_path(&r), "/a");
	assert_string_equal(request_query(&r, "b"), "c");
	assert_string_equal(request_header(&r, "X-a"), "1, 2");
	assert_string_equal(request_cookie(&r, "a"), "1");
	assert_string_equal(request_cookie(&r, "b"), "2");
	assert_true(f.content_length == 5 && !f.chunked && !f.keep_alive);
	request_finish(&r);
}

static void a_websocket_key_is_answered_as_the_standard_says(void **state)
{
	char out[WS_ACCEPT_TEXT];
	assert_int_equal(ws_accept_key("dGhlIHNhbXBsZSBub25jZQ==", out), OK);
	assert_string_equal(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); /* RFC 6455, section 1.3 */
	assert_int_equal(ws_accept_key("dGhlIHNhbXBsZSBub25jZQ", out), ERR_FORMAT);
	assert_int_equal(ws_accept_key(NULL, out), ERR_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_taken_apart_and_decoded),
		cmocka_unit_test(paths_to_guess_about_are_refused),
		cmocka_unit_test(queries_are_decoded_with_plus_as_blank),
		cmocka_unit_test(headers_lists_and_parameters_are_understood),
		cmocka_unit_test(multipart_parts_point_into_the_body),
		cmocka_unit_test(damaged_multipart_is_refused),
		cmocka_unit_test(too_many_parts_are_refused),
		cmocka_unit_test(data_urls_and_plain_base64_are_decoded),
		cmocka_unit_test(damaged_data_urls_are_refused),
		cmocka_unit_test(ranges_are_what_exists),
		cmocka_unit_test(dates_and_tags_compare),
		cmocka_unit_test(chunks_are_joined_however_they_are_cut),
		cmocka_unit_test(damaged_chunks_are_refused),
		cmocka_unit_test(heads_say_how_the_body_is_framed),
		cmocka_unit_test(a_websocket_key_is_answered_as_the_standard_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
