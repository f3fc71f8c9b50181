/* SPDX-License-Identifier: MIT */
/* The sockets of StreakTrack devices and of their viewers, which the workers share. Any thread. */
#ifndef API_LEGACY_STREAK_H
#define API_LEGACY_STREAK_H

#include "api/legacy/legacy.h"

struct streak_hub;

/* An empty one. ERR_NOMEM. */
enum err streak_hub_open(struct streak_hub **out, struct error *why) MUST_USE;
/* After the server, and with it every socket, is closed. */
void streak_hub_close(struct streak_hub *hub);

/* The server's; api.c has it. */
struct streak_hub *api_streak(const struct api *api);

#endif
