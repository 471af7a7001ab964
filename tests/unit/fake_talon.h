/* The fake plugin host (fake_talon_host.c): what it holds, and its three parts. */
#ifndef FAKE_TALON_H
#define FAKE_TALON_H

#include "base/os/crumb.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

enum { MOST = 4096 };

struct instance {
    char id[64];
    cJSON *conf, *message;
    unsigned starts;
    bool running;
};

struct run {
    char id[64];
    struct instance *instance;
    cJSON *message;
    long long due; /* ms; -1: never */
};

extern struct fake {
    struct instance instances[MOST];
    struct run runs[MOST];
    cJSON *hello;
    struct crumb *crumb;
    int hellos, cancels, teardowns, setups, pings, refusals;
} fake;

/* ---- fake_talon_say.c */

long long now_ms(void);
void put(const char *text, size_t n);
void say_text(const char *text);
/* Takes the message. */
void say(cJSON *message);
/* "": there is none. */
const char *text_of(const cJSON *object, const char *name);
double number_of(const cJSON *object, const char *name, double otherwise);
/* A message of that type with one field, unless NULL. */
cJSON *make(const char *type, const char *field, const char *value);
_Noreturn void die(int number);
/* True while `file` of the options holds fewer than `times` bytes; adds one. So a misbehaviour can end with the death it causes. */
bool still(const cJSON *options);

/* ---- fake_talon_host.c */

/* "": a free one. */
struct instance *find(const char *id);

/* ---- fake_talon_run.c */

void end_due(struct run *run);
void on_start(const cJSON *message);
void on_cancel(const cJSON *message);
void on_teardown(const cJSON *message);

#endif
