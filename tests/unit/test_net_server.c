/* SPDX-License-Identifier: MIT */
/* Parts of the server that need no socket: routes, rates, addresses, workers, certificates. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/pool.h"
#include "net/address.h"
#include "net/limit.h"
#include "net/notify.h"
#include "net/peers.h"
#include "net/router.h"
#include "net/tls.h"
#include "net/tls_self.h"

static enum err nothing(const struct request *req, struct response *res, struct worker *w)
{
	return OK;
}

static const struct route table[] = {
	{METHOD_GET, "/", .handler = nothing},
	{METHOD_GET, "/people", .handler = nothing},
	{METHOD_POST, "/people", .handler = nothing},
	{METHOD_GET, "/people/{id}", .handler = nothing},
	{METHOD_PATCH, "/people/{person}", .handler = nothing},
	{METHOD_GET, "/people/new", .handler = nothing},
	{METHOD_GET, "/people/{id}/photos/{photo}", .handler = nothing},
	{METHOD_GET, "/web/{rest...}", .handler = nothing},
	{METHOD_GET, "/web/login", .handler = nothing},
};

/* The index of the route for a path, ROUTES when there is none; `shown` gets the parameters. */
static size_t find(enum method method, const char *path, char *shown, struct route_match *match)
{
	struct router *r;
	struct error why = {0};
	struct url_path parts;
	struct params params = {0};
	assert_int_equal(router_open(&r, table, sizeof(table) / sizeof(table[0]), 0, &why), OK);
	assert_int_equal(url_path_parse(&parts, path, strlen(path)), OK);
	assert_int_equal(router_find(r, method, &parts, match, &params), OK);
	shown[0] = '\0';
	for (size_t i = 0; i < params.count; i++)
		snprintf(shown + strlen(shown), 200 - strlen(shown), "%s=%s;", params.item[i].name,
			params.item[i].value);
	params_finish(&params);
	url_path_finish(&parts);
	router_close(r);
	return match->index;
}

static void routes_are_found_by_the_plainest_pattern(void **state)
{
	struct route_match m;
	char shown[200];
	assert_int_equal(find(METHOD_GET, "/", shown, &m), 0);
	assert_int_equal(find(METHOD_GET, "/people", shown, &m), 1);
	assert_int_equal(find(METHOD_POST, "/people", shown, &m), 2);
	assert_int_equal(find(METHOD_HEAD, "/people/7", shown, &m), 3);
	assert_string_equal(shown, "id=7;");
	assert_int_equal(find(METHOD_PATCH, "/people/7", shown, &m), 4);
	assert_string_equal(shown, "person=7;");
	assert_int_equal(find(METHOD_GET, "/people/new", shown, &m), 5);
	assert_int_equal(find(METHOD_GET, "/people/7/photos/8", shown, &m), 6);
	assert_string_equal(shown, "id=7;photo=8;");
	assert_int_equal(find(METHOD_GET, "/web/a/b", shown, &m), 7);
	assert_string_equal(shown, "rest=a/b;");
	assert_int_equal(find(METHOD_GET, "/web/login", shown, &m), 8);
	assert_int_equal(find(METHOD_GET, "/web/", shown, &m), 7);
	assert_string_equal(shown, "rest=;");
}

static void other_paths_and_methods_are_told_apart(void **state)
{
	struct route_match m;
	char shown[200];
	assert_int_equal(find(METHOD_GET, "/nothing", shown, &m), sizeof(table) / sizeof(table[0]));
	assert_string_equal(m.allow, "");
	find(METHOD_GET, "/people/", shown, &m);
	assert_null(m.route);
	find(METHOD_DELETE, "/people/7", shown, &m);
	assert_null(m.route);
	assert_string_equal(m.allow, "GET, HEAD, PATCH, OPTIONS");
}

static void bad_tables_are_refused(void **state)
{
	static const struct channel_ops ops = {.idle_s = 1};
	static const struct route bad[][2] = {
		{{METHOD_GET, "/a", .handler = nothing}, {METHOD_GET, "/a", .handler = nothing}},
		{{METHOD_GET, "/{a}", .handler = nothing},
			{METHOD_GET, "/{b}", .handler = nothing}},
		{{METHOD_GET, "/a"}, {METHOD_GET, "/b", .handler = nothing}},
		{{METHOD_GET, "a", .handler = nothing}, {METHOD_GET, "/b", .handler = nothing}},
		{{METHOD_GET, "/{}", .handler = nothing}, {METHOD_GET, "/b", .handler = nothing}},
		{{METHOD_GET, "/{a}/{a}", .handler = nothing},
			{METHOD_GET, "/b", .handler = nothing}},
		{{METHOD_GET, "/{a...}/b", .handler = nothing},
			{METHOD_GET, "/b", .handler = nothing}},
		{{METHOD_HEAD, "/a", .handler = nothing}, {METHOD_GET, "/b", .handler = nothing}},
		{{METHOD_POST, "/a", .channel = &ops}, {METHOD_GET, "/b", .handler = nothing}},
		{{METHOD_GET, "/a", .handler = nothing, .rate = 1},
			{METHOD_GET, "/b", .handler = nothing}},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct router *r;
		struct error why = {0};
		if (router_open(&r, bad[i], 2, 1, &why) != ERR_ARG || why.text[0] == '\0')
			fail_msg("table %zu was taken", i);
	}
}

static void buckets_empty_and_fill_again(void **state)
{
	struct limit *l;
	struct error why = {0};
	const struct limit_rate rate = {.per_minute = 60, .burst = 3};
	int retry_s = 0;
	assert_int_equal(limit_open(&l, 1000, &why), OK);
	for (int i = 0; i < 3; i++)
		assert_true(limit_take(l, 1, "a", rate, 1000, NULL));
	assert_false(limit_take(l, 1, "a", rate, 1000, &retry_s));
	assert_int_equal(retry_s, 1);
	assert_true(limit_take(l, 1, "b", rate, 1000, NULL));
	assert_true(limit_take(l, 2, "a", rate, 1000, NULL));
	assert_true(limit_take(l, 1, "a", rate, 2000, NULL));
	assert_false(limit_take(l, 1, "a", rate, 2500, NULL));
	for (int i = 0; i < 3; i++)
		assert_true(limit_take(l, 1, "a", rate, 1000000, NULL));
	assert_false(limit_take(l, 1, "a", rate, 1000000, NULL));
	const struct limit_rate slow = {.per_minute = 1, .burst = 1};
	assert_true(limit_take(l, 3, "a", slow, 0, NULL));
	assert_false(limit_take(l, 3, "a", slow, 1000, &retry_s));
	assert_int_equal(retry_s, 59);
	const struct limit_rate none = {0};
	assert_true(limit_take(l, 4, "a", none, 0, NULL));
	limit_close(l);
}

static void buckets_of_many_keys_stay_within_their_memory(void **state)
{
	struct limit *l;
	struct error why = {0};
	const struct limit_rate rate = {.per_minute = 1, .burst = 1};
	assert_int_equal(limit_open(&l, 64, &why), OK);
	int refused = 0;
	for (int i = 0; i < 10000; i++) {
		char key[16];
		snprintf(key, sizeof(key), "k%d", i);
		refused += !limit_take(l, 1, key, rate, i, NULL);
	}
	assert_int_equal(refused, 0); /* nobody pays for others */
	assert_false(limit_take(l, 1, "k9999", rate, 10000, NULL));
	limit_close(l);
}

static struct address address(const char *text)
{
	struct address a;
	if (!address_parse(&a, text, strlen(text)))
		fail_msg("'%s' is an address", text);
	return a;
}

static void addresses_are_read_and_written(void **state)
{
	static const char *const same[][2] = {{"192.0.2.7", "192.0.2.7"},
		{"192.0.2.7:80", "192.0.2.7"}, {"[2001:db8::1]:443", "2001:db8::1"},
		{"\"[::1]\"", "::1"}, {"::ffff:10.0.0.1", "10.0.0.1"}, {" 10.0.0.1 ", "10.0.0.1"}};
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		char text[ADDRESS_TEXT];
		struct address a = address(same[i][0]);
		address_text(&a, text);
		assert_string_equal(text, same[i][1]);
	}
	static const char *const bad[] = {
		"", "x", "1.2.3", "1.2.3.256", "[::1", "unknown", ":::", "_h"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct address a;
		assert_false(address_parse(&a, bad[i], strlen(bad[i])));
	}
	struct address a = address("172.31.255.1"), b = address("172.32.0.1"),
		       c = address("127.9.9.9");
	assert_true(address_is_private(&a) && !address_is_private(&b) && address_is_loopback(&c));
	char key[ADDRESS_TEXT];
	a = address("2001:db8:1:2:3:4:5:6");
	address_key(&a, key);
	assert_string_equal(key, "2001:db8:1:2::");
}

static void networks_are_checked(void **state)
{
	struct network n;
	struct error why = {0};
	assert_int_equal(network_parse(&n, "10.0.0.0/8", &why), OK);
	struct address in = address("10.255.0.1"), out = address("11.0.0.1"),
		       v6 = address("::a00:1");
	assert_true(network_has(&n, &in) && !network_has(&n, &out) && !network_has(&n, &v6));
	assert_int_equal(network_parse(&n, "2001:db8::/33", &why), OK);
	assert_int_equal(network_parse(&n, "::1", &why), OK);
	static const char *const bad[] = {"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x",
		"x/8", "/8", "10.0.0.0/-1"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(network_parse(&n, bad[i], &why), ERR_ARG);
}

static void only_trusted_proxies_are_believed(void **state)
{
	struct network trusted[2];
	struct error why = {0};
	assert_int_equal(network_parse(&trusted[0], "10.0.0.0/8", &why), OK);
	assert_int_equal(network_parse(&trusted[1], "fd00::/8", &why), OK);
	static const char *const cases[][3] = {
		{"10.0.0.1", "1.1.1.1, 2.2.2.2", "2.2.2.2"},
		{"10.0.0.1", "1.1.1.1, 2.2.2.2, 10.9.9.9", "2.2.2.2"},
		{"10.0.0.1", "10.1.1.1, 10.2.2.2", "10.1.1.1"},
		{"8.8.8.8", "1.1.1.1", "8.8.8.8"},
		{"10.0.0.1", "1.1.1.1, junk", "10.0.0.1"},
		{"10.0.0.1", "", "10.0.0.1"},
		{"10.0.0.1", "for=1.1.1.1;proto=https, For=\"[2001:db8::1]:9\"", "2001:db8::1"},
		{"fd00::1", "for=1.1.1.1", "1.1.1.1"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct address peer = address(cases[i][0]);
		struct address a = address_behind(&peer, cases[i][1], trusted, 2);
		char text[ADDRESS_TEXT];
		address_text(&a, text);
		assert_string_equal(text, cases[i][2]);
	}
	assert_true(forwarded_https("for=a;proto=http, for=b;Proto=\"https\""));
	assert_false(forwarded_https("for=a;proto=https, for=b;proto=http"));
}

static void connections_of_addresses_are_counted(void **state)
{
	enum { ADDRESSES = 500 };
	struct peers *p;
	assert_int_equal(peers_open(&p, ADDRESSES), OK);
	struct address a[ADDRESSES];
	for (int i = 0; i < ADDRESSES; i++) {
		char text[32];
		snprintf(text, sizeof(text), "10.1.%d.%d", i / 250, i % 250);
		a[i] = address(text);
		for (int k = 0; k <= i % 3; k++)
			assert_int_equal(peers_add(p, &a[i]), OK);
	}
	for (int i = 0; i < ADDRESSES; i += 2) {
		for (int k = 0; k <= i % 3; k++)
			peers_remove(p, &a[i]);
	}
	for (int i = 0; i < ADDRESSES; i++)
		assert_int_equal(peers_count(p, &a[i]), i % 2 == 0 ? 0 : i % 3 + 1);
	peers_close(p);
}

struct tally {
	pthread_mutex_t lock;
	int started, stopped, done;
	bool fail;
};

struct job {
	struct tally *tally;
	useconds_t us;
};

static enum err worker_start(void *user, int index, void **state, struct error *why)
{
	struct tally *t = user;
	pthread_mutex_lock(&t->lock);
	t->started++;
	pthread_mutex_unlock(&t->lock);
	*state = t;
	return t->fail && index == 1 ? err_set(why, ERR_IO, "no database") : OK;
}

static void worker_stop(void *user, void *state)
{
	struct tally *t = user;
	pthread_mutex_lock(&t->lock);
	t->stopped++;
	pthread_mutex_unlock(&t->lock);
}

static void run(void *arg, void *state)
{
	struct job *job = arg;
	usleep(job->us);
	pthread_mutex_lock(&job->tally->lock);
	job->tally->done += state == job->tally;
	pthread_mutex_unlock(&job->tally->lock);
}

static void workers_do_what_is_queued_and_no_more_is_taken_than_fits(void **state)
{
	struct tally t = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct pool_options o = {.threads = 2,
		.queue_max = 10,
		.run = run,
		.start = worker_start,
		.stop = worker_stop,
		.user = &t};
	struct pool *p;
	struct error why = {0};
	struct job job = {&t, 20000};
	assert_int_equal(pool_open(&p, &o, &why), OK);
	assert_int_equal(t.started, 2);
	int taken = 0;
	for (int i = 0; i < 20; i++)
		taken += pool_add(p, &job) == OK;
	assert_in_range(taken, 10, 12); /* ten wait, up to two are being done */
	assert_int_equal(pool_add(p, &job), ERR_BUSY);
	for (int i = 0; i < 30; i++)
		assert_int_equal(pool_add_always(p, &job), OK);
	pool_close(p);
	assert_int_equal(t.done, taken + 30);
	assert_int_equal(t.stopped, 2);
}

static void a_worker_without_state_is_an_error(void **state)
{
	struct tally t = {.lock = PTHREAD_MUTEX_INITIALIZER, .fail = true};
	struct pool_options o = {.threads = 3,
		.queue_max = 1,
		.run = run,
		.start = worker_start,
		.stop = worker_stop,
		.user = &t};
	struct pool *p;
	struct error why = {0};
	assert_int_equal(pool_open(&p, &o, &why), ERR_IO);
	assert_string_equal(why.text, "no database");
	assert_int_equal(t.stopped, 2);
}

static void make(struct tls_self *out, const char *folder, const char *name, int64_t now_ms)
{
	struct tls_names names = {.count = 0};
	struct error why = {0};
	assert_int_equal(tls_names_add(&names, "localhost", &why), OK);
	assert_int_equal(tls_names_add(&names, name, &why), OK);
	if (tls_self_make(out, folder, &names, now_ms, &why) != OK)
		fail_msg("%s", why.text);
}

static void a_certificate_is_made_once_and_renewed_in_time(void **state)
{
	char folder[] = "/tmp/rollcall-tls-XXXXXX";
	assert_non_null(mkdtemp(folder));
	const int64_t day = 24LL * 3600 * 1000, now = 1795000000000;
	struct tls_self first, again, moved, later, other;
	make(&first, folder, "192.168.1.7", now);
	assert_true(first.made && first.made_ca);
	struct stat st;
	assert_int_equal(stat(first.key, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	struct tls *tls;
	struct error why = {0};
	assert_int_equal(tls_open(&tls, first.cert, first.key, &why), OK);
	tls_close(tls);
	make(&again, folder, "192.168.1.7", now + 300 * day);
	assert_false(again.made || again.made_ca);
	assert_string_equal(again.fingerprint, first.fingerprint);
	make(&moved, folder, "10.0.0.9", now); /* DHCP: the same authority signs */
	assert_true(moved.made && !moved.made_ca);
	make(&later, folder, "10.0.0.9", now + 370 * day);
	assert_true(later.made && !later.made_ca);
	make(&other, folder, "school.example", now + 370 * day);
	assert_true(other.made && other.made_ca);
	assert_string_not_equal(other.fingerprint, first.fingerprint);
	const char *const files[] = {
		"rollcall-ca.crt", "rollcall-ca.key", "server.crt", "server.key"};
	for (int i = 0; i < 4; i++) {
		char *path = path_join(folder, files[i]);
		unlink(path);
		free(path);
	}
	rmdir(folder);
	struct tls_self *all[] = {&first, &again, &moved, &later, &other};
	for (int i = 0; i < 5; i++)
		tls_self_finish(all[i]);
}

static void names_of_this_machine_are_found(void **state)
{
	struct tls_names names;
	struct error why = {0};
	assert_int_equal(tls_names_of_machine(&names, &why), OK);
	assert_string_equal(names.name[0], "localhost");
	assert_int_equal(tls_names_add(&names, "bad name", &why), ERR_ARG);
	assert_int_equal(tls_names_add(&names, "x,DNS:evil", &why), ERR_ARG);
	size_t before = names.count;
	assert_int_equal(tls_names_add(&names, "LOCALHOST", &why), OK);
	assert_int_equal(names.count, before);
}

static void systemd_is_told(void **state)
{
	char path[64], got[64] = "";
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	snprintf(path, sizeof(path), "/tmp/rollcall-notify-%d", (int)getpid());
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	setenv("NOTIFY_SOCKET", path, 1);
	notify_send("READY=1");
	assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), 7);
	assert_string_equal(got, "READY=1");
	close(fd);
	unlink(path);
	notify_send("READY=1"); /* nobody listens: a line in the log */
	unsetenv("NOTIFY_SOCKET");
	notify_send("READY=1");
	setenv("WATCHDOG_USEC", "30000000", 1);
	assert_int_equal(notify_watchdog_ms(), 30000);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(notify_watchdog_ms(), 0);
	unsetenv("WATCHDOG_PID");
	unsetenv("WATCHDOG_USEC");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes_are_found_by_the_plainest_pattern),
		cmocka_unit_test(other_paths_and_methods_are_told_apart),
		cmocka_unit_test(bad_tables_are_refused),
		cmocka_unit_test(buckets_empty_and_fill_again),
		cmocka_unit_test(buckets_of_many_keys_stay_within_their_memory),
		cmocka_unit_test(addresses_are_read_and_written),
		cmocka_unit_test(networks_are_checked),
		cmocka_unit_test(only_trusted_proxies_are_believed),
		cmocka_unit_test(connections_of_addresses_are_counted),
		cmocka_unit_test(workers_do_what_is_queued_and_no_more_is_taken_than_fits),
		cmocka_unit_test(a_worker_without_state_is_an_error),
		cmocka_unit_test(a_certificate_is_made_once_and_renewed_in_time),
		cmocka_unit_test(names_of_this_machine_are_found),
		cmocka_unit_test(systemd_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
