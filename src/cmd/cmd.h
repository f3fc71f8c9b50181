/* SPDX-License-Identifier: MIT */
/*
 * The program's commands. To add one:
 *   1. write src/cmd/cmd_NAME.c with a `const struct command cmd_NAME` that has the
 *      option table, the help texts and the function, and list it in src/cmd/meson.build;
 *   2. add it to `commands` in src/main.c.
 * Help, man page (docs/man/rollcall-NAME.1) and shell completion come from that table;
 * tests hold them together. Only code in this folder and main may print to stdout or exit.
 * One thread.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attend/engine.h"
#include "attend/register.h"
#include "base/err.h"
#include "report/table.h"
#include "store/store.h"

/* The program's exit status, a contract (docs/man/rollcall.1). */
enum exit_status {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NOTHING = 3, /* nothing was recognised */
};

enum option_kind {
	OPTION_FLAG,   /* bool */
	OPTION_TEXT,   /* const char *, borrowed from argv */
	OPTION_INT,    /* int, within min..max */
	OPTION_NUMBER, /* double, within min..max */
	OPTION_CHOICE, /* int: index into `choices` ("a|b|c") */
};

/* One option. `offset` is where its value goes in the command's own options struct (offsetof). */
struct option_spec {
	const char *name; /* long, without dashes */
	char letter;      /* short, or 0 */
	enum option_kind kind;
	const char *value; /* what the help calls the value: "GROUP", "DATE" */
	const char *help;
	size_t offset;
	double min, max;     /* OPTION_INT, OPTION_NUMBER */
	const char *choices; /* OPTION_CHOICE */
	/*
	 * What completion offers for the value: "file", "folder", "group", "person", "model",
	 * "command" or NULL.
	 */
	const char *complete;
};

struct cmd;
struct config;
struct program_values;

/* What a command with several sides can do: `rollcall people add NAME`. */
struct verb {
	const char *name;
	const char *usage;    /* after the verb: "NAME [--number N]" */
	const char *summary;  /* one line */
	const char *options;  /* those of the command's that it takes: "number|group", or NULL */
	const char *complete; /* as in struct command, for what follows the verb */
	size_t args_min, args_max; /* after the verb */
	int (*run)(struct cmd *c); /* sees the arguments after the verb */
};

struct command {
	const char *name;
	const char *summary; /* one line */
	const char *usage;   /* "PHOTO… [--group G]" */
	/*
	 * Paragraphs, plain text; a blank line parts them, lines that begin with a blank are
	 * kept.
	 */
	const char *about;
	const char *examples; /* lines "$ command" and what it does, plain text; may be NULL */
	/*
	 * What its arguments are, one word each, the last repeats: as in option_spec, or the
	 * words themselves: "add|show|remove person", "bash|zsh|fish", "-" for nothing.
	 */
	const char *complete;
	const struct option_spec *options; /* ends with a zeroed one; may be NULL */
	/* of the options struct, which starts zeroed and then gets `defaults` */
	size_t options_size;
	const void *defaults;      /* options_size bytes, or NULL */
	size_t args_min, args_max; /* number of arguments */
	int (*run)(struct cmd *c); /* gives the exit status */
	/*
	 * Or, instead of run: verbs, ending with a zeroed one, of which the first is meant when
	 * none is given. args_min and args_max are the verb's then.
	 */
	const struct verb *verbs;
};

/* One run of one command. */
struct cmd {
	const struct command *command;
	const void *options;    /* the filled options struct */
	const char *const *arg; /* the arguments that are no options */
	size_t args;
	uint64_t given; /* bit i when command->options[i] was on the command line */
	/* Options of the program itself. */
	const char *home_given;   /* --home, or NULL */
	const char *models_given; /* --models, or NULL */
	bool json;
	int threads;           /* --threads; 0 = 1 */
	struct config *config; /* cmd/configure.h */
	char *config_file;     /* that was read, or NULL */
	bool config_usual;     /* it is the home folder's own */
	/* What the command line said to the program itself; for reading it all again. */
	const struct program_values *values;
	/* Opened on demand by the functions below, closed by main. */
	char *home;
	struct store *store;
	struct org org;
	struct zone *zone;
	struct engine *engine;
};

extern const struct command *const commands[]; /* ends with NULL; in main.c */

extern const struct command cmd_import, cmd_enroll, cmd_people, cmd_groups, cmd_settings;
extern const struct command cmd_detect, cmd_identify, cmd_mark, cmd_watch;
extern const struct command cmd_roll, cmd_export, cmd_explain, cmd_reject, cmd_calibrate;
extern const struct command cmd_models, cmd_eval, cmd_bench, cmd_doctor, cmd_config;
extern const struct command cmd_serve;
extern const struct command cmd_audit, cmd_users;
extern const struct command cmd_help, cmd_completion;

/* Whether the option of that name (of the command's own table) was on the command line. */
bool cmd_given(const struct cmd *c, const char *option);

/*
 * Prints "rollcall: what failed: why" to stderr and returns the exit status for the
 * code: EXIT_USAGE for ERR_ARG (a value that the user typed), EXIT_FAILED else.
 */
int cmd_fail(const struct error *why);
/* The same for a usage error, with a pointer to `rollcall help COMMAND`. */
int cmd_usage(const struct cmd *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A line on stderr that is no failure of the whole: "rollcall: text". */
void cmd_warn(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* The home folder: --home, $ROLLCALL_HOME, else ~/.local/share/rollcall. Sets c->home. */
enum err cmd_home(struct cmd *c, struct error *why) MUST_USE;
/* The usual one: ~/.local/share/rollcall; free(3). NULL when there is no $HOME. */
char *home_usual(void);
/*
 * Opens the store (flags as store_open), reads the organisation and opens its zone. Once; later
 * calls are free.
 */
enum err cmd_store(struct cmd *c, unsigned flags, struct error *why) MUST_USE;

/* The same for a command that only reads: also works in a home folder that cannot be written. */
enum err cmd_store_read(struct cmd *c, struct error *why) MUST_USE;

struct engine_choice {
	const char *detector, *embedding; /* names of models; NULL = the default ones */
	double min_score, min_face;       /* 0 = the pipeline's own */
};
/* Opens the store and the engine (models, gallery). */
enum err cmd_engine(struct cmd *c, unsigned flags, const struct engine_choice *choice,
	struct error *why) MUST_USE;

/* Finds the group an option names; `*id` is NULL when `name` is. */
enum err cmd_group(struct cmd *c, const char *name, struct group *out, const char **id,
	struct error *why) MUST_USE;
/* --at and --date of the command line in the organisation's zone; NULL text means now, today. */
enum err cmd_time(struct cmd *c, const char *text, int64_t *at_ms, struct error *why) MUST_USE;
enum err cmd_day(
	struct cmd *c, const char *text, char out[static DAY_TEXT], struct error *why) MUST_USE;

/* The open store and zone as the registers want them, and now. */
struct registrar cmd_registrar(const struct cmd *c);

/* Who did it, for the audit: the login name of whoever runs the program. */
void cmd_actor(char out[static ACTOR_BYTES]);
/*
 * Ends a change that store_begin began: if `err`, the change's own result, is OK, writes into
 * the audit that this person did `action` ("person.add") to the id `subject`, and commits;
 * else, or if that fails, takes everything back. Gives the first error.
 */
enum err cmd_commit(struct cmd *c, enum err err, const char *action, const char *subject,
	struct error *why) MUST_USE;

/*
 * Checks and cleans a person's --number as the store does, but before there is one; "" is none.
 * ERR_ARG.
 */
enum err cmd_number(const char *text, char out[static NUMBER_BYTES], struct error *why) MUST_USE;
/* A whole number of minutes or seconds, 0..max; `what` names it in the error. ERR_ARG. */
enum err cmd_minutes(
	const char *text, const char *what, int max, int *out, struct error *why) MUST_USE;

/*
 * Prints a JSON document and a newline to stdout, and drops the reference. EXIT_OK, or
 * EXIT_FAILED when stdout does not take it.
 */
int cmd_print_json(json_t *document);
/* A JSON number, or null where there is none (NAN, INFINITY). A new reference. */
json_t *cmd_json_number(double value);
/* A JSON string, or null for NULL and ""; bytes that are no UTF-8 become '?'. A new reference. */
json_t *cmd_json_text(const char *text);

/*
 * How tables look on this stdout: its width and colours if it is a terminal, lines if the
 * locale has them.
 */
struct table_style cmd_table_style(void);
/* Prints a table to stdout in that style. */
enum err cmd_print_table(const struct table *t, struct error *why) MUST_USE;
/* Whether the locale's character set is UTF-8, and text may hold more than ASCII. */
bool cmd_unicode(void);

/* Asks on the terminal and waits for y or n. False without asking when stdin is no terminal. */
bool cmd_confirm(const char *question);

/* Writes bytes to stdout or, if `path` is neither NULL nor "-", to that file, atomically. */
enum err cmd_output(const char *path, const void *bytes, size_t len, struct error *why) MUST_USE;

/* --- Ctrl-C --- */

/*
 * From now on SIGINT and SIGTERM only set a flag: the command stops after the current photo. A
 * second one kills.
 */
void interrupt_catch(void);
bool interrupted(void);

/* --- progress --- */

/* A bar with rate and time left on stderr if that is a terminal, nothing else. */
struct progress;
struct progress *progress_start(size_t total, const char *what); /* NULL is fine everywhere */
void progress_step(struct progress *p, size_t done);
/* Lifts the bar off the line so that something can be printed; a later step draws it again. */
void progress_clear(struct progress *p);
void progress_end(struct progress *p);

#endif
