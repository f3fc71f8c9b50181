/* SPDX-License-Identifier: MIT */
#include "net/mail.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

enum { URL_BYTES = 512, LINE_BYTES = 1024, ADDRESS_BYTES = 320 };

static bool one_line(const char *text)
{
	return text != NULL && text[0] != '\0' && strpbrk(text, "\r\n") == NULL;
}

static bool good_address(const char *text)
{
	return one_line(text) && strlen(text) < ADDRESS_BYTES && strpbrk(text, "<> ,") == NULL;
}

static enum err check(const struct mail *mail, struct error *why)
{
	bool good = good_address(mail->from) && one_line(mail->subject) && mail->html != NULL;
	for (size_t i = 0; i < mail->tos; i++)
		good = good && good_address(mail->to[i]);
	if (mail->tos == 0)
		return err_set(why, ERR_ARG, "there is nobody to send the e-mail to");
	return good ? OK : err_set(why, ERR_ARG, "an address or the subject of the e-mail is none");
}

/* Appends to a list; false when out of memory. */
static bool append(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);
	if (longer != NULL)
		*list = longer;
	return longer != NULL;
}

/* Words for a header: what is not ASCII as RFC 2047 has it. */
static bool header_words(const char *text, char *out, size_t size)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t len = 0;
	bool plain = true;
	for (const char *c = text; *c != '\0'; c++)
		plain = plain && (unsigned char)*c < 0x7F;
	if (plain)
		return (size_t)snprintf(out, size, "%s", text) < size;
	len = (size_t)snprintf(out, size, "=?UTF-8?Q?");
	for (const char *c = text; *c != '\0' && len + 6 < size; c++) {
		unsigned char byte = (unsigned char)*c;
		out[len++] = '=';
		out[len++] = hex[byte >> 4];
		out[len++] = hex[byte & 15];
	}
	return (size_t)snprintf(out + len, size - len, "?=") < size - len;
}

static bool make_headers(const struct mail *mail, struct curl_slist **headers)
{
	char line[LINE_BYTES], words[LINE_BYTES / 2];
	struct tm tm;
	time_t now = (time_t)(mail->now_ms / 1000);
	gmtime_r(&now, &tm);
	bool good = header_words(mail->subject, words, sizeof(words));
	good = good && strftime(line, sizeof(line), "Date: %a, %d %b %Y %H:%M:%S +0000", &tm) > 0 &&
		append(headers, line);
	snprintf(line, sizeof(line), "From: <%s>", mail->from);
	good = good && append(headers, line);
	for (size_t i = 0; i < mail->tos; i++) {
		snprintf(line, sizeof(line), "%s<%s>%s", i == 0 ? "To: " : " ", mail->to[i],
			i + 1 < mail->tos ? "," : "");
		good = good && append(headers, line);
	}
	snprintf(line, sizeof(line), "Subject: %s", words);
	return good && append(headers, line);
}

static bool add_html(curl_mime *mime, const char *html)
{
	curl_mimepart *part = curl_mime_addpart(mime);
	return part != NULL && curl_mime_data(part, html, CURL_ZERO_TERMINATED) == CURLE_OK &&
		curl_mime_type(part, "text/html; charset=utf-8") == CURLE_OK &&
		curl_mime_encoder(part, "quoted-printable") == CURLE_OK;
}

static bool add_file(curl_mime *mime, const struct mail_part *file)
{
	curl_mimepart *part = curl_mime_addpart(mime);
	return part != NULL && curl_mime_data(part, file->bytes, file->len) == CURLE_OK &&
		curl_mime_filename(part, file->name) == CURLE_OK &&
		curl_mime_type(part, file->type) == CURLE_OK &&
		curl_mime_encoder(part, "base64") == CURLE_OK;
}

/* All that libcurl wants to know; everything but the handle is released by the caller. */
struct sending {
	CURL *curl;
	curl_mime *mime;
	struct curl_slist *headers, *to;
};

static CURLcode set_server(CURL *curl, const struct mail_server *server)
{
	char url[URL_BYTES];
	CURLcode e = CURLE_OK;
	snprintf(url, sizeof(url), "%s://%s:%d", server->way == MAIL_WAY_TLS ? "smtps" : "smtp",
		server->host, server->port);
#define SET(option, value) (e = e != CURLE_OK ? e : curl_easy_setopt(curl, option, value))
	SET(CURLOPT_URL, url);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_NOPROXY, "*");
	SET(CURLOPT_CONNECTTIMEOUT, (long)MAIL_CONNECT_S);
	SET(CURLOPT_TIMEOUT, (long)MAIL_TIMEOUT_S);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_USE_SSL,
		server->way == MAIL_WAY_PLAIN ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
	if (server->ca_file != NULL)
		SET(CURLOPT_CAINFO, server->ca_file);
	if (server->user != NULL)
		SET(CURLOPT_USERNAME, server->user);
	if (server->password != NULL)
		SET(CURLOPT_PASSWORD, server->password);
	return e;
}

static CURLcode set_mail(struct sending *s, const struct mail *mail)
{
	CURL *curl = s->curl;
	CURLcode e = CURLE_OK;
	bool good = make_headers(mail, &s->headers) && add_html(s->mime, mail->html);
	for (size_t i = 0; i < mail->parts; i++)
		good = good && add_file(s->mime, &mail->part[i]);
	for (size_t i = 0; i < mail->tos; i++)
		good = good && append(&s->to, mail->to[i]);
	if (!good)
		return CURLE_OUT_OF_MEMORY;
	SET(CURLOPT_MAIL_FROM, mail->from);
	SET(CURLOPT_MAIL_RCPT, s->to);
	SET(CURLOPT_HTTPHEADER, s->headers);
	SET(CURLOPT_MIMEPOST, s->mime);
#undef SET
	return e;
}

static enum err told(
	CURLcode code, const struct mail_server *server, const char *detail, struct error *why)
{
	const char *text = detail[0] != '\0' ? detail : curl_easy_strerror(code);
	if (code == CURLE_OUT_OF_MEMORY)
		return err_set(why, ERR_NOMEM, "no memory for an e-mail");
	if (code == CURLE_LOGIN_DENIED)
		return err_set(why, ERR_DENIED,
			"the mail server '%.100s' refused the account: check [mail] user and "
			"password",
			server->host);
	return err_set(why, ERR_IO, "cannot send by '%.100s' port %d: %.200s", server->host,
		server->port, text);
}

enum err mail_send(const struct mail_server *server, const struct mail *mail, struct error *why)
{
	char detail[CURL_ERROR_SIZE] = "";
	enum err err = check(mail, why);
	if (err != OK)
		return err;
	struct sending s = {.curl = curl_easy_init()};
	s.mime = s.curl != NULL ? curl_mime_init(s.curl) : NULL;
	CURLcode code = s.mime != NULL ? set_server(s.curl, server) : CURLE_OUT_OF_MEMORY;
	if (code == CURLE_OK)
		code = curl_easy_setopt(s.curl, CURLOPT_ERRORBUFFER, detail);
	if (code == CURLE_OK)
		code = set_mail(&s, mail);
	if (code == CURLE_OK)
		code = curl_easy_perform(s.curl);
	if (code != CURLE_OK)
		err = told(code, server, detail, why);
	curl_easy_cleanup(s.curl);
	curl_mime_free(s.mime);
	curl_slist_free_all(s.headers);
	curl_slist_free_all(s.to);
	return err;
}
