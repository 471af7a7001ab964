/*
 * Fuzz target: what lies in the state folder when a daemon starts. A first line `saved` takes the rest as saved.json, what plugins saved; `packed` as
 * last-good.conf, the last good configuration; `body` as one whose sum is right, behind a line with the number of its files; `row` as a row of the database (fuzz_rows.h).
 */
#include "fuzz.h"
#include "fuzz_config.h"
#include "fuzz_rows.h"

#include "base/os/files.h"
#include "store/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_no_log();
    fuzz_config_begin();
    return 0;
}

static struct state *open_state(void)
{
    char why[512];
    pid_t holder;
    struct state *state = state_open(fuzz_folder(), &holder, why, sizeof why);

    MUST(state != NULL, why);
    return state;
}

static bool is_there(const char *name)
{
    return access(fuzz_path(name), F_OK) == 0;
}

/* Whatever was understood is written, and understood again; the rest was set aside. */
static void saved(const char *bytes, size_t n)
{
    struct state *state;
    char why[512], first[STATE_SAVED], second[STATE_SAVED];
    size_t n_first, n_second;

    MUST(files_write(fuzz_path("saved.json"), bytes, n, 0600, false, why, sizeof why), why);
    state = open_state();
    n_first = state_recall(state, "redis.ping", first, sizeof first);
    state_save(state, "web.other", "\0\1\2", 3);
    state_close(state);
    unlink(fuzz_path("saved.json.broken"));
    state = open_state();
    MUST(!is_there("saved.json.broken"), "what was written is not understood");
    n_second = state_recall(state, "redis.ping", second, sizeof second);
    MUST(n_first == n_second && memcmp(first, second, n_first) == 0, "what was saved is another after a restart");
    MUST(state_recall(state, "web.other", second, sizeof second) == 3 && memcmp(second, "\0\1\2", 3) == 0, "what was saved is lost");
    state_close(state);
}

static void packed(const char *bytes, size_t n)
{
    struct buffer text = buffer_make(0);
    struct config *config;

    buffer_add(&text, bytes, n);
    buffer_string(&text);
    config = text.data ? fuzz_config_read(&text) : NULL;
    if (config)
        fuzz_config_end(config);
    buffer_free(&text);
}

static void body(const char *bytes, size_t n)
{
    struct buffer rest = buffer_make(0), text = buffer_make(0);
    char *end;
    const unsigned long files = strtoul(bytes, &end, 10);
    const size_t skip = (size_t)(end - bytes) + (*end == '\n');

    buffer_add(&rest, bytes + skip, n - skip);
    fuzz_config_seal(&text, &rest, files);
    packed(text.data, text.len);
    buffer_free(&rest);
    buffer_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const struct { const char *line; void (*play)(const char *, size_t); } kinds[] = { { "saved\n", saved }, { "packed\n", packed }, { "body\n", body }, { "row\n", fuzz_row } };
    char *text = malloc(n + 1);

    MUST(text != NULL, "no memory");
    if (n > 0)
        memcpy(text, bytes, n);
    text[n] = '\0';
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const size_t skip = strlen(kinds[i].line);

        if (strncmp(text, kinds[i].line, skip) == 0)
            kinds[i].play(text + skip, n - skip);
    }
    free(text);
    return 0;
}
