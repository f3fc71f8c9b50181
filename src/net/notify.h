/* SPDX-License-Identifier: MIT */
/* Telling systemd (sd_notify(3)'s protocol: a datagram to $NOTIFY_SOCKET). Any thread. */
#ifndef NET_NOTIFY_H
#define NET_NOTIFY_H

#include <stdint.h>

/* Sends "READY=1" or the like; nothing happens when nobody listens. */
void notify_send(const char *state);

/* Within how many milliseconds the watchdog wants to hear "WATCHDOG=1"; 0: there is none. */
int64_t notify_watchdog_ms(void);

#endif
