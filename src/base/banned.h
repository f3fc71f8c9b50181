/* SPDX-License-Identifier: MIT */
/*
 * Included by the compiler before every source file of ours: functions with no
 * bound or hidden state do not compile.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * FreeType has macros for some of these functions; only files with it on their include path
 * see this.
 */
#if __has_include(<ft2build.h>)
#include <ft2build.h>
#include FT_FREETYPE_H
#endif

/* OpenSSL has parameters of such names; src/net/meson.build asks for it. */
#ifdef BANNED_AFTER_OPENSSL
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#endif

#pragma GCC poison strcpy strcat sprintf vsprintf strtok gets atoi atol atoll atof
#pragma GCC poison localtime gmtime asctime ctime rand srand

#endif
