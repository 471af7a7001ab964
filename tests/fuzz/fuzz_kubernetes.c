/*
 * Fuzz target: what the plugin `kubernetes` reads, on the fake host: a kubeconfig, and answers of an API server. The first line names the operation; then come,
 * each behind a line `%%`, the kubeconfig ("": a good one) and the answers, whose first line is their status. What a credential plugin prints is an answer as
 * well, to the first one that is started. With `watch`, the operation is `node`, and all but the first answer are pieces of the watch beside its list.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <talon/fake_host.h>

enum { MOST_ANSWERS = 6 };

static const char good[] = "current-context: m\ncontexts: [{ name: m, context: { cluster: c, user: u } }]\n"
                           "clusters: [{ name: c, cluster: { server: 'https://kube.example' } }]\nusers: [{ name: u, user: { token: t } }]\n";

static const struct talon_pair none[] = { { NULL, NULL } };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    unsetenv("KUBECONFIG");
    return 0;
}

static void set_up(struct fake *fake, const char *operation)
{
    fake_set(fake, "kubeconfig", fuzz_path("config"));
    if (strcmp(operation, "access") == 0) {
        fake_add(fake, "verbs", NULL, "get");
        fake_add(fake, "verbs", NULL, "list");
        fake_set(fake, "resource", "pods");
    } else if (strcmp(operation, "workload") == 0) {
        fake_set(fake, "name", "web");
    } else if (strcmp(operation, "pods") == 0) {
        fake_set(fake, "warn_restarts", "1");
    }
    MUST(fake_problem(fake) == NULL, "its options are refused");
}

static void write_config(const char *text, size_t n)
{
    FILE *file = fopen(fuzz_path("config"), "w");

    MUST(file != NULL, "no file for the kubeconfig");
    MUST(fwrite(text, 1, n, file) == n, "the kubeconfig was not written");
    MUST(fclose(file) == 0, "the kubeconfig was not written");
}

static void script(struct fake *fake, const char *text, size_t n)
{
    static const struct talon_pair headers[] = { { "Retry-After", "1" }, { NULL, NULL } };
    const char *newline = memchr(text, '\n', n);
    struct talon_response response = { .size = sizeof response, .headers = headers, .total_ns = FAKE_MS };

    response.status = (uint32_t)(strtoul(text, NULL, 10) % 1000);
    response.body = newline ? newline + 1 : text;
    response.body_len = newline ? n - (size_t)(newline + 1 - text) : n;
    if (response.status == 0)
        response.error = (struct talon_error)FAKE_ERROR(TALON_E_PROTOCOL, 0, "protocol.bad", "no answer");
    fake_http(fake, FAKE_MS, &response);
    fake_child(fake, FAKE_MS, &(struct talon_exit){ .out = response.body, .out_len = response.body_len, .err = "" });
}

/* What the watch tells once the check is through, and a second check after it. */
static void listen(struct fake *fake, struct fuzz_parts *parts)
{
    const struct talon_http *asked = fake_asked(fake, 1);
    char *text;
    size_t length;

    while (asked && strstr(asked->url, "watch=1") && (text = fuzz_part(parts, &length)) != NULL) {
        fake_http_piece(fake, text, length);
        free(text);
    }
    fake_advance(fake, 400 * FAKE_S);
    fake_run(fake);
}

static const char *operation_of(const char *line)
{
    static const char *const operations[] = { "api", "node", "schedulable", "workload", "pods", "access" };

    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (strncmp(line, operations[i], strlen(operations[i])) == 0)
            return operations[i];
    return operations[(unsigned char)line[0] % 6u];
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct fuzz_parts parts = { .at = bytes, .left = n };
    size_t length;
    char *text = fuzz_part(&parts, &length);
    const bool watches = strncmp(text, "watch ", 6) == 0;
    const char *operation = watches ? "node" : operation_of(text);
    struct fake *fake = fake_new(&talon_plugin_descriptor, operation);

    free(text);
    set_up(fake, operation);
    text = fuzz_part(&parts, &length);
    write_config(text && length > 1 ? text : good, text && length > 1 ? length : sizeof good - 1);
    free(text);
    for (int i = 0; i < (watches ? 1 : MOST_ANSWERS) && (text = fuzz_part(&parts, &length)); i++) {
        script(fake, text, length);
        free(text);
    }
    if (watches)
        fake_http(fake, 300 * FAKE_S, &(struct talon_response){ .size = sizeof(struct talon_response), .status = 200, .headers = none });
    fake_run(fake);
    if (watches)
        listen(fake, &parts);
    MUST(fake_result(fake)->end == FAKE_DONE, "the plugin came to no result of its own");
    MUST(fake_broken(fake) == NULL, fake_broken(fake));
    fake_free(fake);
    return 0;
}
