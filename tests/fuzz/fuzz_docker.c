/*
 * Fuzz target: what a Docker engine, or anybody else, answers to the plugin `docker`, on the fake host. The first line says what is asked: e the engine, c a
 * container, s with the stream of events, m with expectations. What follows are its answers, parted by lines `%%`; the first line of each is its status. With s, all
 * but the first are pieces of the stream.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <talon/fake_host.h>

enum { MOST_ANSWERS = 4 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return 0;
}

static void answer(struct fake *fake, char *text, size_t n)
{
    static const struct talon_pair headers[] = { { "Date", "Fri, 02 Jan 2026 03:04:05 GMT" }, { NULL, NULL } };
    char *newline = memchr(text, '\n', n);
    const size_t skipped = newline ? (size_t)(newline - text) + 1 : 0;

    fake_http(fake, FAKE_MS,
              TALON_REQUEST(talon_response, .status = newline ? (uint32_t)(strtoul(text, NULL, 10) % 1000) : 200, .headers = headers, .body = text + skipped,
                            .body_len = n - skipped, .total_ns = FAKE_MS, .http_version = 11));
}

static struct fake *set_up(const char *how)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, strchr(how, 'e') ? "engine" : "container");

    fake_calendar(fake, 1767323045);
    fake_flags(fake, strchr(how, 's') ? 0 : TALON_ONCE);
    if (!strchr(how, 'e'))
        fake_set(fake, "name", "web");
    if (!strchr(how, 'e') && strchr(how, 'm')) {
        fake_set(fake, "memory", "1GiB");
        fake_set(fake, "restart_policy", "always");
        fake_add(fake, "forbid_ports", NULL, "80/tcp");
    }
    MUST(fake_problem(fake) == NULL, "its options are refused");
    return fake;
}

/* What the engine tells once the check is through; the stream is cut into pieces wherever a part ends. */
static void listen(struct fake *fake, struct fuzz_parts *parts)
{
    const struct talon_http *asked = fake_asked(fake, 1);
    char *text;
    size_t length;

    while (asked && strstr(asked->url, "/events?") && (text = fuzz_part(parts, &length)) != NULL) {
        fake_http_piece(fake, text, length);
        free(text);
    }
    fake_advance(fake, 200 * FAKE_S); /* it ends, and is asked for again */
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const uint8_t *newline = n > 0 ? memchr(bytes, '\n', n) : NULL;
    const size_t first = newline ? (size_t)(newline - bytes) : 0;
    struct fuzz_parts parts = { .at = bytes + (newline ? first + 1 : 0), .left = n - (newline ? first + 1 : 0) };
    char how[16] = "", *text;
    struct fake *fake;
    size_t length;

    memcpy(how, bytes, first < sizeof how - 1 ? first : sizeof how - 1);
    fake = set_up(how);
    for (int i = 0; i < (strchr(how, 's') ? 1 : MOST_ANSWERS) && (text = fuzz_part(&parts, &length)); i++) {
        answer(fake, text, length);
        free(text);
    }
    if (strchr(how, 's'))
        fake_http(fake, 100 * FAKE_S, TALON_REQUEST(talon_response, .status = 200));
    fake_run(fake);
    MUST(fake_result(fake)->end == FAKE_DONE, "the plugin came to no result of its own");
    if (strchr(how, 's'))
        listen(fake, &parts);
    MUST(fake_broken(fake) == NULL, fake_broken(fake));
    fake_free(fake);
    return 0;
}
