/*
 * Keeps the values of secrets for their time to live. Each is fetched once for all who ask at the same time; every answer comes from a timer
 * of the loop, so that none comes from within a call.
 */
#include "config/secrets.h"

#include "base/os/clock.h"
#include "base/text.h"
#include "config/secrets_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kept {
    struct kept *next;
    struct secrets *secrets;
    struct model_secret secret;  /* our own copy, in `arena` */
    struct arena *arena;
    unsigned long long print;    /* of what was copied */
    char *value;                 /* n bytes and a NUL; NULL: none now */
    size_t n;
    uint64_t until;              /* elapsed ns: a lease runs out in sleep, too. UINT64_MAX: until the next reload */
    struct command *command;     /* NULL: not running */
    struct secrets_question *questions;
    char failure[SECRETS_WHY];   /* "": none; told to all who have asked */
    ev_timer turn;
    bool fresh;                  /* the value came for those who have asked: it is theirs, however short its time is */
    bool dropped;                /* the configuration no longer names it: gone with its last answer */
};

struct secrets_question {
    struct secrets_question *next;
    struct kept *kept;
    secrets_fn *done;
    void *arg;
};

struct secrets {
    struct ev_loop *loop;
    char *path;
    struct kept *all;
};

/* ---- what is kept ---- */

static unsigned long long print_of(const struct model_secret *secret)
{
    const char *const texts[] = { secret->name, secret->env, secret->file, secret->json };
    const unsigned char numbers[] = { (unsigned char)secret->source, secret->pem };
    unsigned long long print = text_hash(TEXT_HASH, numbers, sizeof numbers);

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        print = texts[i] ? text_hash(print, texts[i], strlen(texts[i]) + 1) : text_hash(print, "\1", 2);
    for (size_t i = 0; secret->command && secret->command[i]; i++)
        print = text_hash(print, secret->command[i], strlen(secret->command[i]) + 1);
    return text_hash(print, &secret->ttl, sizeof secret->ttl);
}

static const char *copy(struct arena *arena, const char *text)
{
    return text ? arena_string(arena, text) : NULL;
}

static void copy_secret(struct arena *arena, struct model_secret *to, const struct model_secret *from)
{
    size_t n = 0;
    const char **command;

    *to = *from;
    to->name = copy(arena, from->name);
    to->env = copy(arena, from->env);
    to->file = copy(arena, from->file);
    to->json = copy(arena, from->json);
    to->place = (struct model_place){ .file = "" };
    if (!from->command)
        return;
    while (from->command[n])
        n++;
    command = arena_array(arena, n + 1, sizeof *command);
    for (size_t i = 0; i < n; i++)
        command[i] = arena_string(arena, from->command[i]);
    to->command = command;
}

static void forget(struct kept *kept)
{
    if (!kept->value)
        return;
    secrets_wipe(kept->value, kept->n);
    free(kept->value);
    kept->value = NULL;
}

static void kept_free(struct kept *kept)
{
    struct kept **at = &kept->secrets->all;

    while (*at && *at != kept)
        at = &(*at)->next;
    if (*at)
        *at = kept->next;
    ev_timer_stop(kept->secrets->loop, &kept->turn);
    command_stop(kept->command);
    while (kept->questions) {
        struct secrets_question *next = kept->questions->next;

        free(kept->questions);
        kept->questions = next;
    }
    forget(kept);
    arena_free(kept->arena);
    free(kept);
}

/* ---- answers ---- */

static void turn_soon(struct kept *kept)
{
    if (!ev_is_active(&kept->turn)) {
        ev_timer_set(&kept->turn, 0., 0.);
        ev_timer_start(kept->secrets->loop, &kept->turn);
    }
}

/* One question at a time, and nothing is touched after its callback, which may ask, stop or free whatever it likes. */
static void answer(struct kept *kept)
{
    struct secrets_question *question = kept->questions;
    secrets_fn *done = question->done;
    void *arg = question->arg;
    char why[SECRETS_WHY];
    const bool failed = kept->failure[0] != '\0';

    kept->questions = question->next;
    free(question);
    memcpy(why, kept->failure, sizeof why);
    if (kept->questions || kept->dropped)
        turn_soon(kept);
    if (!kept->questions) {
        kept->failure[0] = '\0';
        kept->fresh = false;
    }
    done(arg, failed ? NULL : kept->value, failed ? 0 : kept->n, failed ? why : NULL);
}

static void take_value(struct kept *kept, char *bytes, size_t n)
{
    const uint64_t now = clock_moment().elapsed;

    forget(kept);
    if (!secrets_judge(&kept->secret, bytes, &n, kept->failure))
        return;
    kept->value = malloc(n + 1);
    if (!kept->value) {
        snprintf(kept->failure, sizeof kept->failure, "secret %s: there is no memory", kept->secret.name);
        return;
    }
    memcpy(kept->value, bytes, n);
    kept->value[n] = '\0';
    kept->n = n;
    kept->fresh = true;
    kept->until = kept->secret.ttl == 0 || kept->secret.ttl > UINT64_MAX - now ? UINT64_MAX : now + kept->secret.ttl;
}

static void on_command(void *arg, char *bytes, size_t n, const char *why)
{
    struct kept *kept = arg;

    kept->command = NULL;
    if (bytes)
        take_value(kept, bytes, n);
    else
        snprintf(kept->failure, sizeof kept->failure, "%s", why);
    turn_soon(kept);
}

static void read_now(struct kept *kept)
{
    char *bytes = malloc(SECRETS_ROOM);
    size_t n = 0;
    bool good;

    if (!bytes) {
        snprintf(kept->failure, sizeof kept->failure, "secret %s: there is no memory", kept->secret.name);
        return;
    }
    good = kept->secret.source == MODEL_SECRET_ENV ? secrets_read_env(&kept->secret, bytes, &n, kept->failure)
                                                   : secrets_read_file(&kept->secret, bytes, &n, kept->failure);
    if (good)
        take_value(kept, bytes, n);
    secrets_wipe(bytes, SECRETS_ROOM);
    free(bytes);
}

static void on_turn(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct kept *kept = timer->data;

    (void)events;
    if (!kept->questions) {
        kept->failure[0] = '\0';
        kept->fresh = false;
        if (kept->dropped && !kept->command)
            kept_free(kept);
        return;
    }
    if (kept->command)
        return;
    if (kept->failure[0] == '\0' && (!kept->value || (!kept->fresh && clock_moment().elapsed >= kept->until))) {
        forget(kept);
        if (kept->secret.source == MODEL_SECRET_COMMAND) {
            kept->command = command_start(loop, &kept->secret, kept->secrets->path, on_command, kept, kept->failure);
            if (kept->command)
                return;
        } else {
            read_now(kept);
        }
    }
    answer(kept);
}

/* ---- the face ---- */

struct secrets *secrets_create(struct ev_loop *loop, const char *path)
{
    struct secrets *secrets = calloc(1, sizeof *secrets);

    if (!secrets)
        return NULL;
    secrets->loop = loop;
    if (path && !(secrets->path = strdup(path))) {
        free(secrets);
        return NULL;
    }
    return secrets;
}

void secrets_free(struct secrets *secrets)
{
    if (!secrets)
        return;
    while (secrets->all)
        kept_free(secrets->all);
    free(secrets->path);
    free(secrets);
}

/* Apart from its caller, for the jump. */
static bool copy_all(struct kept *kept, const struct model_secret *secret)
{
    kept->arena = arena_create(0);
    if (!kept->arena)
        return false;
    if (setjmp(*arena_guard(kept->arena))) {
        arena_free(kept->arena);
        return false;
    }
    copy_secret(kept->arena, &kept->secret, secret);
    return true;
}

static struct kept *keep(struct secrets *secrets, const struct model_secret *secret)
{
    const unsigned long long print = print_of(secret);
    struct kept *kept;

    for (kept = secrets->all; kept; kept = kept->next)
        if (kept->print == print && !kept->dropped)
            return kept;
    kept = calloc(1, sizeof *kept);
    if (!kept || !copy_all(kept, secret)) {
        free(kept);
        return NULL;
    }
    kept->secrets = secrets;
    kept->print = print;
    ev_timer_init(&kept->turn, on_turn, 0., 0.);
    kept->turn.data = kept;
    kept->next = secrets->all;
    secrets->all = kept;
    return kept;
}

struct secrets_question *secrets_get(struct secrets *secrets, const struct model_secret *secret, secrets_fn *done, void *arg)
{
    struct secrets_question *question = calloc(1, sizeof *question), **end;
    struct kept *kept = question ? keep(secrets, secret) : NULL;

    if (!kept) {
        free(question);
        return NULL;
    }
    *question = (struct secrets_question){ .kept = kept, .done = done, .arg = arg };
    for (end = &kept->questions; *end; end = &(*end)->next)
        ;
    *end = question;
    turn_soon(kept);
    return question;
}

void secrets_stop(struct secrets_question *question)
{
    struct secrets_question **at;

    if (!question)
        return;
    for (at = &question->kept->questions; *at && *at != question; at = &(*at)->next)
        ;
    if (*at)
        *at = question->next;
    if (question->kept->dropped)
        turn_soon(question->kept);
    free(question);
}

static bool is_named(const struct kept *kept, const struct model *model)
{
    for (size_t i = 0; model && i < model->n_secrets; i++)
        if (print_of(&model->secrets[i]) == kept->print)
            return true;
    return false;
}

static void take_path(struct secrets *secrets, const char *path)
{
    char *copy = path ? strdup(path) : NULL;

    if (!copy) /* no memory: the old one is better than none */
        return;
    free(secrets->path);
    secrets->path = copy;
}

void secrets_reload(struct secrets *secrets, const struct model *model)
{
    struct kept *kept, *next;

    take_path(secrets, model ? model->settings.exec_path : NULL);
    for (kept = secrets->all; kept; kept = next) {
        next = kept->next;
        if (is_named(kept, model)) {
            if (kept->secret.ttl == 0)
                forget(kept);
            continue;
        }
        kept->dropped = true;
        if (!kept->questions && !kept->command)
            kept_free(kept);
    }
}

/* ---- values into a conf ---- */

/* JSON-escaped, without quotes. */
static void add_escaped(struct buffer *out, const char *bytes, size_t n)
{
    const size_t start = out->len;

    text_json(out, bytes, n);
    if (out->failed)
        return;
    memmove(out->data + start, out->data + start + 1, out->len - start - 1);
    out->len -= 2;
    out->data[out->len] = '\0';
}

/* The room is made first: a buffer that grew would leave copies of values behind. */
void secrets_fill(struct buffer *out, const struct model_conf *conf, const char *const *values, const size_t *lengths)
{
    const size_t length = strlen(conf->json);
    size_t room = length + 64, done = 0;

    for (size_t i = 0; i < conf->n_holes; i++)
        room += lengths[i] * 6 + 8; /* \u001f is the longest that a byte becomes */
    if (!buffer_reserve(out, room))
        return;
    for (size_t i = 0; i < conf->n_holes; i++) {
        buffer_add(out, conf->json + done, conf->holes[i].at - done);
        add_escaped(out, values[i], lengths[i]);
        done = conf->holes[i].at;
    }
    buffer_add(out, conf->json + done, length - done);
}
