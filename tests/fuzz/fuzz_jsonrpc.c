/*
 * Fuzz target: what a daemon, or anybody else, answers to the kit's question of JSON-RPC, as the plugin `imsg` asks it, on the fake host. The first line says how:
 * b byte by byte, c closed at the end, r broken off. What follows is what it says.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>
#include <talon/fake_host.h>

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return 0;
}

static void answer(struct fake *fake, const char *bytes, size_t n, bool bytewise)
{
    if (!bytewise || n > 256) {
        fake_link_says(fake, FAKE_MS, bytes, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        fake_link_says(fake, FAKE_US, bytes + i, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const struct talon_error broken = FAKE_ERROR(TALON_E_CLOSED, ECONNRESET, "connect.closed", "connection reset");
    const uint8_t *newline = n > 0 ? memchr(bytes, '\n', n) : NULL;
    const size_t first = newline ? (size_t)(newline - bytes) : 0, from = newline ? first + 1 : 0;
    struct fake *fake = fake_new(&talon_plugin_descriptor, "imsg");
    char how[16] = "";

    memcpy(how, bytes, first < sizeof how - 1 ? first : sizeof how - 1);
    fake_set(fake, "socket", "/run/imsg.sock");
    MUST(fake_problem(fake) == NULL, "its options are refused");
    fake_link(fake, FAKE_MS, NULL);
    fake_link_hears(fake, "chats.list");
    answer(fake, (const char *)bytes + from, n - from, strchr(how, 'b') != NULL);
    if (strchr(how, 'c') || strchr(how, 'r'))
        fake_link_ends(fake, FAKE_MS, strchr(how, 'c') ? NULL : &broken);
    fake_run(fake);
    MUST(fake_result(fake)->end == FAKE_DONE, "the plugin came to no result of its own");
    MUST(fake_broken(fake) == NULL, fake_broken(fake));
    fake_free(fake);
    return 0;
}
