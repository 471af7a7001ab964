/*
 * Fuzz target: what an HTTP server answers to the plugin `http`, on the fake host. The first line says what is expected: s a status, b a body, j JSON, h
 * headers, k a certificate, l little of a body; the second is the status; then headers up to an empty line, and the body.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <talon/fake_host.h>

enum { MOST_HEADERS = 64 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return 0;
}

/* Takes a line, which becomes a string; NULL: there is none left. */
static char *take_line(char **text, char *end)
{
    char *line = *text, *newline = line < end ? memchr(line, '\n', (size_t)(end - line)) : NULL;

    if (!newline)
        return NULL;
    *newline = '\0';
    *text = newline + 1;
    return line;
}

static void set_up(struct fake *fake, const char *what)
{
    fake_set(fake, "url", "https://db.example/health");
    fake_set(fake, "bearer", "sesame");
    if (strchr(what, 's')) {
        fake_add(fake, "expect_status", NULL, "2xx");
        fake_add(fake, "expect_status", NULL, "301-404");
    }
    if (strchr(what, 'b'))
        fake_set(fake, "expect_body", "(?i)^(status|fine):?\\s*ok$");
    if (strchr(what, 'j')) {
        fake_add(fake, "expect_json", "status", "ok");
        fake_add(fake, "expect_json", "checks.0.ok", "true");
        fake_add(fake, "expect_json", "checks.0.n", "1e3");
        fake_add(fake, "expect_json", "a.b.c", "null");
    }
    if (strchr(what, 'h')) {
        fake_add(fake, "expect_header", "Content-Type", "^application/json\\b");
        fake_add(fake, "expect_header", "x-a", "b*c");
    }
    if (strchr(what, 'l'))
        fake_set(fake, "max_body", "16B");
    MUST(fake_problem(fake) == NULL, "its options are refused");
}

static void take_headers(char **text, char *end, struct talon_pair headers[MOST_HEADERS + 1])
{
    size_t n = 0;
    char *line;

    while (n < MOST_HEADERS && (line = take_line(text, end)) && line[0] != '\0') {
        char *colon = strchr(line, ':');

        if (!colon || colon == line)
            continue;
        *colon = '\0';
        headers[n++] = (struct talon_pair){ line, colon[1] == ' ' ? colon + 2 : colon + 1 };
    }
    headers[n] = (struct talon_pair){ NULL, NULL };
}

static void run(char *text, char *end)
{
    static const struct talon_peer peer = { .size = sizeof peer, .verify_text = "ok", .subject = "CN=db.example", .issuer = "CN=example", .protocol = "TLSv1.3",
                                            .not_before = 1, .not_after = 2000000000 };
    struct fake *fake = fake_new(&talon_plugin_descriptor, "http");
    struct talon_pair headers[MOST_HEADERS + 1];
    const char *what = take_line(&text, end), *status = take_line(&text, end);
    struct talon_response response = { .size = sizeof response, .headers = headers, .total_ns = 2 * FAKE_MS, .http_version = 11 };

    set_up(fake, what ? what : "");
    take_headers(&text, end, headers);
    response.status = status ? (uint32_t)(strtoul(status, NULL, 10) % 1000) : 200;
    if (response.status == 0)
        response.error = (struct talon_error)FAKE_ERROR(TALON_E_PROTOCOL, 0, "http.protocol", text);
    response.body = text;
    response.body_len = (size_t)(end - text);
    if (what && strchr(what, 'k'))
        response.peer = &peer;
    fake_calendar(fake, 1900000000);
    fake_http(fake, 2 * FAKE_MS, &response);
    fake_run(fake);
    MUST(fake_result(fake)->end == FAKE_DONE, "the plugin came to no result of its own");
    MUST(fake_broken(fake) == NULL, fake_broken(fake));
    fake_free(fake);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char *text = malloc(n + 1);

    MUST(text != NULL, "no memory");
    if (n > 0)
        memcpy(text, bytes, n);
    text[n] = '\0';
    run(text, text + n);
    free(text);
    return 0;
}
