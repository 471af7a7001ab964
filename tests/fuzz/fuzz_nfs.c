/*
 * Fuzz target: what a server of NFS, its portmapper, or anybody else, answers to the operation `nfs` of the plugin `mount`, on the fake host. The first line says
 * how: m asks for mountd through the portmapper, b byte by byte, c closed at the end. What follows are the answers, one for each call, `%%` between them; where an
 * answer has the place for it, the number of our call is put in, which no chance would find.
 */
#include "fuzz.h"

#include "../../plugins/mount/mount.h"

#include <stdlib.h>
#include <string.h>
#include <talon/fake_host.h>

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return 0;
}

/* Nothing is mounted for it. */
int mount_find(const char *path, struct mount_entry *entry)
{
    (void)path, (void)entry;
    return 0;
}

int mount_room(const char *path, struct mount_space *space)
{
    (void)path, (void)space;
    return 0;
}

static void answer(struct fake *fake, char *bytes, size_t n, size_t *sent_before, bool bytewise)
{
    size_t sent;
    const char *calls = fake_sent(fake, &sent);

    if (sent >= *sent_before + 8 && n >= 8)
        memcpy(bytes + 4, calls + *sent_before + 4, 4);
    *sent_before = sent;
    if (!bytewise || n > 256) {
        fake_link_says(fake, FAKE_MS, bytes, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        fake_link_says(fake, FAKE_US, bytes + i, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const uint8_t *newline = n > 0 ? memchr(bytes, '\n', n) : NULL;
    const size_t first = newline ? (size_t)(newline - bytes) : 0;
    struct fuzz_parts parts = { .at = bytes + (newline ? first + 1 : 0), .left = n - (newline ? first + 1 : 0) };
    struct fake *fake = fake_new(&talon_plugin_descriptor, "nfs");
    size_t length, sent = 0;
    char how[16] = "", *text;

    memcpy(how, bytes, first < sizeof how - 1 ? first : sizeof how - 1);
    fake_set(fake, "host", "192.0.2.1");
    fake_set(fake, "service", strchr(how, 'm') ? "mountd" : "nfs");
    MUST(fake_problem(fake) == NULL, "its options are refused");
    fake_link(fake, FAKE_MS, NULL);
    fake_start(fake);
    for (int i = 0; i < 2 && (text = fuzz_part(&parts, &length)); i++) {
        fake_advance(fake, 2 * FAKE_MS);
        if (fake_result(fake)->end == FAKE_RUNS)
            answer(fake, text, length, &sent, strchr(how, 'b') != NULL);
        free(text);
        if (i == 0 && strchr(how, 'm'))
            fake_link(fake, FAKE_MS, NULL);
        fake_advance(fake, 2 * FAKE_MS);
    }
    if (fake_result(fake)->end == FAKE_RUNS) {
        if (strchr(how, 'c') && !strchr(how, 'm'))
            fake_link_ends(fake, FAKE_MS, NULL);
        fake_run(fake);
    }
    MUST(fake_result(fake)->end == FAKE_DONE, "the plugin came to no result of its own");
    MUST(fake_broken(fake) == NULL, fake_broken(fake));
    fake_free(fake);
    return 0;
}
