/*
 * The command line, one file a command. Exit codes are a contract (design.md 14): 0 ok, 1 warn, 2 fail, 3 unknown, usage or configuration error.
 * Answers go to standard output, messages to standard error.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/buffer.h"

#include <stdint.h>

enum { CLI_OK = 0, CLI_WARN = 1, CLI_FAIL = 2, CLI_UNKNOWN = 3 };

/* Each gets its own name as argv[0] and returns the exit code. */
int cli_run(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_status(int argc, char **argv);
int cli_reload(int argc, char **argv);
int cli_programs(int argc, char **argv);
int cli_silence(int argc, char **argv);
int cli_pause(int argc, char **argv);
int cli_resume(int argc, char **argv);
int cli_ack(int argc, char **argv);
int cli_why(int argc, char **argv);
int cli_heal(int argc, char **argv);
int cli_limits(int argc, char **argv);
int cli_notify(int argc, char **argv);
int cli_incidents(int argc, char **argv);
int cli_history(int argc, char **argv);
int cli_uptime(int argc, char **argv);
int cli_log(int argc, char **argv);
int cli_ping(int argc, char **argv);
int cli_job(int argc, char **argv);
int cli_validate(int argc, char **argv);
int cli_config(int argc, char **argv);
int cli_rehearse(int argc, char **argv);
int cli_plugin(int argc, char **argv);
int cli_init(int argc, char **argv);
int cli_migrate(int argc, char **argv);
/* The flags of the old program (--check --status --validate --dry-run --worker-only), with its output shapes and exit codes. */
int cli_old(int argc, char **argv);

/* ---- options: the same rules for every command */

enum cli_kind { CLI_FLAG, CLI_TEXT, CLI_WORD, CLI_DURATION, CLI_LIST }; /* TEXT: a file; WORD: any other text */

enum { CLI_MOST = 32 };

struct cli_list { /* an option that may be given several times */
    const char *all[CLI_MOST];
    size_t n;
};

struct cli_option {
    const char *name; /* "config": given as --config FILE or --config=FILE. NULL ends */
    enum cli_kind kind;
    void *value;      /* bool *, const char **, uint64_t * (ns), struct cli_list * */
    const char *help; /* one line for --help */
};

#define CLI_CONFIG(text) { "config", CLI_TEXT, (text), "the configuration, in place of the usual one" }
#define CLI_NO_MORE { NULL, CLI_FLAG, NULL, NULL }

/* An option whose name is one letter is given as -n N.
 * Reads the options wherever they stand and moves the other words to the front of argv[1...]; "--" ends options. Returns how many other words there are; -1: a
 * sentence and the usage line were printed to standard error, or (--help) the usage to standard output; then *code is the exit code. */
int cli_options(int argc, char **argv, const struct cli_option *options, const char *usage, int *code);

/* The configuration to use: `given`, $TALON_CONFIG, ~/.config/talon/talon.yaml, SYSCONFDIR/talon/talon.yaml; absolute. Returns 0: there is none, and a sentence that
 * says where it was looked for has been printed. */
int cli_config_file(const char *given, char *file, size_t n);
/* Where a new one is written: as above, but the first place whether it is there or not. */
int cli_new_config_file(const char *given, char *file, size_t n);

/* ---- output */

/* Colours if standard output is a terminal and NO_COLOR is not set. */
const char *cli_colour(const char *word); /* of a verdict or status: the escape sequence, or "" */
const char *cli_plain(void);              /* back to plain, or "" */
int cli_is_terminal(void);
/* Columns of the terminal, 80 where it cannot be told. */
int cli_columns(void);
/* Writes all of it to standard output. A reader that has gone is no error. Returns 0, or CLI_UNKNOWN with a sentence when it cannot be written. */
int cli_print(const struct buffer *out);
/* Has the reader of standard output gone? */
int cli_reader_is_gone(void);
/* How many columns the names of a table get, of which the longest has `longest`, where `others` columns are taken by the rest of a row and a text follows: all
 * that they want in a file or pipe; in a terminal as much as leaves some room for that text. */
size_t cli_name_columns(size_t longest, size_t others);
/* Appends the text that ends a row: in a terminal what fits behind `used` columns, else all of it. */
void cli_rest(struct buffer *out, const char *text, size_t used);
/* How many columns a UTF-8 text takes, each character as one. */
size_t cli_width(const char *text);
/* Appends text as lines that fit: each but the first is indented, and broken at blanks; in a file or pipe one line, as it is. `used`: columns that the first has already. */
void cli_wrap(struct buffer *out, const char *text, size_t used, size_t indent);
/* Appends text cut to at most `columns` (with "…" where it was cut), then padded to them when `pad`. */
void cli_cell(struct buffer *out, const char *text, size_t columns, int pad);

#endif
