/*
 * Fuzz target: what a Redis, or anybody else, answers to the plugin `redis`, on the fake host. The first line says how: p with a password, e with
 * expectations, b byte by byte, c closed at the end, r broken off. What follows are its answers; behind a line `%%` it waits for the next command.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <talon/fake_host.h>

enum { MOST_ANSWERS = 8 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return 0;
}

static void answer(struct fake *fake, const char *bytes, size_t n, bool bytewise)
{
    fake_link_hears(fake, "*");
    if (!bytewise || n > 256) {
        fake_link_says(fake, FAKE_MS, bytes, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        fake_link_says(fake, FAKE_US, bytes + i, 1);
}

static void set_up(struct fake *fake, const char *how)
{
    fake_set(fake, "address", "127.0.0.1:6379");
    if (strchr(how, 'p'))
        fake_set(fake, "password", "sesame");
    if (strchr(how, 'e')) {
        fake_add(fake, "expect", "role", "master");
        fake_add(fake, "expect", "connected_clients", "< 100");
        fake_add(fake, "expect", "used_memory", ">= 1");
    }
    MUST(fake_problem(fake) == NULL, "its options are refused");
    fake_link(fake, FAKE_MS, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const struct talon_error broken = FAKE_ERROR(TALON_E_UNREACHABLE, EHOSTUNREACH, "connect.unreachable", "no way to it");
    const uint8_t *newline = n > 0 ? memchr(bytes, '\n', n) : NULL;
    const size_t first = newline ? (size_t)(newline - bytes) : 0;
    struct fuzz_parts parts = { .at = bytes + (newline ? first + 1 : 0), .left = n - (newline ? first + 1 : 0) };
    struct fake *fake = fake_new(&talon_plugin_descriptor, "redis");
    char how[16] = "", *text;
    size_t length;

    memcpy(how, bytes, first < sizeof how - 1 ? first : sizeof how - 1);
    set_up(fake, how);
    for (int i = 0; i < MOST_ANSWERS && (text = fuzz_part(&parts, &length)); i++) {
        answer(fake, text, length, strchr(how, 'b') != NULL);
        free(text);
    }
    if (strchr(how, 'c') || strchr(how, 'r'))
        fake_link_ends(fake, FAKE_MS, strchr(how, 'c') ? NULL : &broken);
    fake_run(fake);
    MUST(fake_result(fake)->end == FAKE_DONE, "the plugin came to no result of its own");
    MUST(fake_broken(fake) == NULL, fake_broken(fake));
    fake_free(fake);
    return 0;
}
