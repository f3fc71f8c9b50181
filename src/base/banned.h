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

#pragma GCC poison strcpy strcat sprintf vsprintf strtok gets atoi atol atoll atof
#pragma GCC poison localtime gmtime asctime ctime rand srand

#endif
