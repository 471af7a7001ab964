/* Looks around on this host: see init.h. */
#include "cli/init.h"

#include "base/os/files.h"
#include "base/text.h"
#include "cli/ask.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATIENCE (150 * (uint64_t)NS_PER_MS)

enum { CADDY_PORT = 2019, CADDY_CONFIG = 1 << 20 };

/* ---- Docker */

static void ask_docker(struct init_found *found, const char *path)
{
    struct init_docker *docker = &found->docker[found->n_docker];
    struct buffer answer = buffer_make(65536);
    char absolute[512], endpoint[600];
    struct stat socket;
    int status;

    if (!files_absolute(path, NULL, absolute, sizeof absolute) || stat(absolute, &socket) != 0 || !S_ISSOCK(socket.st_mode))
        return;
    found->n_docker++;
    snprintf(docker->path, sizeof docker->path, "%s", path);
    snprintf(endpoint, sizeof endpoint, "unix:%s", absolute);
    status = ask_get(endpoint, "/_ping", PATIENCE, &answer, docker->why, sizeof docker->why);
    docker->answer = status == 200 ? INIT_ANSWERS : status == 0 && (errno == EACCES || errno == EPERM) ? INIT_DENIED : INIT_SILENT;
    if (status != 0 && status != 200)
        snprintf(docker->why, sizeof docker->why, "it answers HTTP %d", status);
    buffer_free(&answer);
}

static bool is_same_file(const char *a, const char *b)
{
    char first[512], second[512];
    struct stat x, y;

    return files_absolute(a, NULL, first, sizeof first) && files_absolute(b, NULL, second, sizeof second) && stat(first, &x) == 0 && stat(second, &y) == 0 &&
           x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* /var/run/docker.sock is often a link to one of the others. */
static void look_for_docker(struct init_found *found)
{
    static const char *const paths[INIT_SOCKETS] = { "/var/run/docker.sock", "~/.colima/default/docker.sock", "~/.docker/run/docker.sock" };

    for (size_t i = 0; i < INIT_SOCKETS; i++) {
        bool again = false;

        for (size_t k = 0; k < found->n_docker; k++)
            again = again || is_same_file(found->docker[k].path, paths[i]);
        if (!again)
            ask_docker(found, paths[i]);
    }
}

/* ---- Caddy: its admin interface tells which ports are its own */

/* "127.0.0.1:8080", ":443", "tcp/:8000-8010" */
static void add_caddy_ports(struct init_found *found, const char *listen)
{
    const char *colon = strrchr(listen, ':');
    char *end;
    unsigned long first = colon ? strtoul(colon + 1, &end, 10) : 0, last = first;

    if (first > 0 && *end == '-')
        last = strtoul(end + 1, NULL, 10);
    for (unsigned long port = first; port > 0 && port <= last && port < 65536 && found->n_caddy_ports < INIT_CADDY_PORTS; port++)
        found->caddy_ports[found->n_caddy_ports++] = (uint16_t)port;
}

static void read_caddy(struct init_found *found, const char *text, size_t n)
{
    cJSON *config = cJSON_ParseWithLength(text, n);
    const cJSON *http = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(config, "apps"), "http"), *server, *listen;

    if (config && (cJSON_IsObject(config) || cJSON_IsNull(config)))
        found->caddy_admin = CADDY_PORT;
    cJSON_ArrayForEach(server, cJSON_GetObjectItemCaseSensitive(http, "servers"))
    {
        cJSON_ArrayForEach(listen, cJSON_GetObjectItemCaseSensitive(server, "listen"))
        {
            if (cJSON_IsString(listen))
                add_caddy_ports(found, listen->valuestring);
        }
    }
    cJSON_Delete(config);
}

static void look_for_caddy(struct init_found *found)
{
    struct buffer config = buffer_make(CADDY_CONFIG);
    char endpoint[100], why[200];

    for (size_t i = 0; i < found->n_listeners; i++) {
        const struct listener *l = &found->listeners[i];

        if (l->port != CADDY_PORT || l->speech != SPEAKS_HTTP)
            continue;
        snprintf(endpoint, sizeof endpoint, strchr(l->address, ':') ? "[%s]:%u" : "%s:%u", l->address, (unsigned)l->port);
        if (ask_get(endpoint, "/config/", PATIENCE, &config, why, sizeof why) == 200)
            read_caddy(found, buffer_string(&config), config.len);
    }
    buffer_free(&config);
}

/* ---- Kubernetes */

static bool is_here(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 || strcmp(host, "0.0.0.0") == 0;
}

static bool try_kubeconfig(struct init_found *found, const char *path, size_t n)
{
    char one[1024], absolute[1024];

    snprintf(one, sizeof one, "%.*s", (int)n, path);
    if (n == 0 || n >= sizeof one || !files_absolute(one, NULL, absolute, sizeof absolute) || !discover_kubernetes(absolute, &found->cluster))
        return false;
    snprintf(found->kubeconfig, sizeof found->kubeconfig, "%s", one);
    found->cluster_is_here = is_here(found->cluster.host);
    return true;
}

static void look_for_kubernetes(struct init_found *found)
{
    static const char *const places[] = { "~/.kube/config", "/etc/rancher/k3s/k3s.yaml", "/etc/kubernetes/admin.conf" };
    const char *given = getenv("KUBECONFIG");

    for (const char *path = given ? given : ""; *path; path += strcspn(path, ":"), path += *path == ':')
        if (try_kubeconfig(found, path, strcspn(path, ":")))
            return;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (try_kubeconfig(found, places[i], strlen(places[i])))
            return;
}

/* ---- all of it */

void init_look(struct init_found *found)
{
    size_t kept = 0;

    *found = (struct init_found){ .ephemeral = discover_ephemeral() };
    found->n_mounts = discover_mounts(found->mounts, DISCOVER_MOUNTS);
    found->n_listeners = discover_listeners(found->listeners, DISCOVER_PORTS);
    for (size_t i = 0; i < found->n_listeners; i++) /* never ask ourselves */
        if (found->listeners[i].port != INIT_OWN_PORT)
            found->listeners[kept++] = found->listeners[i];
    found->n_listeners = kept;
    discover_speech(found->listeners, found->n_listeners);
    look_for_docker(found);
    look_for_caddy(found);
    look_for_kubernetes(found);
}
