/*
 * Fuzz target: what several plugins are answered by what they watch, on the fake host, in one program, since each alone is small. The first line says who asks:
 * one of the words of `askers`. What follows are the answers, parted by lines `%%`. The first line of each is its status, or the code with which a tool ends; with
 * `lima` they are the files of its instance, and what its agent and its ssh say.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <talon/fake_host.h>
#include <unistd.h>

enum { MOST_ANSWERS = 6, NOW = 2000000000 };

#define SECRET "abcdefghijkl"

/* Each plugin's descriptor has the same name: tests/fuzz/local.mk gives all but Colima's another. */
extern const struct talon_plugin launchd_descriptor, notify_descriptor, tailscale_descriptor;

struct asker {
    const char *word;
    const struct talon_plugin *plugin;
    const char *operation;
    const char *const *options; /* NAME VALUE NAME VALUE... NULL */
};

static const char *const keepalive[] = { "label", "com.example.x", "uid", "501", NULL };
static const char *const interval[] = { "label", "com.example.x", "domain", "system", "kind", "interval", NULL };
static const char *const watch[] = { "label", "com.example.x", "domain", "system", "kind", "watch", NULL };
static const char *const oneshot[] = { "label", "com.example.x", "domain", "system", "kind", "oneshot", NULL };
static const char *const retired[] = { "label", "com.example.x", "uid", "501", "kind", "retired", NULL };
static const char *const tailnet[] = { "socket", "/run/t.sock", NULL };
static const char *const pings[] = { "socket", "/run/t.sock", "ping", "100.64.0.7", NULL };
static const char *const telegram[] = { "text", "x", "token", "1:" SECRET, "chat", "-5", NULL };
static const char *const slack[] = { "text", "x", "url", "https://hooks.example.com/services/" SECRET, NULL };
static const char *const webhook[] = { "text", "x", "url", "https://user:" SECRET "@hook.example.com/x", NULL };
static const char *const alertmanager[] = { "text", "x", "url", "http://alerts.example.com", "name", "X", NULL };
static const char *const tool[] = { "text", "x", "to", "someone@example.com", NULL };
static const char *const daemon_of[] = { "text", "x", "to", "someone@example.com", "socket", "/run/i.sock", NULL };
static const char *const mail[] = {
    "text", "x", "server", "localhost", "tls", "none", "from", "a@example.com", "to", "b@example.com", "user", "me", "password", SECRET, NULL
};
static const char *const none[] = { NULL };
static const char *const banner[] = { "ssh", "banner", NULL };

static const struct asker askers[] = {
    { "keepalive", &launchd_descriptor, "job", keepalive },   { "interval", &launchd_descriptor, "job", interval },
    { "watch", &launchd_descriptor, "job", watch },           { "oneshot", &launchd_descriptor, "job", oneshot },
    { "retired", &launchd_descriptor, "job", retired },       { "tailscale", &tailscale_descriptor, "tailscale", tailnet },
    { "ping", &tailscale_descriptor, "tailscale", pings },    { "telegram", &notify_descriptor, "telegram", telegram },
    { "slack", &notify_descriptor, "slack", slack },          { "webhook", &notify_descriptor, "webhook", webhook },
    { "alertmanager", &notify_descriptor, "alertmanager", alertmanager }, { "tool", &notify_descriptor, "imessage", tool },
    { "daemon", &notify_descriptor, "imessage", daemon_of },  { "lima", &talon_plugin_descriptor, "vm", none },
    { "banner", &talon_plugin_descriptor, "vm", banner },     { "mail", &notify_descriptor, "email", mail },
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return 0;
}

/* ---- Lima's folder */

static void write_file(const char *name, const char *text, size_t n)
{
    const struct timespec times[2] = { { .tv_sec = NOW - 600 }, { .tv_sec = NOW - 600 } }; /* no clock but the fake one */
    FILE *file = fopen(fuzz_path(name), "w");

    MUST(file != NULL, "a file of the instance cannot be written");
    MUST(fwrite(text, 1, n, file) == n, "a file of the instance is cut short");
    MUST(fclose(file) == 0, "a file of the instance is cut short");
    MUST(utimensat(AT_FDCWD, fuzz_path(name), times, 0) == 0, "a file's time cannot be set");
}

/* Its processes are this one, which lives. */
static void write_instance(struct fuzz_parts *parts)
{
    static const char *const files[] = { "ha.stdout.log", "ha.stderr.log", "lima.yaml" };
    char pid[32], *text;
    size_t length;

    fuzz_empty_folder();
    snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    write_file("ha.pid", pid, strlen(pid));
    write_file("vz.pid", pid, strlen(pid));
    for (size_t i = 0; i < sizeof files / sizeof *files && (text = fuzz_part(parts, &length)) != NULL; i++) {
        write_file(files[i], text, length);
        free(text);
    }
}

/* ---- the answers */

/* An answer to whichever kind of question comes; after the first connection it is what its peer says. */
static void script(struct fake *fake, const char *text, size_t n, bool first)
{
    static const struct talon_pair headers[] = { { "Content-Type", "application/json" }, { "Retry-After", "7" }, { NULL, NULL } };
    const char *newline = memchr(text, '\n', n), *body = newline ? newline + 1 : text;
    const size_t length = newline ? n - (size_t)(newline + 1 - text) : n;
    const unsigned long number = strtoul(text, NULL, 10);
    struct talon_response response = { .size = sizeof response, .headers = headers, .body = body, .body_len = length, .total_ns = FAKE_MS };

    response.status = (uint32_t)(number % 1000);
    if (response.status == 0)
        response.error = (struct talon_error)FAKE_ERROR(TALON_E_PROTOCOL, 0, "protocol.bad", "no answer");
    fake_http(fake, FAKE_MS, &response);
    fake_child(fake, FAKE_MS, &(struct talon_exit){ .code = (int32_t)(number % 256), .out = body, .out_len = length, .err = body, .err_len = length });
    if (first) {
        fake_link(fake, FAKE_MS, NULL);
        fake_link_says(fake, FAKE_MS, text, n);
        fake_link_ends(fake, FAKE_MS, NULL);
    }
}

static const struct asker *asker_of(const uint8_t *line, size_t n)
{
    for (size_t i = 0; i < sizeof askers / sizeof *askers; i++)
        if (n == strlen(askers[i].word) && memcmp(line, askers[i].word, n) == 0)
            return &askers[i];
    return &askers[(n > 0 ? line[0] : 0u) % (sizeof askers / sizeof *askers)];
}

static struct fake *set_up(const struct asker *asker)
{
    struct fake *fake = fake_new(asker->plugin, asker->operation);

    fake_calendar(fake, NOW);
    for (size_t i = 0; asker->options[i]; i += 2)
        if (strcmp(asker->options[i], "to") == 0 && asker->options == mail)
            fake_add(fake, "to", NULL, asker->options[i + 1]); /* a list */
        else
            fake_set(fake, asker->options[i], asker->options[i + 1]);
    if (asker->plugin == &talon_plugin_descriptor)
        fake_set(fake, "folder", fuzz_folder());
    MUST(fake_problem(fake) == NULL, "its options are refused");
    return fake;
}

static bool has_secret(const struct asker *asker)
{
    for (size_t i = 0; asker->options[i]; i++)
        if (strstr(asker->options[i], SECRET))
            return true;
    return false;
}

/* What was seen the first time is part of what is judged the second. */
static void judge_twice(struct fake *fake, bool secret)
{
    for (int i = 0; i < 2; i++) {
        fake_run(fake);
        MUST(fake_result(fake)->end == FAKE_DONE, "the plugin came to no result of its own");
        MUST(!secret || !strstr(fake_result(fake)->summary, SECRET), "a secret is told");
        MUST(fake_broken(fake) == NULL, fake_broken(fake));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const uint8_t *newline = n > 0 ? memchr(bytes, '\n', n) : NULL;
    const size_t first = newline ? (size_t)(newline - bytes) : n, from = newline ? first + 1 : n;
    struct fuzz_parts parts = { .at = bytes + from, .left = n - from };
    const struct asker *asker = asker_of(bytes, first);
    struct fake *fake = set_up(asker);
    size_t length;
    char *text;

    if (asker->plugin == &talon_plugin_descriptor)
        write_instance(&parts);
    for (int i = 0; i < MOST_ANSWERS && (text = fuzz_part(&parts, &length)) != NULL; i++) {
        script(fake, text, length, i == 0);
        free(text);
    }
    judge_twice(fake, has_secret(asker));
    fake_free(fake);
    return 0;
}
