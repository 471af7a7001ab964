/* What the unit tests of the plugin `kubernetes` share: a folder with a kubeconfig, and answers of an API server. */
#ifndef PLUGIN_KUBERNETES_TEST_H
#define PLUGIN_KUBERNETES_TEST_H

#include "plugin_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#define CERT64 "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1BPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="
#define KEY64 "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1BPT0KLS0tLS1FTkQgUFJJVkFURSBLRVktLS0tLQo="
#define CERT_TEXT "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"
#define KEY_TEXT "-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n"

/* Nodes of the API, as seen by the fake host, whose calendar begins at 2026-01-01T00:00:00Z. */
#define CONDITION(type, status) \
    "{\"type\":\"" type "\",\"status\":\"" status "\",\"lastTransitionTime\":\"2025-12-31T23:46:00Z\",\"reason\":\"R\",\"message\":\"M\"}"
#define NODE(name, made, boot, spec, conditions) \
    "{\"metadata\":{\"name\":\"" name "\",\"creationTimestamp\":\"" made "\"},\"spec\":{" spec "},\"status\":{\"nodeInfo\":{\"bootID\":\"" boot \
    "\"},\"conditions\":[" conditions "]}}"
#define NODE_OLD "2025-01-01T00:00:00Z"
#define NODE_READY CONDITION("Ready", "True")
#define NODE_LIST(items) "{\"kind\":\"NodeList\",\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[" items "]}"

static char kube_folder[] = "/tmp/talon-kube-XXXXXX";
static const struct talon_pair kube_no_headers[] = { { NULL, NULL } };

static inline int kube_make_folder(void **unused)
{
    (void)unused;
    unsetenv("KUBECONFIG");
    return mkdtemp(kube_folder) ? 0 : -1;
}

static inline int kube_remove_folder(void **unused)
{
    char line[128];

    (void)unused;
    snprintf(line, sizeof line, "%s", kube_folder);
    for (int i = 0; i < 8; i++) {
        static const char *const names[] = { "config", "second", "third", "token", "fifo", "folder", "big", "home" };

        snprintf(line, sizeof line, "%s/%s", kube_folder, names[i]);
        if (unlink(line) != 0)
            rmdir(line);
    }
    return rmdir(kube_folder);
}

/* The path of a file in the folder; two may be in use at once. */
static inline const char *kube_path(const char *name)
{
    static char paths[4][128];
    static unsigned at;
    char *path = paths[at++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", kube_folder, name);
    return path;
}

/* Writes a file that was last changed an hour before the fake host's calendar begins. */
static inline const char *kube_write(const char *name, const char *text)
{
    const char *path = kube_path(name);
    const struct utimbuf old = { 1767225600 - 3600, 1767225600 - 3600 };
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
    assert_int_equal(utime(path, &old), 0);
    return path;
}

/* A kubeconfig with one cluster, and a user with these fields (in YAML's braces). */
static inline const char *kube_config(const char *user)
{
    char text[4096];

    snprintf(text, sizeof text,
             "apiVersion: v1\nkind: Config\ncurrent-context: main\n"
             "clusters:\n- name: c\n  cluster: { server: 'https://kube.example:6443/', certificate-authority-data: " CERT64 " }\n"
             "users:\n- name: u\n  user: { %s }\n"
             "contexts:\n- name: main\n  context: { cluster: c, user: u }\n",
             user);
    return kube_write("config", text);
}

static inline struct fake *kube(const char *operation)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, operation);

    fake_set(fake, "kubeconfig", kube_config("token: t0k"));
    return fake;
}

static inline void kube_answers(struct fake *fake, uint32_t status, const char *body)
{
    fake_http(fake, 2 * FAKE_MS,
              &(struct talon_response){ .status = status, .headers = kube_no_headers, .body = body, .body_len = strlen(body), .total_ns = 2 * FAKE_MS });
}

static inline void kube_fails(struct fake *fake, uint32_t code, const char *token, const char *words)
{
    fake_http(fake, 2 * FAKE_MS, &(struct talon_response){ .error = { code, 0, token, words }, .headers = kube_no_headers });
}

#endif
