/* SPDX-License-Identifier: MIT */
#include <signal.h>

#include "cmd/cmd.h"

/* The signal flag: one of the two variables of the program that are not const. */
static volatile sig_atomic_t caught;

static void on_signal(int number)
{
	caught = 1;
}

void interrupt_catch(void)
{
	/* Not SA_RESTART: a read that waits for a camera or a person ends too. */
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool interrupted(void)
{
	return caught != 0;
}
