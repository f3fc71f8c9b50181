/* SPDX-License-Identifier: MIT */
#include "infer/onnx.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "infer/graph_int.h"
#include "infer/onnx_int.h"

enum {
	/* Of unpacked messages, beside a few times the file: two bytes can name a message. */
	UNPACKED_EXTRA = 64 << 20,
	UNPACKED_TIMES = 4,
	/* Of what is computed while loading. */
	COMPUTED_MAX = 1 << 30,
	CHANNELS_LIKELY = 4, /* an image has at most so many */
	NAMES_SHOWN = 200,   /* bytes of a list of names in an error */
};

struct onnx {
	struct graph *g;
	struct arena *arena;
	struct onnx_port input[GRAPH_PORTS_MAX], output[GRAPH_PORTS_MAX];
};

/* --- reading -------------------------------------------------------------------------------- */

static void *unpack_take(void *arena, size_t bytes)
{
	return arena_take(arena, bytes);
}

static void unpack_give(void *arena, void *at)
{
	(void)arena;
	(void)at;
}

static enum err check_model(const OnnxFile__Model *m, struct error *why)
{
	if (m->graph == NULL)
		return err_set(why, ERR_FORMAT, "is no ONNX model: there is no network in it");
	const OnnxFile__Graph *g = m->graph;
	if (g->n_sparse_initializer > 0)
		return err_set(why, ERR_UNSUPPORTED, "has sparse weights");
	if (g->n_input > ONNX_VALUES_MAX || g->n_initializer > ONNX_VALUES_MAX)
		return err_set(why, ERR_LIMIT, "has more than %d tensors", ONNX_VALUES_MAX);
	if (g->n_node > ONNX_NODES_MAX)
		return err_set(why, ERR_LIMIT, "has more than %d nodes", ONNX_NODES_MAX);
	if (g->n_output < 1 || g->n_output > GRAPH_PORTS_MAX)
		return err_set(why, ERR_LIMIT, "has no or more than %d outputs", GRAPH_PORTS_MAX);
	return OK;
}

static enum err find_opset(const OnnxFile__Model *m, int64_t *opset, struct error *why)
{
	*opset = 0;
	for (size_t i = 0; i < m->n_opset_import; i++) {
		const OnnxFile__OperatorSet *s = m->opset_import[i];
		if (s->domain == NULL || s->domain[0] == '\0' || strcmp(s->domain, "ai.onnx") == 0)
			*opset = s->has_version ? s->version : 0;
	}
	if (*opset < ONNX_OPSET_MIN || *opset > ONNX_OPSET_MAX)
		return err_set(why, ERR_UNSUPPORTED,
			"is written for opset %lld; %d to %d are known here", (long long)*opset,
			ONNX_OPSET_MIN, ONNX_OPSET_MAX);
	return OK;
}

/* --- values --------------------------------------------------------------------------------- */

static int compare_values(const void *a, const void *b)
{
	const struct value *x = a, *y = b;
	return strcmp(x->name, y->name);
}

static struct value *find_value(const struct loader *l, const char *name)
{
	const struct value key = {.name = name};
	return l->values == 0 ? NULL
			      : bsearch(&key, l->value, l->values, sizeof(key), compare_values);
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Old files list their weights among the inputs too. */
static bool is_initializer(const struct loader *l, const char *name)
{
	const size_t count = l->file->graph->n_initializer;
	return count > 0 &&
		bsearch(&name, l->initializer, count, sizeof(name), compare_texts) != NULL;
}

static enum err sort_initializers(struct loader *l)
{
	const OnnxFile__Graph *g = l->file->graph;
	l->initializer = arena_array(l->arena, g->n_initializer, sizeof(*l->initializer));
	if (l->initializer == NULL)
		return err_set(l->why, ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < g->n_initializer; i++) {
		if (g->initializer[i]->name == NULL)
			return err_set(l->why, ERR_FORMAT, "a tensor has no name");
		l->initializer[i] = g->initializer[i]->name;
	}
	qsort(l->initializer, g->n_initializer, sizeof(*l->initializer), compare_texts);
	return OK;
}

static enum err add_name(struct loader *l, const char *name, size_t room)
{
	if (name == NULL || name[0] == '\0')
		return err_set(l->why, ERR_FORMAT, "a tensor has no name");
	if (l->values == room)
		return err_set(l->why, ERR_INTERNAL, "more names than were counted");
	l->value[l->values++] = (struct value){.name = name, .op = -1};
	return OK;
}

static enum err add_names(struct loader *l, size_t room)
{
	const OnnxFile__Graph *g = l->file->graph;
	enum err e = OK;
	for (size_t i = 0; e == OK && i < g->n_initializer; i++)
		e = add_name(l, g->initializer[i]->name, room);
	for (size_t i = 0; e == OK && i < g->n_input; i++) {
		const char *name = g->input[i]->name;
		if (!is_initializer(l, name))
			e = add_name(l, name, room);
	}
	for (size_t i = 0; e == OK && i < g->n_node; i++) {
		const OnnxFile__Node *n = g->node[i];
		for (size_t k = 0; e == OK && k < n->n_output; k++) {
			if (n->output[k][0] != '\0')
				e = add_name(l, n->output[k], room);
		}
	}
	return e;
}

/* How often each is needed; an output of the network is needed by others than nodes. */
static void count_uses(struct loader *l)
{
	const OnnxFile__Graph *g = l->file->graph;
	struct value *v;
	for (size_t i = 0; i < g->n_node; i++) {
		for (size_t k = 0; k < g->node[i]->n_input; k++) {
			v = find_value(l, g->node[i]->input[k]);
			if (v != NULL)
				v->uses++;
		}
	}
	for (size_t i = 0; i < g->n_output; i++) {
		v = g->output[i]->name != NULL ? find_value(l, g->output[i]->name) : NULL;
		if (v != NULL)
			v->uses += 2;
	}
}

static enum err collect_values(struct loader *l)
{
	const OnnxFile__Graph *g = l->file->graph;
	size_t room = g->n_initializer + g->n_input;
	for (size_t i = 0; i < g->n_node; i++)
		room += g->node[i]->n_output;
	if (room > ONNX_VALUES_MAX)
		return err_set(l->why, ERR_LIMIT, "has more than %d tensors", ONNX_VALUES_MAX);
	l->values = 0;
	l->value = arena_array(l->arena, room, sizeof(*l->value));
	if (l->value == NULL)
		return err_set(l->why, ERR_NOMEM, "out of memory");
	enum err e = add_names(l, room);
	if (e != OK)
		return e;
	qsort(l->value, l->values, sizeof(*l->value), compare_values);
	for (size_t i = 1; i < l->values; i++) {
		if (strcmp(l->value[i - 1].name, l->value[i].name) == 0)
			return err_set(
				l->why, ERR_FORMAT, "tensor '%s' is made twice", l->value[i].name);
	}
	count_uses(l);
	return OK;
}

static enum err take_initializers(struct loader *l)
{
	const OnnxFile__Graph *g = l->file->graph;
	for (size_t i = 0; i < g->n_initializer; i++) {
		struct value *v = find_value(l, g->initializer[i]->name);
		enum err e = known_from_file(l, g->initializer[i], &v->known);
		if (e != OK)
			return err_prefix(l->why, e, "weights '%s'", v->name);
		v->dims = v->known->dims;
		v->made = true;
		order_plain(v->dims.rank, v->order);
	}
	return OK;
}

/* --- ports ---------------------------------------------------------------------------------- */

/* The sides that a port has in the file; 0 for those that it leaves open. */
static enum err file_dims(const OnnxFile__ValueInfo *info, struct dims *d, struct error *why)
{
	const OnnxFile__TensorType *t = info->type != NULL ? info->type->tensor : NULL;
	*d = (struct dims){0};
	if (t == NULL || t->shape == NULL)
		return err_set(why, ERR_UNSUPPORTED, "input '%s' has no shape", info->name);
	if (t->has_elem_type && t->elem_type != 1)
		return err_set(why, ERR_UNSUPPORTED, "input '%s' is not of floats", info->name);
	if (t->shape->n_dim < 1 || t->shape->n_dim > ONNX_RANK_MAX)
		return err_set(why, ERR_LIMIT, "input '%s' has no or more than %d dimensions",
			info->name, ONNX_RANK_MAX);
	d->rank = (int)t->shape->n_dim;
	for (int i = 0; i < d->rank; i++) {
		const OnnxFile__Dimension *one = t->shape->dim[i];
		const int64_t side = one->has_value ? one->value : 0;
		if (side > GRAPH_ELEMENTS_MAX)
			return err_set(why, ERR_LIMIT, "input '%s' is too large", info->name);
		d->d[i] = side > 0 ? (size_t)side : 0;
	}
	return OK;
}

static bool few(size_t channels)
{
	return channels >= 1 && channels <= CHANNELS_LIKELY;
}

/* Fills in the size and one image; `rows` is the first of the two sides of an image. */
static enum err input_dims(struct loader *l, const OnnxFile__ValueInfo *info,
	const struct onnx_size *size, struct dims *d, int *rows)
{
	enum err e = file_dims(info, d, l->why);
	if (e != OK)
		return e;
	*rows = d->rank != 4 ? -1 : few(d->d[3]) && !few(d->d[1]) ? 1 : 2;
	if (*rows > 0 || d->d[0] == 0)
		d->d[0] = 1;
	if (*rows > 0 && size != NULL && size->height > 0) {
		d->d[*rows] = size->height;
		d->d[*rows + 1] = size->width;
	}
	for (int i = 0; i < d->rank; i++) {
		if (d->d[i] == 0)
			return err_set(l->why, ERR_ARG,
				"leaves the size of its input '%s' open: give one", info->name);
	}
	return OK;
}

static enum err add_input(struct loader *l, const OnnxFile__ValueInfo *info,
	const struct onnx_size *size, struct onnx_port *port)
{
	struct value *v = find_value(l, info->name);
	int rows;
	enum err e = input_dims(l, info, size, &v->dims, &rows);
	if (e != OK)
		return e;
	order_plain(v->dims.rank, v->order);
	if (rows == 2)
		order_channels_last(v->dims.rank, v->order);
	v->op = graph_input(l->g, shape_in_order(&v->dims, v->order));
	v->made = true;
	v->only = false;
	*port = (struct onnx_port){.rank = v->dims.rank, .channels_last = rows == 2};
	memcpy(port->dim, v->dims.d, sizeof(port->dim));
	snprintf(port->name, sizeof(port->name), "%s", info->name);
	return graph_error(l->g, l->why);
}

static enum err add_inputs(struct loader *l, const struct onnx_size *size, struct onnx_port *port)
{
	const OnnxFile__Graph *g = l->file->graph;
	size_t inputs = 0;
	for (size_t i = 0; i < g->n_input; i++) {
		if (is_initializer(l, g->input[i]->name))
			continue;
		if (inputs == GRAPH_PORTS_MAX)
			return err_set(
				l->why, ERR_LIMIT, "has more than %d inputs", GRAPH_PORTS_MAX);
		enum err e = add_input(l, g->input[i], size, &port[inputs++]);
		if (e != OK)
			return e;
	}
	return OK;
}

/* An output that is an operation's own: not an input, a constant, or there already. */
static int own_op(struct loader *l, const struct value *v, const uint8_t *order, size_t i)
{
	int op = op_in_order(l, v, order);
	const struct shape s = graph_shape(l->g, op);
	bool taken = v->known != NULL || op < 0;
	const OnnxFile__Graph *g = l->file->graph;
	for (size_t k = 0; !taken && k < g->n_input; k++) {
		const struct value *in = find_value(l, g->input[k]->name);
		taken = in != NULL && in->known == NULL && in->op == op;
	}
	for (size_t k = 0; !taken && k < i; k++) {
		const struct value *other = find_value(l, g->output[k]->name);
		taken = other->known == NULL && other->op == op;
	}
	if (!taken)
		return op;
	const struct walk all = {.rank = 1, .dim = {s.h * s.w * s.c}, .stride = {1}};
	return graph_copy(l->g, op, &all, s);
}

static enum err add_output(struct loader *l, size_t i, struct onnx_port *port)
{
	const char *name = l->file->graph->output[i]->name;
	struct value *v = name != NULL ? find_value(l, name) : NULL;
	uint8_t order[ONNX_RANK_MAX], image[ONNX_RANK_MAX];
	if (v == NULL || !v->made)
		return err_set(l->why, ERR_FORMAT, "nothing makes its output '%s'",
			name != NULL ? name : "");
	order_plain(v->dims.rank, order);
	order_channels_last(v->dims.rank, image);
	*port = (struct onnx_port){.rank = v->dims.rank};
	port->channels_last = v->known == NULL && v->dims.rank == 4 &&
		!order_same(&v->dims, v->order, order) && order_same(&v->dims, v->order, image);
	memcpy(port->dim, v->dims.d, sizeof(port->dim));
	snprintf(port->name, sizeof(port->name), "%s", v->name);
	graph_output(l->g, own_op(l, v, port->channels_last ? image : order, i));
	return graph_error(l->g, l->why);
}

/* --- nodes ---------------------------------------------------------------------------------- */

static enum err label_node(struct loader *l)
{
	const OnnxFile__Node *n = l->node;
	const bool named = n->name != NULL && n->name[0] != '\0';
	const char *name = named ? n->name : n->n_output > 0 ? n->output[0] : "";
	l->label = arena_take(l->arena, LABEL_MAX);
	if (l->label == NULL)
		return err_set(l->why, ERR_NOMEM, "out of memory");
	snprintf(l->label, LABEL_MAX, "%s '%s'", n->op_type, name);
	graph_label(l->g, l->label);
	return OK;
}

/* Everything that the node needs must be there: nodes come in an order that works. */
static enum err check_inputs(struct loader *l)
{
	for (size_t i = 0; i < l->node->n_input; i++) {
		const char *name = l->node->input[i];
		if (name[0] == '\0')
			continue;
		const struct value *v = find_value(l, name);
		if (v == NULL || !v->made)
			return node_bad(
				l, ERR_FORMAT, "needs '%s', which no node before it makes", name);
	}
	return OK;
}

static enum err check_outputs(struct loader *l)
{
	for (size_t i = 0; i < l->node->n_output; i++) {
		const struct value *v = node_out(l, i);
		if (v != NULL && v->uses > 0 && !v->made)
			return node_bad(
				l, ERR_UNSUPPORTED, "its output '%s' is not made here", v->name);
	}
	return OK;
}

static void keep_trace(struct loader *l)
{
	const struct value *in = node_in(l, 0), *out = node_out(l, 0);
	if (!l->tracing)
		return;
	if (in != NULL)
		l->trace[l->index].in = in->dims;
	if (out != NULL)
		l->trace[l->index].out = out->dims;
}

static enum err add_node(struct loader *l, size_t index)
{
	l->node = l->file->graph->node[index];
	if (l->node->op_type == NULL)
		return err_set(l->why, ERR_FORMAT, "node %zu has no operator", index);
	l->index = index;
	l->first_op = graph_ops(l->g);
	enum err e = label_node(l);
	if (e == OK)
		e = check_inputs(l);
	if (e != OK)
		return e;
	const char *domain = l->node->domain;
	operator_fn run = operator_find(l->node->op_type);
	bool done = false;
	if (domain != NULL && domain[0] != '\0' && strcmp(domain, "ai.onnx") != 0)
		return node_bad(l, ERR_UNSUPPORTED, "operators of '%s' are not known", domain);
	e = fold_node(l, &done);
	if (e == OK && !done && run == NULL)
		return node_bad(l, ERR_UNSUPPORTED, "this operator is not known");
	if (e == OK && !done)
		e = l->node->n_input < 1 || node_in(l, 0) == NULL
			? node_bad(l, ERR_FORMAT, "has no input")
			: run(l);
	if (e == OK)
		e = node_check(l);
	if (e == OK)
		e = check_outputs(l);
	if (e == OK)
		keep_trace(l);
	return e;
}

/* --- the whole ------------------------------------------------------------------------------ */

/* Builds l->g for one size. */
static enum err build(struct loader *l, const struct onnx_size *size, struct onnx *n)
{
	enum err e = graph_new(&l->g, l->why);
	if (e == OK)
		e = collect_values(l);
	if (e == OK)
		e = take_initializers(l);
	if (e == OK)
		e = add_inputs(l, size, n->input);
	for (size_t i = 0; e == OK && i < l->file->graph->n_node; i++)
		e = add_node(l, i);
	if (l->g != NULL)
		graph_label(l->g, NULL);
	for (size_t i = 0; e == OK && !l->tracing && i < l->file->graph->n_output; i++)
		e = add_output(l, i, &n->output[i]);
	if (e == OK && !l->tracing)
		e = graph_finish(l->g, l->why);
	if (e != OK || l->tracing) {
		graph_free(l->g);
		l->g = NULL;
	}
	return e;
}

/*
 * For another size than the file's own, constants of that size (where a Reshape goes to,
 * say) have to be understood: the file's own size is gone through first.
 */
static enum err trace_own_size(struct loader *l, struct onnx *n)
{
	const OnnxFile__Graph *g = l->file->graph;
	for (size_t i = 0; i < g->n_input; i++) {
		struct dims d;
		if (is_initializer(l, g->input[i]->name))
			continue;
		enum err e = file_dims(g->input[i], &d, l->why);
		if (e != OK)
			return e;
		for (int k = 1; k < d.rank; k++) {
			if (d.d[k] == 0)
				return OK; /* it has no size of its own */
		}
	}
	l->trace = arena_array(l->arena, g->n_node, sizeof(*l->trace));
	if (l->trace == NULL)
		return err_set(l->why, ERR_NOMEM, "out of memory");
	l->tracing = true;
	enum err e = build(l, NULL, n);
	l->tracing = false;
	l->traced = true;
	return e;
}

static enum err check_size(const struct onnx_size *size, struct error *why)
{
	if (size == NULL || (size->height == 0 && size->width == 0))
		return OK;
	if (size->height < 1 || size->height > ONNX_SIDE_MAX || size->width < 1 ||
		size->width > ONNX_SIDE_MAX)
		return err_set(why, ERR_ARG, "a size of %zux%zu is not between 1x1 and %dx%d",
			size->width, size->height, ONNX_SIDE_MAX, ONNX_SIDE_MAX);
	return OK;
}

static enum err load(
	struct onnx *n, const OnnxFile__Model *m, const struct onnx_size *size, struct error *why)
{
	struct loader l = {.arena = n->arena, .file = m, .why = why};
	for (size_t i = 0; i < m->graph->n_input; i++) {
		if (m->graph->input[i]->name == NULL)
			return err_set(why, ERR_FORMAT, "an input has no name");
	}
	enum err e = find_opset(m, &l.opset, why);
	if (e == OK)
		e = sort_initializers(&l);
	if (e == OK && size != NULL && size->height > 0)
		e = trace_own_size(&l, n);
	if (e == OK)
		e = build(&l, size, n);
	n->g = l.g;
	/* At its own size it has been found to be right. */
	if (e == ERR_FORMAT && l.traced)
		e = err_prefix(why, ERR_ARG, "the network does not take a size of %zux%zu",
			size->width, size->height);
	return e;
}

enum err onnx_parse(struct onnx **out, const void *bytes, size_t len, const struct onnx_size *size,
	struct error *why)
{
	*out = NULL;
	enum err e = check_size(size, why);
	if (e != OK)
		return e;
	if (len > ONNX_FILE_MAX)
		return err_set(why, ERR_LIMIT, "is larger than %d bytes", ONNX_FILE_MAX);
	struct onnx *n = mem_array(1, sizeof(*n));
	struct arena *unpacked =
		arena_new(len * UNPACKED_TIMES + UNPACKED_EXTRA + (size_t)COMPUTED_MAX);
	if (n == NULL || unpacked == NULL) {
		free(n);
		arena_free(unpacked);
		return err_set(why, ERR_NOMEM, "out of memory");
	}
	n->arena = unpacked;
	ProtobufCAllocator allocator = {unpack_take, unpack_give, unpacked};
	const OnnxFile__Model *m = onnx_file__model__unpack(&allocator, len, bytes);
	if (m != NULL)
		e = check_model(m, why);
	else if (arena_error(unpacked) != OK)
		e = err_set(why, arena_error(unpacked), "takes too much memory to read");
	else
		e = err_set(why, ERR_FORMAT, "is no ONNX model, or is damaged");
	if (e == OK)
		e = load(n, m, size, why);
	if (e != OK)
		onnx_free(n);
	else
		*out = n;
	return e;
}

enum err onnx_load(
	struct onnx **out, const char *path, const struct onnx_size *size, struct error *why)
{
	struct buf content;
	*out = NULL;
	buf_init(&content, ONNX_FILE_MAX);
	enum err e = file_read(path, &content, why);
	if (e == OK) {
		e = onnx_parse(out, content.data, content.len, size, why);
		if (e != OK)
			e = err_prefix(why, e, "'%s'", path);
	}
	buf_finish(&content);
	return e;
}

void onnx_free(struct onnx *n)
{
	if (n == NULL)
		return;
	graph_free(n->g);
	arena_free(n->arena);
	free(n);
}

const struct graph *onnx_graph(const struct onnx *n)
{
	return n->g;
}

const struct onnx_port *onnx_input(const struct onnx *n, size_t i)
{
	assert(i < graph_inputs(n->g));
	return &n->input[i];
}

const struct onnx_port *onnx_output(const struct onnx *n, size_t i)
{
	assert(i < graph_outputs(n->g));
	return &n->output[i];
}

enum err onnx_find_output(const struct onnx *n, const char *name, size_t *i, struct error *why)
{
	char names[NAMES_SHOWN] = "";
	size_t used = 0;
	for (*i = 0; *i < graph_outputs(n->g); (*i)++) {
		if (strcmp(n->output[*i].name, name) == 0)
			return OK;
		if (used < sizeof(names))
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s'%s'",
				*i > 0 ? ", " : "", n->output[*i].name);
	}
	return err_set(why, ERR_NOT_FOUND, "the network has no output '%s', only %s", name, names);
}
