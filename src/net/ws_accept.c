/* SPDX-License-Identifier: MIT */
#include "net/ws_accept.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

enum { KEY_TEXT = 24, KEY_BYTES = 16 };

enum err ws_accept_key(const char *key, char out[static WS_ACCEPT_TEXT])
{
	unsigned char bytes[KEY_BYTES + 2], digest[EVP_MAX_MD_SIZE];
	char text[KEY_TEXT + 37];
	size_t len;
	unsigned digest_len;
	if (key == NULL || strlen(key) != KEY_TEXT ||
		sodium_base642bin(bytes, sizeof(bytes), key, KEY_TEXT, NULL, &len, NULL,
			sodium_base64_VARIANT_ORIGINAL) != 0 ||
		len != KEY_BYTES)
		return ERR_FORMAT;
	int text_len = snprintf(text, sizeof(text), "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
	if (EVP_Digest(text, (size_t)text_len, digest, &digest_len, EVP_sha1(), NULL) != 1)
		return ERR_NOMEM;
	sodium_bin2base64(out, WS_ACCEPT_TEXT, digest, digest_len, sodium_base64_VARIANT_ORIGINAL);
	return OK;
}

const char *ws_choose_protocol(const char *const *ours, const char *theirs)
{
	for (const char *at = theirs; at != NULL && *at != '\0' && ours != NULL;) {
		at += strspn(at, " \t,");
		size_t len = strcspn(at, " \t,");
		for (const char *const *own = ours; *own != NULL; own++) {
			if (strlen(*own) == len && strncmp(*own, at, len) == 0)
				return *own;
		}
		at += len;
	}
	return NULL;
}
