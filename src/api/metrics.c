/* SPDX-License-Identifier: MIT */
/*
 * /metrics in the text format of Prometheus (0.0.4). Counters are of this process since its start,
 * devices those of the caller's organisation.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "api/context.h"
#include "api/meters.h"
#include "api/resources.h"
#include "base/buf.h"
#include "base/file.h"
#include "gallery/decide.h"
#include "store/devices.h"

enum { METRICS_BYTES_MAX = 4 << 20, LABELS_BYTES = 512 };

/* What is written, and the first failure on the way. */
struct page {
	struct buf out;
	enum err err;
};

static void head(struct page *p, const char *name, const char *type, const char *help)
{
	if (p->err == OK)
		p->err =
			buf_printf(&p->out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* One sample; labels: "a=\"b\"" or "". */
static void sample(struct page *p, const char *name, const char *labels, double value)
{
	bool some = labels[0] != '\0';
	if (p->err == OK)
		p->err = buf_printf(&p->out, "%s%s%s%s %.17g\n", name, some ? "{" : "", labels,
			some ? "}" : "", value);
}

static void plain(
	struct page *p, const char *name, const char *type, const char *help, double value)
{
	head(p, name, type, help);
	sample(p, name, "", value);
}

/* A histogram's lines; `bucket` counts each once, as Prometheus does not. */
struct histogram {
	const char *name, *labels;
	const double *bound_ms; /* buckets - 1 */
	const atomic_uint_fast64_t *bucket;
	size_t buckets;
	uint64_t total_us;
};

static void histogram(struct page *p, const struct histogram *h)
{
	char labels[LABELS_BYTES + 32], name[96];
	uint64_t sum = 0;
	snprintf(name, sizeof(name), "%s_bucket", h->name);
	for (size_t i = 0; i < h->buckets; i++) {
		sum += atomic_load_explicit(&h->bucket[i], memory_order_relaxed);
		if (i + 1 < h->buckets)
			snprintf(labels, sizeof(labels), "%s,le=\"%g\"", h->labels,
				h->bound_ms[i] / 1e3);
		else
			snprintf(labels, sizeof(labels), "%s,le=\"+Inf\"", h->labels);
		sample(p, name, labels, (double)sum);
	}
	snprintf(name, sizeof(name), "%s_sum", h->name);
	sample(p, name, h->labels, (double)h->total_us / 1e6);
	snprintf(name, sizeof(name), "%s_count", h->name);
	sample(p, name, h->labels, (double)sum);
}

/* --- requests --------------------------------------------------------------------------- */

static void route_labels(char out[static LABELS_BYTES], const struct route *r)
{
	if (r == NULL)
		snprintf(out, LABELS_BYTES, "method=\"\",route=\"\"");
	else
		snprintf(out, LABELS_BYTES, "method=\"%s\",route=\"%s\"", method_name(r->method),
			r->path);
}

static void add_requests(struct page *p, const struct api *api, const struct server *server)
{
	size_t count, routes;
	const struct route_stats *stats = server_route_stats(server, &count);
	const struct route *route = api_routes(api, &routes);
	char labels[LABELS_BYTES], full[LABELS_BYTES + 32];
	head(p, "rollcall_http_requests_total", "counter",
		"Requests by route and class of status; status 0xx: the client went away.");
	for (size_t i = 0; i < count; i++) {
		route_labels(labels, i < routes ? &route[i] : NULL);
		for (int s = 0; s < 6; s++) {
			uint64_t n = atomic_load(&stats[i].status[s]);
			snprintf(full, sizeof(full), "%s,status=\"%dxx\"", labels, s);
			if (n > 0)
				sample(p, "rollcall_http_requests_total", full, (double)n);
		}
	}
	head(p, "rollcall_http_request_duration_seconds", "histogram",
		"From the head of a request to the last byte of the answer.");
	for (size_t i = 0; i < count; i++) {
		uint64_t total_us = atomic_load(&stats[i].total_us);
		route_labels(labels, i < routes ? &route[i] : NULL);
		if (total_us > 0)
			histogram(p,
				&(struct histogram){"rollcall_http_request_duration_seconds",
					labels, stats_bound_ms, stats[i].bucket, STATS_BUCKETS,
					total_us});
	}
}

static void add_server(struct page *p, const struct server *server)
{
	struct server_stats s;
	server_stats_get(server, &s);
	const struct {
		const char *name, *type, *help;
		uint64_t value;
	} table[] = {
		{"rollcall_connections", "gauge", "Open connections.", s.connections},
		{"rollcall_channels", "gauge", "Open WebSockets.", s.channels},
		{"rollcall_connections_accepted_total", "counter", "Connections since the start.",
			s.accepted},
		{"rollcall_connections_refused_total", "counter", "Connections over a limit.",
			s.refused},
		{"rollcall_tls_failures_total", "counter", "TLS handshakes that failed.",
			s.handshake_failures},
		{"rollcall_timeouts_total", "counter", "Connections ended because of slowness.",
			s.timeouts},
		{"rollcall_queue_waiting", "gauge", "Requests that wait for a worker.",
			s.queue_waiting},
		{"rollcall_queue_running", "gauge", "Requests on a worker.", s.queue_running},
		{"rollcall_queue_full_total", "counter",
			"Requests sent away as the queue was full.", s.queue_full},
		{"rollcall_rate_limited_total", "counter", "Requests over a rate.", s.rate_limited},
		{"rollcall_received_bytes_total", "counter", "Bytes in.", s.bytes_in},
		{"rollcall_sent_bytes_total", "counter", "Bytes out.", s.bytes_out},
		{"rollcall_body_bytes", "gauge", "Bytes of bodies in memory.", s.body_bytes},
		{"rollcall_messages_received_total", "counter", "Messages of WebSockets in.",
			s.messages_in},
		{"rollcall_messages_sent_total", "counter", "Messages of WebSockets out.",
			s.messages_out},
		{"rollcall_messages_dropped_total", "counter",
			"Messages that a newer one replaced.", s.messages_dropped},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		plain(p, table[i].name, table[i].type, table[i].help, (double)table[i].value);
}

/* --- recognition ------------------------------------------------------------------------ */

static void add_recognition(struct page *p, struct meters *m)
{
	char labels[LABELS_BYTES];
	head(p, "rollcall_recognition_seconds", "histogram",
		"Stages of recognition, each photo counted once.");
	for (size_t i = 0; i < METER_STAGES; i++) {
		snprintf(labels, sizeof(labels), "stage=\"%s\"", meter_stage_words[i]);
		histogram(p,
			&(struct histogram){"rollcall_recognition_seconds", labels, meter_bound_ms,
				m->stage[i].bucket, METER_BUCKETS,
				atomic_load(&m->stage[i].total_us)});
	}
	head(p, "rollcall_decisions_total", "counter", "Faces by what was decided on them.");
	for (size_t i = 0; i < METER_DECISIONS; i++) {
		snprintf(
			labels, sizeof(labels), "decision=\"%s\"", decision_word((enum decision)i));
		sample(p, "rollcall_decisions_total", labels, (double)atomic_load(&m->decision[i]));
	}
}

/* --- devices, database, process --------------------------------------------------------- */

static enum err add_devices(struct page *p, struct store *store, int64_t now_ms, struct error *why)
{
	struct device_list list = {0};
	size_t known = 0, online = 0;
	enum err err = store_devices(store, &list, why);
	for (size_t i = 0; err == OK && i < list.count; i++) {
		if (list.item[i].revoked_ms != 0)
			continue;
		known++;
		online += device_online(&list.item[i], now_ms) ? 1 : 0;
	}
	device_list_finish(&list);
	plain(p, "rollcall_devices", "gauge", "Devices of the organisation.", (double)known);
	plain(p, "rollcall_devices_online", "gauge", "Of them, those seen a moment ago.",
		(double)online);
	return err;
}

static double file_bytes(const char *folder, const char *name)
{
	struct stat st;
	char *path = path_join(folder, name);
	double bytes = path != NULL && stat(path, &st) == 0 ? (double)st.st_size : 0;
	free(path);
	return bytes;
}

static enum err add_database(struct page *p, struct context *c, struct error *why)
{
	const char *home = api_options(c->api)->home;
	struct org org;
	double from_ms = meters_now_ms();
	enum err err = store_org(c->store, &org, why);
	plain(p, "rollcall_database_query_seconds", "gauge", "What a small query took just now.",
		(meters_now_ms() - from_ms) / 1e3);
	head(p, "rollcall_database_bytes", "gauge", "Size of the database and of its log.");
	sample(p, "rollcall_database_bytes", "file=\"database\"", file_bytes(home, "rollcall.db"));
	sample(p, "rollcall_database_bytes", "file=\"wal\"", file_bytes(home, "rollcall.db-wal"));
	return err;
}

static void add_process(struct page *p)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	if (file != NULL) {
		if (fscanf(file, "%*s %ld", &pages) != 1)
			pages = 0;
		fclose(file);
	}
	plain(p, "process_resident_memory_bytes", "gauge", "Memory of the server's process.",
		(double)pages * (double)sysconf(_SC_PAGESIZE));
	head(p, "rollcall_build_info", "gauge", "Which program this is.");
	sample(p, "rollcall_build_info", "version=\"" ROLLCALL_VERSION "\"", 1);
}

static enum err metrics(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct page p = {0};
	buf_init(&p.out, METRICS_BYTES_MAX);
	add_process(&p);
	add_server(&p, worker_server(w));
	add_requests(&p, c->api, worker_server(w));
	add_recognition(&p, recognisers_meters(api_recognisers(c->api)));
	enum err err = add_devices(&p, c->store, request_now_ms(req), response_why(res));
	if (err == OK)
		err = add_database(&p, c, response_why(res));
	if (err == OK && p.err != OK)
		err = err_set(response_why(res), p.err, "the metrics do not fit into memory");
	if (err == OK)
		err = response_body(
			res, "text/plain; version=0.0.4; charset=utf-8", p.out.data, p.out.len);
	buf_finish(&p.out);
	return err;
}

static const struct route routes[] = {
	{METHOD_GET, "/metrics", .access = RIGHT_METRICS, .rate = RATE_API, .flags = ROUTE_QUIET,
		.handler = metrics},
};

const struct resource resource_metrics = RESOURCE(routes);
