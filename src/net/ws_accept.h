/* SPDX-License-Identifier: MIT */
/* The handshake of WebSocket (RFC 6455, section 4.2.2). Any thread. */
#ifndef NET_WS_ACCEPT_H
#define NET_WS_ACCEPT_H

#include "base/err.h"

enum { WS_ACCEPT_TEXT = 29 };

/* What answers a Sec-WebSocket-Key. ERR_FORMAT when that is NULL or not 16 bytes in base64. */
enum err ws_accept_key(const char *key, char out[static WS_ACCEPT_TEXT]) MUST_USE;

/* The first of the client's list that is among `ours` (ended by NULL); both may be NULL. */
const char *ws_choose_protocol(const char *const *ours, const char *theirs);

#endif
