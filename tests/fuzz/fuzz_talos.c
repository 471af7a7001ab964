/*
 * Fuzz target: what a Talos node, or anybody else, answers to the plugin `talos`, on the fake host. The first line says which operation is asked: a the API,
 * s its services, e etcd; what follows are its answers as they lie in their frames, parted by lines `%%`. With c, what follows is the talosconfig itself.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <talon/fake_host.h>

enum { MOST_ANSWERS = 2 };

/* Of nobody, as base64 of PEM. */
#define CERTIFICATE \
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJLekNCM3FBREFnRUNBZ0VDTUFVR0F5dGxjREFVTVJJd0VBWURWUVFLREFsdmN6cHlaV0ZrWlhJd0lCY04KTWpZeE" \
    "1UTXdNRE14TmpVMFdoZ1BNakE0TVRBNU1ESXdNekUyTlRSYU1CUXhFakFRQmdOVkJBb01DVzl6T25KbApZV1JsY2pBcU1BVUdBeXRsY0FNaEFOZDRiWXpCQUJONTcyb0pG" \
    "aVFxSmlLRXN4bjU5MlY0cDYwOTV2THVBT2pxCm8xTXdVVEFkQmdOVkhRNEVGZ1FVaTdqL0tBL0J1K1EreExRU1ZLaEJudXlFcVZjd0h3WURWUjBqQkJnd0ZvQVUKaTdqL0" \
    "tBL0J1K1EreExRU1ZLaEJudXlFcVZjd0R3WURWUjBUQVFIL0JBVXdBd0VCL3pBRkJnTXJaWEFEUVFDSwpuN090R05vaks0V05xbDVaSWZ2MlBDZzNaREFwVzQ5SmNmdUR1" \
    "bFJKb3FJMzBLNGJNMHNLWXRESDlnN0JudWJ2CkxXTEViRVNPZ25ia0J0SGNyMjRDCi0tLS0tRU5EIENFUlRJRklDQVRFLS0tLS0K"
#define KEY "LS0tLS1CRUdJTiBFRDI1NTE5IFBSSVZBVEUgS0VZLS0tLS0KYzJWellXMWwKLS0tLS1FTkQgRUQyNTUxOSBQUklWQVRFIEtFWS0tLS0tCg=="

static const char good[] = "context: a\ncontexts: { a: { endpoints: [192.0.2.2], ca: " CERTIFICATE ", crt: " CERTIFICATE ", key: " KEY " } }\n";

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return 0;
}

static void write_config(const void *bytes, size_t n)
{
    FILE *file = fopen(fuzz_path("talosconfig"), "w");

    MUST(file != NULL, "the talosconfig cannot be written");
    MUST(fwrite(bytes, 1, n, file) == n, "the talosconfig is cut short");
    MUST(fclose(file) == 0, "the talosconfig is cut short");
}

static void answer(struct fake *fake, const char *text, size_t n)
{
    static const struct talon_pair headers[] = { { "content-type", "application/grpc" }, { "grpc-status", "0" }, { NULL, NULL } };
    uint8_t *framed = calloc(1, n + 5);

    MUST(framed != NULL, "no memory");
    for (int i = 0; i < 4; i++)
        framed[1 + i] = (uint8_t)(n >> (24 - 8 * i));
    memcpy(framed + 5, text, n);
    fake_http(fake, FAKE_MS,
              TALON_REQUEST(talon_response, .status = 200, .headers = headers, .body = framed, .body_len = n + 5, .total_ns = FAKE_MS, .http_version = 20));
    free(framed);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const uint8_t *newline = n > 0 ? memchr(bytes, '\n', n) : NULL;
    const size_t first = newline ? (size_t)(newline - bytes) + 1 : 0;
    const char how = first > 1 ? (char)bytes[0] : 'a';
    struct fuzz_parts parts = { .at = bytes + first, .left = n - first };
    struct fake *fake = fake_new(&talon_plugin_descriptor, how == 's' ? "service" : how == 'e' ? "etcd" : "api");
    char *text;
    size_t length;

    if (how == 'c')
        write_config(bytes + first, n - first);
    else
        write_config(good, sizeof good - 1);
    fake_calendar(fake, 1900000000);
    fake_set(fake, "config", fuzz_path("talosconfig"));
    MUST(fake_problem(fake) == NULL, "its options are refused");
    for (int i = 0; how != 'c' && i < MOST_ANSWERS && (text = fuzz_part(&parts, &length)); i++) {
        answer(fake, text, length);
        free(text);
    }
    fake_run(fake);
    MUST(fake_result(fake)->end == FAKE_DONE, "the plugin came to no result of its own");
    MUST(fake_broken(fake) == NULL, fake_broken(fake));
    fake_free(fake);
    return 0;
}
