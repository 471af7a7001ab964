/*
 * Drives the talon-host of this build as the core does: over a socket, line by line. What it says on standard error is kept. Everything waits with a deadline, and
 * what a test leaves running is ended with it.
 */
#ifndef HOST_DRIVE_H
#define HOST_DRIVE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

struct driven;

/* Starts it, and has said and heard hello. limits: what stands between the braces of `limits`, NULL: nothing. */
struct driven *driven_start(const char *limits);
/* The same, and hello names that breadcrumb. */
struct driven *driven_start_with_crumb(const char *name);
/* The same with the first plugin loaded: the trial plugin of this folder. */
struct driven *driven_trial(const char *limits);
/* Says quit, and it must end with 0 within two seconds. */
void driven_quit(struct driven *d);
/* Frees what is left of one that has ended in another way, or is to be killed. */
void driven_free(struct driven *d);

pid_t driven_pid(const struct driven *d);
int driven_fd(const struct driven *d);
/* How it ended, as from waitpid(); it must end by itself. */
int driven_ends(struct driven *d);
/* All of standard error so far. */
const char *driven_stderr(struct driven *d);
/* Waits until standard error holds it. */
void driven_mutters(struct driven *d, const char *part);

/* One line. */
__attribute__((format(printf, 2, 3))) void driven_say(struct driven *d, const char *format, ...);
/* The next message of that type, within ten seconds; those before it of other types are kept for later. Valid until the end of d. */
const cJSON *driven_hear(struct driven *d, const char *type);
/* The next log line that holds this; those before it are forgotten. */
const cJSON *driven_log(struct driven *d, const char *part);
/* As driven_hear(), but NULL when none comes within that time. */
const cJSON *driven_listen(struct driven *d, const char *type, unsigned ms);
/* How many of that type have come so far and were not heard. */
unsigned driven_kept(struct driven *d, const char *type);

/* A plugin's file in a folder of the test's own, which only we may write: a copy of one that was built ("tests/unit/plugins/trial", "plugins/file"). */
const char *driven_plugin(const char *built);
/* Loads it; must be described. The description. */
const cJSON *driven_load(struct driven *d, const char *built);

/* Sets an instance up, which must be ready; its id. conf: JSON. */
const char *driven_setup(struct driven *d, const char *operation, const char *conf);
/* Starts a run; its id. flags: JSON, NULL: none. */
const char *driven_begin(struct driven *d, const char *instance, unsigned left_ms, const char *flags);
/* The `done` of that run. */
const cJSON *driven_done(struct driven *d, const char *run);
/* All three: what a single run of an operation concluded. */
const cJSON *driven_run(struct driven *d, const char *operation, unsigned left_ms, const char *conf);

/* "" where it is not there. */
const char *text_in(const cJSON *message, const char *field);
double metric_in(const cJSON *done, const char *name);
/* The n-th detail of that name, from 0; NULL: there are not so many. */
const char *detail_in(const cJSON *done, const char *name, unsigned n);
/* Status, reason, and a part of the summary. */
#define CONCLUDED(done, status, reason, part) concluded((done), (status), (reason), (part), __FILE__, __LINE__)
void concluded(const cJSON *done, const char *status, const char *reason, const char *part, const char *file, int line);
#define HOLDS(text, part) holds((text), (part), __FILE__, __LINE__)
void holds(const char *text, const char *part, const char *file, int line);

/* Now, ns, monotonic. */
uint64_t now_ns(void);
/* Waits until the call says true; fails after ten seconds. */
void until(bool (*is_so)(void *arg), void *arg);

#endif
