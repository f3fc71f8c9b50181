/* SPDX-License-Identifier: MIT */
/*
 * An ONNX network from any bytes; the first says which size is asked for. What loads is
 * opened and run when it is small.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "infer/onnx.h"
#include "infer/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const double flops_max = 1e7;
enum { FLOATS_MAX = 1 << 18 };

/* Whether a session of it takes little enough memory to be opened thousands of times. */
static bool small(const struct graph *g)
{
	size_t floats = 0;
	for (size_t i = 0; i < graph_inputs(g); i++) {
		const struct shape s = graph_input_shape(g, i);
		floats += s.h * s.w * s.c;
	}
	for (size_t i = 0; i < graph_outputs(g); i++) {
		const struct shape s = graph_output_shape(g, i);
		floats += s.h * s.w * s.c;
	}
	return floats < FLOATS_MAX && graph_flops(g) < flops_max;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct onnx_size sizes[] = {{0, 0}, {8, 8}, {12, 20}, {640, 640}};
	struct onnx *net;
	struct session *s = NULL;
	struct error why = {0};
	if (size < 1)
		return 0;
	const struct onnx_size *want = &sizes[data[0] % 4];
	if (onnx_parse(&net, data + 1, size - 1, want, &why) != OK) {
		if (net != NULL || why.text[0] == '\0')
			__builtin_trap();
		return 0;
	}
	if (small(onnx_graph(net)) && session_open(&s, onnx_graph(net), 1, 1, &why) == OK &&
		session_run(s, &why) != OK)
		__builtin_trap();
	session_close(s);
	onnx_free(net);
	return 0;
}
