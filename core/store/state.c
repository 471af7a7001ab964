/* The state folder: see state.h. */
#include "store/state.h"

#include "base/os/files.h"
#include "base/os/log.h"
#include "base/text.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_SAVED = 4096, PATH_SIZE = 1024, SAVED_MAX = 32 << 20, TROUBLE_SIZE = 512 };

struct saved {
    char *name;
    unsigned char *bytes;
    size_t n;
};

struct state {
    char folder[PATH_SIZE];
    int lock;
    struct saved *saved;
    size_t n_saved;
    bool dirty;
    char trouble[TROUBLE_SIZE], trouble_file[64];
};

static bool path_of(const char *folder, const char *name, char *path)
{
    int n = snprintf(path, PATH_SIZE, "%s/%s", folder, name);

    return n > 0 && n < PATH_SIZE;
}

bool state_write(struct state *state, const char *name, const void *bytes, size_t n)
{
    char path[PATH_SIZE], why[TROUBLE_SIZE];
    bool good = path_of(state->folder, name, path) && files_write(path, bytes, n, 0600, false, why, sizeof why);

    if (good) {
        if (strcmp(state->trouble_file, name) == 0)
            state->trouble[0] = state->trouble_file[0] = '\0';
        return true;
    }
    if (state->trouble[0] == '\0') /* said once, until it is over */
        log_warn("the state folder cannot be written", "file", name, "why", why, NULL);
    snprintf(state->trouble, sizeof state->trouble, "%s", why);
    snprintf(state->trouble_file, sizeof state->trouble_file, "%s", name);
    return false;
}

bool state_read(const char *folder, const char *name, struct buffer *b)
{
    char path[PATH_SIZE], why[TROUBLE_SIZE];

    return path_of(folder, name, path) && files_read(path, b, why, sizeof why);
}

void state_set_aside(struct state *state, const char *name)
{
    char path[PATH_SIZE], aside[PATH_SIZE + 16];

    if (!path_of(state->folder, name, path))
        return;
    snprintf(aside, sizeof aside, "%s.broken", path);
    if (rename(path, aside) == 0)
        log_warn("a file of the state folder cannot be understood and was set aside", "file", path, "now", aside, NULL);
}

const char *state_trouble(const struct state *state)
{
    return state->trouble[0] ? state->trouble : NULL;
}

/* ---- what plugins saved */

static struct saved *find(const struct state *state, const char *name)
{
    for (size_t i = 0; i < state->n_saved; i++)
        if (strcmp(state->saved[i].name, name) == 0)
            return &state->saved[i];
    return NULL;
}

static struct saved *add(struct state *state, const char *name)
{
    struct saved *grown, *entry;

    if (state->n_saved >= MOST_SAVED)
        return NULL;
    grown = realloc(state->saved, (state->n_saved + 1) * sizeof *grown);
    if (!grown)
        return NULL;
    state->saved = grown;
    entry = &grown[state->n_saved];
    *entry = (struct saved){ .name = malloc(strlen(name) + 1) };
    if (!entry->name)
        return NULL;
    memcpy(entry->name, name, strlen(name) + 1);
    state->n_saved++;
    return entry;
}

void state_save(struct state *state, const char *full_name, const void *bytes, size_t n)
{
    struct saved *entry = find(state, full_name);
    unsigned char *copy = malloc(n + 1);

    if (copy && !entry)
        entry = add(state, full_name);
    if (!copy || !entry) {
        free(copy);
        return;
    }
    memcpy(copy, bytes, n);
    free(entry->bytes);
    entry->bytes = copy;
    entry->n = n;
    state->dirty = true;
}

size_t state_recall(const struct state *state, const char *full_name, void *bytes, size_t room)
{
    const struct saved *entry = find(state, full_name);

    if (!entry || entry->n > room)
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
    if (!text.failed)
        state->dirty = !state_write(state, "saved.json", text.data, text.len);
    buffer_free(&text);
}

static bool read_saved(struct state *state, const char *text, size_t n)
{
    cJSON *json = cJSON_ParseWithLength(text, n);
    const cJSON *item;
    struct buffer bytes = buffer_make(SAVED_MAX);
    bool good = cJSON_IsObject(json);

    if (good) {
        cJSON_ArrayForEach(item, json)
        {
            buffer_clear(&bytes);
            if (cJSON_IsString(item) && text_unbase64(&bytes, item->valuestring, strlen(item->valuestring)))
                state_save(state, item->string, bytes.data, bytes.len);
        }
    }
    state->dirty = false;
    buffer_free(&bytes);
    cJSON_Delete(json);
    return good;
}

/* ---- the folder */

struct state *state_open(const char *folder, pid_t *holder, char *why, size_t why_size)
{
    struct state *state = calloc(1, sizeof *state);
    struct buffer text = buffer_make(SAVED_MAX);
    char path[PATH_SIZE];

    *holder = -1;
    if (!state || !path_of(folder, "lock", path)) {
        snprintf(why, why_size, "%s", state ? "the path of the state folder is too long" : "no memory");
        free(state);
        return NULL;
    }
    snprintf(state->folder, sizeof state->folder, "%s", folder);
    if (!files_make_folder(folder, why, why_size) || (state->lock = files_lock(path, holder, why, why_size)) < 0) {
        free(state);
        return NULL;
    }
    if (state_read(folder, "saved.json", &text) && !read_saved(state, buffer_string(&text), text.len))
        state_set_aside(state, "saved.json");
    buffer_free(&text);
    return state;
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
    free(state->saved);
    close(state->lock);
    free(state);
}
