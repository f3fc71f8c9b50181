/* SPDX-License-Identifier: MIT */
#include "cmd/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/cmd.h"

enum {
	REDRAW_MS = 100,
	COLUMNS_DEFAULT = 80,
};

struct progress {
	struct progress_view view;
	double start_ms, drawn_ms; /* monotonic; drawn_ms 0 = never */
	bool on_line;              /* the bar is on the terminal's last line */
};

static double now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int terminal_columns(void)
{
	struct winsize size;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return COLUMNS_DEFAULT;
}

static void draw(struct progress *p, double now)
{
	p->view.seconds = (now - p->start_ms) / 1e3;
	p->view.columns = terminal_columns();
	char line[PROGRESS_LINE_BYTES];
	progress_line(&p->view, line);
	fprintf(stderr, "\r%s\033[K", line);
	fflush(stderr);
	p->on_line = true;
	p->drawn_ms = now;
}

struct progress *progress_start(size_t total, const char *what)
{
	const char *term = getenv("TERM");
	if (!isatty(STDERR_FILENO) || term == NULL || strcmp(term, "dumb") == 0)
		return NULL;
	struct progress *p = calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	p->view = (struct progress_view){.what = what, .total = total, .unicode = cmd_unicode()};
	p->start_ms = now_ms();
	draw(p, p->start_ms);
	return p;
}

void progress_step(struct progress *p, size_t done)
{
	if (p == NULL)
		return;
	p->view.done = done;
	double now = now_ms();
	if (now - p->drawn_ms >= REDRAW_MS)
		draw(p, now);
}

void progress_clear(struct progress *p)
{
	if (p == NULL || !p->on_line)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	p->on_line = false;
}

void progress_end(struct progress *p)
{
	progress_clear(p);
	free(p);
}
