/* The state folder: see state.h. */
#include "store/state.h"

#include "base/os/files.h"
#include "base/os/log.h"
#include "base/shortage.h"
#include "base/text.h"
#include "store/aside.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_SAVED = 4096, MOST_TROUBLES = 8, PATH_SIZE = 1024, NAME_SIZE = 64, SAVED_MAX = 32 << 20, TROUBLE_SIZE = 512 };

static const char saved_name[] = "saved.json";

struct saved {
    char *name;
    unsigned char *bytes;
    size_t n;
    bool used; /* in this run of the daemon: its check still exists */
};

/* A file whose last write failed. */
struct trouble {
    char name[NAME_SIZE], why[TROUBLE_SIZE];
    struct buffer once; /* what it is to hold, where nobody else will write it again */
};

struct state {
    char folder[PATH_SIZE];
    int lock;
    struct saved *saved;
    size_t n_saved;
    bool dirty;
    struct trouble troubles[MOST_TROUBLES]; /* the newest is the last */
    size_t n_troubles;
};

static bool path_of(const char *folder, const char *name, char *path)
{
    int n = snprintf(path, PATH_SIZE, "%s/%s", folder, name);

    return n > 0 && n < PATH_SIZE;
}

/* ---- trouble: said once for each file, until it is over */

/* Forgets the file's trouble; true: it had one. */
static bool forget(struct state *state, const char *name)
{
    for (size_t i = 0; i < state->n_troubles; i++) {
        if (strcmp(state->troubles[i].name, name) != 0)
            continue;
        buffer_free(&state->troubles[i].once);
        state->n_troubles--;
        memmove(&state->troubles[i], &state->troubles[i + 1], (state->n_troubles - i) * sizeof state->troubles[0]);
        return true;
    }
    return false;
}

static void remember(struct state *state, const char *name, const char *why)
{
    struct trouble *trouble;

    if (!forget(state, name))
        log_warn("the state folder cannot be written", "file", name, "why", why, NULL);
    if (state->n_troubles == MOST_TROUBLES)
        forget(state, state->troubles[0].name);
    trouble = &state->troubles[state->n_troubles++];
    trouble->once = buffer_make(0);
    snprintf(trouble->name, sizeof trouble->name, "%s", name);
    snprintf(trouble->why, sizeof trouble->why, "%s", why);
}

const char *state_trouble(const struct state *state)
{
    return state->n_troubles > 0 ? state->troubles[state->n_troubles - 1].why : NULL;
}

/* ---- files */

const char *state_folder(const struct state *state)
{
    return state->folder;
}

bool state_write(struct state *state, const char *name, const void *bytes, size_t n)
{
    char path[PATH_SIZE], why[TROUBLE_SIZE] = "the path of the state folder is too long";

    if (!path_of(state->folder, name, path) || !files_write(path, bytes, n, 0600, false, why, sizeof why)) {
        remember(state, name, why);
        return false;
    }
    if (forget(state, name))
        log_info("the state folder can be written again", "file", name, NULL);
    return true;
}

void state_write_once(struct state *state, const char *name, struct buffer *text)
{
    if (state_write(state, name, buffer_string(text), text->len))
        buffer_free(text);
    else
        state->troubles[state->n_troubles - 1].once = *text;
    *text = buffer_make(text->max);
}

void state_retry(struct state *state)
{
    for (size_t i = 0; i < state->n_troubles; i++) {
        struct buffer text = state->troubles[i].once;
        char name[NAME_SIZE];

        if (text.len == 0)
            continue;
        state->troubles[i].once = buffer_make(0);
        memcpy(name, state->troubles[i].name, sizeof name);
        state_write_once(state, name, &text);
        return; /* the list has changed: the others next time */
    }
}

bool state_read(const char *folder, const char *name, struct buffer *b)
{
    char path[PATH_SIZE], why[TROUBLE_SIZE];

    errno = ENAMETOOLONG;
    return path_of(folder, name, path) && files_read(path, b, why, sizeof why);
}

void state_set_aside(struct state *state, const char *name)
{
    aside_set(state->folder, name);
}

/* ---- what plugins saved */

static struct saved *find(const struct state *state, const char *name)
{
    for (size_t i = 0; i < state->n_saved; i++)
        if (strcmp(state->saved[i].name, name) == 0)
            return &state->saved[i];
    return NULL;
}

/* A new place, or that of a check that has not been heard of since the start: a bound must not keep the living out for the dead. NULL: none. */
static struct saved *place(struct state *state)
{
    struct saved *grown;

    if (state->n_saved < MOST_SAVED) {
        grown = realloc(state->saved, (state->n_saved + 1) * sizeof *grown);
        if (!grown)
            return NULL;
        state->saved = grown;
        grown[state->n_saved] = (struct saved){ 0 };
        return &grown[state->n_saved];
    }
    for (size_t i = 0; i < state->n_saved; i++)
        if (!state->saved[i].used)
            return &state->saved[i];
    return NULL;
}

static struct saved *add(struct state *state, const char *name)
{
    const size_t size = strlen(name) + 1;
    char *copy = malloc(size);
    struct saved *entry = copy ? place(state) : NULL;

    if (!entry) {
        free(copy);
        return NULL;
    }
    memcpy(copy, name, size);
    if (entry == &state->saved[state->n_saved])
        state->n_saved++;
    free(entry->name);
    free(entry->bytes);
    *entry = (struct saved){ .name = copy };
    return entry;
}

/* NULL: not kept. */
static struct saved *keep(struct state *state, const char *name, const void *bytes, size_t n)
{
    struct saved *entry = find(state, name);
    unsigned char *copy = n <= STATE_SAVED ? malloc(n + 1) : NULL;

    if (copy && !entry)
        entry = add(state, name);
    if (!copy || !entry) {
        if (n <= STATE_SAVED && state->n_saved < MOST_SAVED)
            shortage_note();
        free(copy);
        return NULL;
    }
    if (n > 0)
        memcpy(copy, bytes, n);
    free(entry->bytes);
    entry->bytes = copy;
    entry->n = n;
    state->dirty = true;
    return entry;
}

void state_save(struct state *state, const char *full_name, const void *bytes, size_t n)
{
    struct saved *entry = keep(state, full_name, bytes, n);

    if (entry)
        entry->used = true;
    else
        log_warn("what a check wanted to keep across restarts was not kept", "check", full_name, "why",
                 n > STATE_SAVED ? "it is more than 4 KiB" : "there is no room for it", NULL);
}

size_t state_recall(struct state *state, const char *full_name, void *bytes, size_t room)
{
    struct saved *entry = find(state, full_name);

    if (!entry)
        return 0;
    entry->used = true;
    if (entry->n == 0 || entry->n > room)
        return 0;
    memcpy(bytes, entry->bytes, entry->n);
    return entry->n;
}

void state_flush(struct state *state)
{
    struct buffer text = buffer_make(SAVED_MAX);

    if (!state->dirty)
        return;
    buffer_char(&text, '{');
    for (size_t i = 0; i < state->n_saved; i++) {
        if (i > 0)
            buffer_char(&text, ',');
        buffer_char(&text, '\n');
        text_json(&text, state->saved[i].name, strlen(state->saved[i].name));
        buffer_text(&text, ": \"");
        text_base64(&text, state->saved[i].bytes, state->saved[i].n);
        buffer_char(&text, '"');
    }
    buffer_text(&text, "\n}\n");
    if (text.failed)
        remember(state, saved_name, "there is no memory to write what checks keep across restarts");
    else
        state->dirty = !state_write(state, saved_name, text.data, text.len);
    buffer_free(&text);
}

/* ---- reading it back */

/* Would the parser make more of it than we have ever written? Its trees are many times larger than their text. */
static bool is_plausible(const char *text, size_t n)
{
    size_t parts = 0;

    for (size_t i = 0; i < n && parts <= MOST_SAVED; i++)
        parts += text[i] == ',' || text[i] == '{' || text[i] == '[';
    return parts <= MOST_SAVED && memchr(text, '\0', n) == NULL;
}

/* Takes what can be taken; false: not all of it. */
static bool take_saved(struct state *state, const cJSON *json)
{
    struct buffer bytes = buffer_make(STATE_SAVED);
    const cJSON *item;
    bool good = true;

    cJSON_ArrayForEach(item, json)
    {
        buffer_clear(&bytes);
        good = cJSON_IsString(item) && text_unbase64(&bytes, item->valuestring, strlen(item->valuestring)) && keep(state, item->string, bytes.data, bytes.len) && good;
    }
    buffer_free(&bytes);
    return good;
}

static bool read_saved(struct state *state, const char *text, size_t n)
{
    cJSON *json = is_plausible(text, n) ? cJSON_ParseWithLengthOpts(text, n + 1, NULL, true) : NULL;
    bool good = cJSON_IsObject(json) && take_saved(state, json);

    cJSON_Delete(json);
    return good;
}

/* A file that cannot be read, or not wholly understood, is set aside; what could be understood is written anew. False: there was no memory to tell. */
static bool load_saved(struct state *state)
{
    const uint64_t short_before = shortage_count();
    struct buffer text = buffer_make(SAVED_MAX);
    const bool there = state_read(state->folder, saved_name, &text);

    bool good = !there && errno == ENOENT;

    if (!good)
        good = there && read_saved(state, buffer_string(&text), text.len);
    state->dirty = state->dirty && !good;
    buffer_free(&text);
    if (!good && shortage_count() != short_before)
        return false;
    if (!good)
        state_set_aside(state, saved_name);
    return true;
}

/* ---- the folder */

struct state *state_open(const char *folder, pid_t *holder, char *why, size_t why_size)
{
    struct state *state = calloc(1, sizeof *state);
    char path[PATH_SIZE];

    *holder = -1;
    if (!state || !path_of(folder, "lock", path)) {
        snprintf(why, why_size, "%s", state ? "the path of the state folder is too long" : "no memory");
        errno = state ? ENAMETOOLONG : ENOMEM;
        free(state);
        return NULL;
    }
    snprintf(state->folder, sizeof state->folder, "%s", folder);
    if (!files_make_folder(folder, why, why_size) || (state->lock = files_lock(path, holder, why, why_size)) < 0) {
        free(state);
        return NULL;
    }
    if (load_saved(state))
        return state;
    state->dirty = false; /* it would be written with a part of what it holds */
    state_close(state);
    snprintf(why, why_size, "no memory");
    errno = ENOMEM;
    return NULL;
}

void state_close(struct state *state)
{
    if (!state)
        return;
    state_flush(state);
    for (size_t i = 0; i < state->n_saved; i++) {
        free(state->saved[i].name);
        free(state->saved[i].bytes);
    }
    while (state->n_troubles > 0)
        forget(state, state->troubles[0].name);
    free(state->saved);
    close(state->lock);
    free(state);
}
