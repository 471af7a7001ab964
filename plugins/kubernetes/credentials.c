/*
 * Credentials by a program that a kubeconfig names (client.authentication.k8s.io): it is started when there are none, or when those that it gave have expired
 * or were refused, once for all checks of the cluster. It can ask nobody anything here, and what it prints may be secret: none of it is ever repeated.
 */
#include "cluster.h"

#include "kit/json.h"
#include "moment.h"

enum { MOST_ARGUMENTS = 64, OUTPUT = 256 << 10, EARLY_S = 5 };

#define LIMIT_NS (20 * UINT64_C(1000000000))
#define PAUSE_NS (5 * UINT64_C(1000000000)) /* between a failure and the next try */

void credentials_forget(struct cluster *cluster)
{
    kubeconfig_wipe(cluster->given.texts);
    cluster->given = (struct cluster_given){ .texts = NULL };
}

static const char *text_of(const cJSON *entry, const char *name)
{
    const char *text = json_string(entry, name, NULL);

    return text && *text ? text : NULL;
}

/* ---- what it gives */

__attribute__((format(printf, 2, 3))) static int refuse(struct cluster *cluster, const char *format, ...)
{
    va_list ap;
    int n = snprintf(cluster->problem, sizeof cluster->problem, "the credential plugin %.100s ", json_string(cluster->login.exec, "command", "?"));

    va_start(ap, format);
    vsnprintf(cluster->problem + n, sizeof cluster->problem - (size_t)n, format, ap);
    va_end(ap);
    return 0;
}

static int is_pem(const char *text)
{
    return !text || strstr(text, "-----BEGIN ") != NULL;
}

/* 0: refused. */
static int take(struct talon_run *shared, const char *out, size_t n)
{
    struct cluster *cluster = shared->state;
    struct cluster_given *given = &cluster->given;
    char words[JSON_PROBLEM];
    const char *until;

    given->texts = json_read(shared, out, n, words);
    if (!given->texts)
        return refuse(cluster, "printed no JSON");
    if (strcmp(json_string(given->texts, "kind", ""), "ExecCredential") != 0)
        return refuse(cluster, "printed no ExecCredential");
    given->token = text_of(given->texts, "status.token");
    given->cert = text_of(given->texts, "status.clientCertificateData");
    given->key = text_of(given->texts, "status.clientKeyData");
    until = text_of(given->texts, "status.expirationTimestamp");
    given->until_s = until ? moment_read(until) : 0;
    if (until && given->until_s == 0)
        return refuse(cluster, "gave a time of expiry that is none");
    if (given->token && strpbrk(given->token, " \t\r\n"))
        return refuse(cluster, "gave a token that is none");
    if (!given->cert != !given->key || !is_pem(given->cert) || !is_pem(given->key))
        return refuse(cluster, "gave a client certificate and key that are no pair of PEM texts");
    return given->token || given->cert || refuse(cluster, "gave neither a token nor a client certificate");
}

static void ended(struct talon_run *shared, void *arg, const struct talon_exit *ended)
{
    struct cluster *cluster = shared->state;
    int good = 0;

    (void)arg;
    cluster->spawned = 0;
    if (ended->error.code)
        refuse(cluster, "could not be run to its end: %.200s", ended->error.text);
    else if (ended->signal)
        refuse(cluster, "was killed by signal %d", (int)ended->signal);
    else if (ended->code != 0)
        refuse(cluster, "failed with exit code %d (run it by hand to see why)", (int)ended->code);
    else
        good = take(shared, ended->out, ended->out_len);
    if (!good)
        credentials_forget(cluster);
    cluster->failed_ns = good ? 0 : shared->host->now_ns(shared);
    shared->host->wake(shared);
}

/* ---- how it is started */

/* KUBERNETES_EXEC_INFO: what the plugin is told of us, and of the cluster where it asks for that. */
static char *info(const struct cluster *cluster)
{
    const struct kubeconfig_login *login = &cluster->login;
    cJSON *root = cJSON_CreateObject(), *spec = cJSON_AddObjectToObject(root, "spec");
    char *text;

    cJSON_AddStringToObject(root, "kind", "ExecCredential");
    cJSON_AddStringToObject(root, "apiVersion", json_string(login->exec, "apiVersion", "client.authentication.k8s.io/v1"));
    cJSON_AddFalseToObject(spec, "interactive");
    if (strcmp(json_string(login->exec, "provideClusterInfo", ""), "true") == 0) {
        cJSON *to = cJSON_AddObjectToObject(spec, "cluster");

        cJSON_AddStringToObject(to, "server", login->server);
        if (login->server_name)
            cJSON_AddStringToObject(to, "tls-server-name", login->server_name);
        if (login->insecure)
            cJSON_AddTrueToObject(to, "insecure-skip-tls-verify");
    }
    text = cJSON_PrintUnformatted(root);
    cJSON_Delete(root);
    return text;
}

/* A name is looked for in PATH; what holds a slash begins at the kubeconfig's folder. */
static const char *program(const struct kubeconfig_login *login, char path[2 * KUBECONFIG_PATH])
{
    const char *command = json_string(login->exec, "command", "");

    if (*command == '/' || !strchr(command, '/'))
        return command;
    snprintf(path, 2 * KUBECONFIG_PATH, "%s/%s", login->exec_folder, command);
    return path;
}

static void spawn(struct talon_run *shared)
{
    struct cluster *cluster = shared->state;
    const cJSON *item, *exec = cluster->login.exec;
    char path[2 * KUBECONFIG_PATH], *lines[MOST_ARGUMENTS + 1] = { NULL }, *told = info(cluster);
    const char *argv[MOST_ARGUMENTS + 2] = { program(&cluster->login, path) };
    size_t n_argv = 1, n_env = 0;

    cJSON_ArrayForEach(item, json_at(exec, "args")) {
        if (cJSON_IsString(item) && n_argv <= MOST_ARGUMENTS)
            argv[n_argv++] = item->valuestring;
    }
    lines[n_env++] = (char *)(uintptr_t)talon_text(shared, "KUBERNETES_EXEC_INFO=%s", told ? told : "");
    cJSON_ArrayForEach(item, json_at(exec, "env")) {
        if (text_of(item, "name") && n_env < MOST_ARGUMENTS)
            lines[n_env++] = (char *)(uintptr_t)talon_text(shared, "%s=%s", text_of(item, "name"), json_string(item, "value", ""));
    }
    cluster->spawned = shared->host->spawn(
        shared,
        TALON_REQUEST(talon_command, .argv = argv, .env = (const char *const *)lines, .max_output = OUTPUT, .timeout_ns = LIMIT_NS), ended, NULL);
    for (size_t i = 0; i < n_env; i++) /* the shared lives long, and so would these */
        shared->host->release(shared, lines[i]);
    cJSON_free(told);
}

enum cluster_state credentials_get(struct talon_run *shared)
{
    struct cluster *cluster = shared->state;
    const int64_t now = shared->host->unix_ns(shared) / 1000000000;

    if (cluster->given.texts && (cluster->given.until_s == 0 || now < cluster->given.until_s - EARLY_S))
        return CLUSTER_READY;
    if (strcmp(json_string(cluster->login.exec, "interactiveMode", ""), "Always") == 0) {
        refuse(cluster, "wants to ask a person (interactiveMode: Always), and there is none");
        return CLUSTER_BROKEN;
    }
    if (cluster->failed_ns && shared->host->now_ns(shared) - cluster->failed_ns < PAUSE_NS)
        return CLUSTER_BROKEN;
    credentials_forget(cluster);
    spawn(shared);
    return CLUSTER_WAITS;
}
