/* SPDX-License-Identifier: MIT */
#include "cmd/doctor.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <langinfo.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/file.h"
#include "media/draw.h"
#include "media/sandbox.h"
#include "media/video.h"

enum {
	FREE_LOW_MB = 200,
	CPUINFO_BYTES_MAX = 4 << 20,
	HEADER_WAL_AT = 18, /* SQLite file format, 1.3: 2 here means write-ahead log */
	FONT_PIXELS = 16,
};

/* --- home, key, database --- */

static void look_program(struct doctor *d)
{
	doctor_say(d, DOCTOR_OK, "program", NULL, "rollcall %s, database schema %d",
		ROLLCALL_VERSION, store_version_known());
}

static void look_space(struct doctor *d, const char *path)
{
	struct statvfs fs;
	if (statvfs(path, &fs) != 0)
		return;
	double megabytes = (double)fs.f_bavail * (double)fs.f_frsize / 1e6;
	if (megabytes < FREE_LOW_MB)
		doctor_say(d, DOCTOR_WARN, "space", "make room: a full disk stops attendance",
			"only %.0f MB free on the disk of '%s'", megabytes, path);
	else
		doctor_say(d, DOCTOR_OK, "space", NULL, "%.1f GB free", megabytes / 1e3);
}

/* Whether others than the owner could read the database, or put another in its place. */
static bool open_to_others(const char *home, mode_t home_mode)
{
	struct stat st;
	char *path = path_join(home, "rollcall.db");
	bool found = path != NULL && stat(path, &st) == 0;
	free(path);
	if ((home_mode & (S_IWGRP | S_IWOTH)) != 0)
		return true;
	return found && (home_mode & (S_IXGRP | S_IXOTH)) != 0 &&
		(st.st_mode & (S_IRWXG | S_IRWXO)) != 0;
}

static void look_home(struct doctor *d)
{
	struct error why = {0};
	struct stat st;
	if (cmd_home(d->c, &why) != OK) {
		doctor_say(d, DOCTOR_FAIL, "home", "give a folder with --home DIR", "%s", why.text);
		return;
	}
	const char *home = d->c->home;
	if (stat(home, &st) != 0 && errno == ENOENT) {
		doctor_say(d, DOCTOR_WARN, "home",
			"begin with 'rollcall import DIR' or 'rollcall people add NAME'",
			"'%s' is not there yet", home);
		return;
	}
	if (stat(home, &st) != 0 || !S_ISDIR(st.st_mode)) {
		doctor_say(d, DOCTOR_FAIL, "home", "give another folder with --home DIR",
			"'%s' is no folder that can be read", home);
		return;
	}
	if (access(home, W_OK | X_OK) != 0)
		doctor_say(d, DOCTOR_FAIL, "home", "its owner can allow it: chmod u+wx, chown",
			"'%s' cannot be written: %s", home, strerror(errno));
	else if (open_to_others(home, st.st_mode))
		doctor_say(d, DOCTOR_WARN, "home", "chmod -R go= that folder",
			"'%s' is open to other users of this machine", home);
	else
		doctor_say(d, DOCTOR_OK, "home", NULL, "%s", home);
	look_space(d, home);
}

static void look_key(struct doctor *d)
{
	char *path = d->c->home != NULL ? path_join(d->c->home, "key") : NULL;
	struct stat st;
	if (path == NULL || stat(path, &st) != 0) {
		/* Without a home that has been reported; with a database the store says it. */
		free(path);
		return;
	}
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		doctor_say(d, DOCTOR_FAIL, "key", "chmod 600 on that file",
			"'%s' can be read by others: mode %04o", path,
			(unsigned)(st.st_mode & 07777));
	else
		doctor_say(d, DOCTOR_OK, "key", NULL,
			"only its owner can read it; keep a copy in "
			"a safe place");
	free(path);
}

/* Whether the database file says that it uses a write-ahead log. */
static bool has_wal(const char *home)
{
	char *path = path_join(home, "rollcall.db");
	unsigned char header[HEADER_WAL_AT + 2] = {0};
	FILE *file = path != NULL ? fopen(path, "rbe") : NULL;
	bool wal = file != NULL && fread(header, 1, sizeof(header), file) == sizeof(header) &&
		header[HEADER_WAL_AT] == 2;
	if (file != NULL)
		fclose(file);
	free(path);
	return wal;
}

static const char *database_advice(enum err err)
{
	switch (err) {
	case ERR_KEY:
		return "put back the key file that belongs to this database, mode 0600";
	case ERR_VERSION:
		return "install the newer rollcall that made it";
	case ERR_FORMAT:
		return "restore it from a copy; rollcall.db.v* are those from before upgrades";
	case ERR_DENIED:
		return "run as the folder's owner";
	default:
		return NULL;
	}
}

static void look_database(struct doctor *d)
{
	struct error why = {0};
	struct cmd *c = d->c;
	struct stat st;
	if (c->home == NULL || stat(c->home, &st) != 0)
		return;
	enum err err = cmd_store(c, STORE_READ_ONLY, &why);
	if (err == ERR_NOT_FOUND) {
		doctor_say(d, DOCTOR_WARN, "database",
			"begin with 'rollcall import DIR' or 'rollcall people add NAME'",
			"none yet in '%s'", c->home);
		return;
	}
	if (err == OK)
		err = store_check(c->store, &why);
	if (err != OK) {
		doctor_say(d, DOCTOR_FAIL, "database", database_advice(err), "%s", why.text);
		return;
	}
	struct person_list people = {0};
	struct group_list groups = {0};
	if (store_people(c->store, NULL, &people, &why) != OK ||
		store_groups(c->store, &groups, &why) != OK)
		doctor_say(d, DOCTOR_FAIL, "database", NULL, "%s", why.text);
	else
		doctor_say(d, DOCTOR_OK, "database", NULL, "sound; schema %d; %zu %s, %zu %s",
			store_version(c->store), people.count,
			people.count == 1 ? "person" : "people", groups.count,
			groups.count == 1 ? "group" : "groups");
	person_list_finish(&people);
	group_list_finish(&groups);
	if (!has_wal(c->home))
		doctor_say(d, DOCTOR_WARN, "database",
			"keep the home on a local disk, not on a network share",
			"no write-ahead log: slower, and readers wait for writers");
}

/* --- the machine --- */

/* The value of the first line of /proc/cpuinfo that begins with `name`; a copy in `out`, or "". */
static void cpu_value(const char *text, const char *name, char *out, size_t size)
{
	out[0] = '\0';
	const char *line = strstr(text, name);
	const char *colon = line != NULL ? strchr(line, ':') : NULL;
	if (colon == NULL)
		return;
	colon += 1 + strspn(colon + 1, " \t");
	snprintf(out, size, "%.*s", (int)strcspn(colon, "\n"), colon);
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);
	for (const char *at = list; (at = strstr(at, word)) != NULL; at += len) {
		bool begins = at == list || at[-1] == ' ';
		if (begins && (at[len] == ' ' || at[len] == '\0'))
			return true;
	}
	return false;
}

static void look_processor(struct doctor *d)
{
	/* As the kernel names them, best first; x86 and ARM. */
	static const char *const wide[] = {
		"avx512f", "avx2", "fma", "sve", "asimddp", "asimd", "neon"};
	FILE *file = fopen("/proc/cpuinfo", "re");
	char *text = calloc(1, CPUINFO_BYTES_MAX);
	if (file != NULL && text != NULL)
		(void)!fread(text, 1, CPUINFO_BYTES_MAX - 1, file);
	char model[256] = "", flags[8192] = "", found[128] = "";
	if (text != NULL) {
		cpu_value(text, "model name", model, sizeof(model));
		cpu_value(text, "flags", flags, sizeof(flags));
		if (flags[0] == '\0')
			cpu_value(text, "Features", flags, sizeof(flags));
	}
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
		size_t used = strlen(found);
		if (has_word(flags, wide[i]))
			snprintf(found + used, sizeof(found) - used, " %s", wide[i]);
	}
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	if (found[0] != '\0')
		doctor_say(d, DOCTOR_OK, "processor", NULL, "%s%s%ld %s,%s", model,
			model[0] != '\0' ? ", " : "", cores, cores == 1 ? "core" : "cores", found);
	else
		doctor_say(d, DOCTOR_WARN, "processor", "expect seconds a photo",
			"%s%s%ld cores without wide arithmetic (AVX2, NEON)", model,
			model[0] != '\0' ? ", " : "", cores);
	free(text);
	if (file != NULL)
		fclose(file);
}

static void look_video(struct doctor *d)
{
	struct error why = {0};
	/* The text says itself what to install. */
	if (video_available(false, &why) != OK)
		doctor_say(d, DOCTOR_WARN, "video",
			"photos work without it; only 'rollcall watch' needs it", "%s", why.text);
	else if (video_available(true, &why) != OK)
		doctor_say(d, DOCTOR_WARN, "video",
			"video files and network cameras work; cameras of this machine need it",
			"%s", why.text);
	else
		doctor_say(d, DOCTOR_OK, "video", NULL, "FFmpeg for files, streams and cameras");
}

static void look_cameras(struct doctor *d)
{
	glob_t found = {0};
	if (glob("/dev/video*", 0, NULL, &found) != 0 || found.gl_pathc == 0)
		doctor_say(d, DOCTOR_OK, "camera", NULL,
			"none connected; only 'rollcall watch' with a camera needs one");
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i];
		if (access(path, R_OK | W_OK) == 0)
			doctor_say(d, DOCTOR_OK, "camera", NULL, "%s", path);
		else
			doctor_say(d, DOCTOR_WARN, "camera",
				"add yourself to its group: sudo usermod -aG video $USER, then log "
				"in again",
				"%s cannot be opened: %s", path, strerror(errno));
	}
	globfree(&found);
}

static void look_fonts(struct doctor *d)
{
	struct error why = {0};
	struct font *font = NULL;
	if (font_open(&font, FONT_PIXELS, &why) == OK)
		doctor_say(d, DOCTOR_OK, "font", NULL, "there is one for names on photos");
	else
		doctor_say(d, DOCTOR_WARN, "font", "sudo apt-get install fonts-dejavu-core",
			"%s: 'identify --annotate' cannot write names", why.text);
	font_close(font);
}

static void look_decoder(struct doctor *d)
{
	struct error why = {0};
	struct sandbox *s = NULL;
	const struct sandbox_options options = {
		.memory_max = sandbox_options_default().memory_max,
		.time_max_ms = sandbox_options_default().time_max_ms,
		.images_max = 1,
		.allow_unprotected = true,
	};
	enum err err = sandbox_open(&s, &options, &why);
	if (err != OK)
		doctor_say(d, DOCTOR_FAIL, "decoder", NULL, "%s", why.text);
	else if (!sandbox_protected(s))
		doctor_say(d, DOCTOR_WARN, "decoder",
			"let the container use seccomp; see 'decode-unprotected' in 'rollcall "
			"config'",
			"the decoder of uploaded photos cannot be locked in here");
	else
		doctor_say(d, DOCTOR_OK, "decoder", NULL,
			"uploaded photos are decoded in a process that can do nothing else");
	sandbox_close(s);
}

static void look_clock(struct doctor *d)
{
	struct error why = {0};
	char machine[ZONE_NAME_MAX];
	zone_of_machine(machine);
	const char *name = d->c->store != NULL ? d->c->org.zone : machine;
	struct zone *zone;
	if (zone_open(&zone, name, &why) != OK) {
		doctor_say(d, DOCTOR_FAIL, "zone", "sudo apt-get install tzdata", "%s", why.text);
		return;
	}
	char now[STAMP_TEXT];
	zone_stamp(zone, clock_now_ms() / 1000 * 1000, now);
	int year = zone_civil(zone, clock_now_ms()).year;
	if (d->c->store != NULL && strcmp(name, machine) != 0)
		doctor_say(d, DOCTOR_OK, "zone", NULL, "%s; this machine itself is in %s", name,
			machine);
	else
		doctor_say(d, DOCTOR_OK, "zone", NULL, "%s", name);
	zone_close(zone);
	struct timex state = {0};
	if (year < 2025 || year > 2100)
		doctor_say(d, DOCTOR_FAIL, "clock", "set the clock: sudo timedatectl set-ntp true",
			"it says %s", now);
	else if (adjtimex(&state) == TIME_ERROR)
		doctor_say(d, DOCTOR_WARN, "clock", "sudo timedatectl set-ntp true",
			"%s, but nothing keeps it right", now);
	else
		doctor_say(d, DOCTOR_OK, "clock", NULL, "%s", now);
}

static void look_terminal(struct doctor *d)
{
	if (cmd_unicode())
		doctor_say(d, DOCTOR_OK, "terminal", NULL, "UTF-8");
	else
		doctor_say(d, DOCTOR_WARN, "terminal",
			"export LC_ALL=C.UTF-8, or a locale of your language",
			"its character set is %s: tables are drawn with plain characters",
			nl_langinfo(CODESET));
}

doctor_look *const doctor_looks[] = {look_program, look_home, look_key, look_database,
	doctor_look_models, look_processor, look_video, look_cameras, look_fonts, look_decoder,
	look_clock, look_terminal, NULL};
