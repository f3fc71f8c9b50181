/* SPDX-License-Identifier: MIT */
/*
 * Runs one ONNX network for bench/onnx.mjs: onnx_run MODEL [HEIGHT WIDTH]. Commands on
 * stdin, one answer a line: "time N" runs N times and gives the milliseconds of each;
 * "run IN OUT" takes the first input from a file of floats, as the model's file has it
 * (NCHW), and writes all outputs one after another, likewise; "flops" what a run computes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "infer/onnx.h"
#include "infer/session.h"

enum { LINE_MAX_BYTES = 4096 };

static int fail(const struct error *why)
{
	fprintf(stderr, "onnx_run: %s\n", why->text);
	return 1;
}

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static size_t count_of(const struct onnx_port *p)
{
	size_t count = 1;
	for (int i = 0; i < p->rank; i++)
		count *= p->dim[i];
	return count;
}

/* Where element i of the file's order lies in memory. */
static size_t place(const struct onnx_port *p, size_t i)
{
	if (!p->channels_last)
		return i;
	const size_t area = p->dim[2] * p->dim[3];
	return i % area * p->dim[1] + i / area;
}

static int time_runs(struct session *s, int count, struct error *why)
{
	for (int i = 0; i < count; i++) {
		const double start = now_ms();
		if (session_run(s, why) != OK)
			return fail(why);
		printf("%s%.4f", i > 0 ? " " : "", now_ms() - start);
	}
	printf("\n");
	return 0;
}

static int run_files(const struct onnx *net, struct session *s, const char *in, const char *out,
	struct error *why)
{
	const struct onnx_port *p = onnx_input(net, 0);
	FILE *from = fopen(in, "rb"), *to = fopen(out, "wb");
	if (from == NULL || to == NULL) {
		err_set(why, ERR_IO, "cannot open '%s' or '%s'", in, out);
		return fail(why);
	}
	for (size_t i = 0; i < count_of(p); i++) {
		if (fread(&session_input(s, 0)[place(p, i)], sizeof(float), 1, from) != 1)
			break;
	}
	if (session_run(s, why) != OK)
		return fail(why);
	for (size_t k = 0; k < graph_outputs(onnx_graph(net)); k++) {
		p = onnx_output(net, k);
		for (size_t i = 0; i < count_of(p); i++)
			fwrite(&session_output(s, k)[place(p, i)], sizeof(float), 1, to);
	}
	fclose(from);
	fclose(to);
	printf("ok\n");
	return 0;
}

static int serve(const struct onnx *net, struct session *s, struct error *why)
{
	char line[LINE_MAX_BYTES], in[LINE_MAX_BYTES], out[LINE_MAX_BYTES];
	int count, bad = 0;
	while (bad == 0 && fgets(line, sizeof(line), stdin) != NULL) {
		if (sscanf(line, "time %d", &count) == 1)
			bad = time_runs(s, count, why);
		else if (sscanf(line, "run %4095s %4095s", in, out) == 2)
			bad = run_files(net, s, in, out, why);
		else if (strncmp(line, "flops", 5) == 0)
			printf("%.0f\n", graph_flops(onnx_graph(net)));
		fflush(stdout);
	}
	return bad;
}

int main(int argc, char **argv)
{
	struct error why = {0};
	struct onnx *net = NULL;
	struct session *s = NULL;
	struct onnx_size size = {0};
	if (argc != 2 && argc != 4) {
		fprintf(stderr, "usage: onnx_run MODEL [HEIGHT WIDTH]\n");
		return 2;
	}
	if (argc == 4) {
		size.height = strtoul(argv[2], NULL, 10);
		size.width = strtoul(argv[3], NULL, 10);
	}
	int bad = 0;
	if (onnx_load(&net, argv[1], &size, &why) != OK ||
		session_open(&s, onnx_graph(net), 1, 1, &why) != OK)
		bad = fail(&why);
	else
		bad = serve(net, s, &why);
	session_close(s);
	onnx_free(net);
	return bad;
}
