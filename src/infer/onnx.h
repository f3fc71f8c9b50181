/* SPDX-License-Identifier: MIT */
/*
 * Networks from ONNX files (opset 7 to 21, operators of the standard domain that an image
 * network needs; onnx_node.c has the list) as graphs. Loading is by one thread; a loaded
 * network is const and any thread may open sessions on it:
 *
 *	struct onnx *net;
 *	enum err e = onnx_load(&net, path, &(struct onnx_size){320, 320}, why);
 *	if (e == OK)
 *		e = session_open(&session, onnx_graph(net), 1, 1, why);
 *	if (e == OK)
 *		e = onnx_find_output(net, "cls_8", &cls, why);
 *	onnx_free(net);
 *
 * Layout. ONNX networks for images are NCHW; here everything runs as NHWC. An input of
 * four dimensions is an image: (height, width, channels) in memory, whatever the file
 * says. Outputs lie as the file says, except those of four dimensions that the network
 * leaves as images (struct onnx_port, channels_last).
 */
#ifndef INFER_ONNX_H
#define INFER_ONNX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "infer/graph.h"

enum {
	ONNX_RANK_MAX = 8,
	ONNX_FILE_MAX = 256 << 20, /* bytes */
	ONNX_NODES_MAX = 16384,
	ONNX_VALUES_MAX = 65536,           /* names of tensors */
	ONNX_SIDE_MAX = 16384,             /* of an input's height and width */
	ONNX_CONST_ELEMENTS_MAX = 1 << 26, /* of one constant */
	ONNX_NAME_MAX = 128,               /* bytes of a port's name that are kept */
	ONNX_OPSET_MIN = 7,
	ONNX_OPSET_MAX = 21,
};

struct onnx;

/* The size of the input image; zeros: the file's own. */
struct onnx_size {
	size_t height, width;
};

/*
 * An input or output. `dim` is as in the file (NCHW for images), with the numbers for this
 * size; the first is the file's batch, which is 1 (a session's batch comes on top).
 */
struct onnx_port {
	char name[ONNX_NAME_MAX];
	int rank;
	size_t dim[ONNX_RANK_MAX];
	bool channels_last; /* memory is (1, dim[2], dim[3], dim[1]) */
};

/*
 * Loads a file. `size` (NULL: the file's own) replaces height and width of the input and
 * all that follows from them; needed when the file leaves them open.
 * ERR_FORMAT when the file is damaged, is none or contradicts itself; ERR_UNSUPPORTED,
 * naming the node, when it needs what is not here; ERR_LIMIT, ERR_ARG (no size, or one
 * that the network cannot take), ERR_NOMEM and what file_read gives.
 */
enum err onnx_load(struct onnx **out, const char *path, const struct onnx_size *size,
	struct error *why) MUST_USE;

/* The same from memory, of which nothing is needed afterwards. */
enum err onnx_parse(struct onnx **out, const void *bytes, size_t len, const struct onnx_size *size,
	struct error *why) MUST_USE;

void onnx_free(struct onnx *n);

/* The network, finished; borrowed. Its ports are in the order of onnx_input and onnx_output. */
const struct graph *onnx_graph(const struct onnx *n);

/* Port i; i < graph_inputs(onnx_graph(n)) or graph_outputs(...). Borrowed. */
const struct onnx_port *onnx_input(const struct onnx *n, size_t i);
const struct onnx_port *onnx_output(const struct onnx *n, size_t i);

/* The number of the output of that name; ERR_NOT_FOUND, naming those that there are. */
enum err onnx_find_output(
	const struct onnx *n, const char *name, size_t *i, struct error *why) MUST_USE;

#endif
