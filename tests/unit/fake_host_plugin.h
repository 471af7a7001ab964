/* A plugin with an option of every type, whose runs do what the test says: what the tests of the fake host share. */
#ifndef FAKE_HOST_PLUGIN_H
#define FAKE_HOST_PLUGIN_H

#include "plugin_test.h"

enum { SMALL, LARGE };

struct row {
    const char *name;
    int64_t port;
};

struct group {
    double ratio;
    const char *const *names;
};

struct conf {
    const char *text, *path, *pem;
    int64_t whole;
    double number;
    int32_t yes, choice;
    uint64_t time, size;
    const char *const *list;
    const struct talon_pair *map;
    struct talon_address address;
    const struct talon_pattern *pattern;
    struct group group;
    struct talon_table table;
};
/* Its checks: "any" does what body says and reports declared metrics alone, "free" reports what it likes. */
extern const struct talon_plugin any_plugin;

extern void (*body)(struct talon_run *run);
extern void (*preparation)(struct talon_run *instance); /* NULL: none */
extern unsigned calls;
extern char story[400]; /* what happened, in order: words and blanks */

/* One use of "any" with that body. */
struct fake *any(void (*run)(struct talon_run *));
/* cmocka's setup: as if nothing had happened. */
int reset(void **unused);
/* Adds a word to the story. */
void tell(const char *what);
/* A body that ends at once. */
void done(struct talon_run *run);
/* Callbacks that tell what they got: "event" or "late", of descriptor 5; "up" or how it failed; their argument. */
void ignore_watch(struct talon_run *run, void *arg, int fd, uint32_t events);
void ignore_link(struct talon_run *run, void *arg, const struct talon_link *link);
void note_end(void *arg);

#endif
