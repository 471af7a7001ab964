/*
 * The configuration that `talon init` writes: every part explained for someone who has never seen one, every check one that is ok at once on a host that is
 * well, and what cannot be watched yet as a comment that says why.
 */
#include "cli/init.h"

#include "base/text.h"
#include "cli/init_names.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char head[] =
    "# What Talon watches on this host. `talon init` wrote this file from what it found here; it is yours now, change it as you like.\n"
    "#\n"
    "#   talon validate   shows every mistake in it, with line and column\n"
    "#   talon check      runs every check once, now\n"
    "#   talon run        watches, always on; a running one takes changes of this file over by itself, whole or not at all\n"
    "#   talon status     shows what it concludes, and why\n"
    "#\n"
    "# talon.yaml(5) explains every setting; `talon plugin info redis` (http, tcp, disk ...) shows what a kind of check can be told.\n"
    "\n"
    "# Where it answers, for this host alone: /health, /metrics for Prometheus, and a page at http://127.0.0.1:9999/\n"
    "listen: 127.0.0.1:9999\n"
    "\n"
    "# What holds for every check that does not say otherwise. Any of these may stand in a check as well.\n"
    "defaults:\n"
    "  every: 60s            # how often a check runs\n"
    "  timeout: 10s          # who has not answered by then has failed\n"
    "  fail_after: 3         # so many bad results in a row, and the check is failed; until then it is suspect, and looked at more often\n"
    "  recover_after: 2      # so many good ones, and it is ok again\n"
    "\n"
    "# Passwords and tokens do not stand in checks: name them here and write ${secrets.NAME} where one is needed.\n"
    "# secrets:\n"
    "#   redis: { file: ~/.config/talon/redis-password }   # a file of yours with mode 0600; or env: NAME, or command: [PROGRAM, ARGUMENT]\n"
    "\n"
    "# As this grows, each system can have a file of its own.\n"
    "# include: [checks/*.yaml]\n"
    "\n"
    "# What is watched: services, each with its checks. A service is as bad as the worst of its checks.\n"
    "services:\n";

static const char tail[] =
    "\n"
    "  # What else a service can say: take the `#` away and make it yours.\n"
    "  #\n"
    "  # shop:\n"
    "  #   title: The shop\n"
    "  #   note: Ask the shop's people before you restart it.\n"
    "  #   critical: true            # when this one fails, the whole host counts as failed\n"
    "  #   needs: [host]             # while one of these has failed, the shop is not to blame: it is \"caused by\" that one\n"
    "  #   checks:\n"
    "  #     front:\n"
    "  #       http: { url: \"http://127.0.0.1:8080/health\", expect_json: { status: ok } }\n"
    "  #       every: 15s\n"
    "  #     backup:\n"
    "  #       file: { path: /var/backups/shop.dump, max_age: 1d }\n"
    "  #     queue:\n"
    "  #       exec: { command: [check_queue, --critical, \"100\"], nagios: true }   # any monitoring plugin, any program\n"
    "  #\n"
    "  # What to do about it comes as `heal:`, once there is a runbook of that name (runbooks: [runbooks/*.yaml]):\n"
    "  #\n"
    "  #   heal:\n"
    "  #     - when: front failed and not backup failed\n"
    "  #       run: restart-shop\n";

/* A configuration on its way. */
struct writing {
    const struct init_found *found;
    struct buffer *out;
    struct init_names services; /* taken so far */
    bool done[DISCOVER_PORTS];  /* listeners that stand in it already */
};

__attribute__((format(printf, 2, 3))) static void add(struct writing *w, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    buffer_vprintf(w->out, format, ap);
    va_end(ap);
}

/* `  NAME:\n    title: TITLE\n    checks:\n` under a name that no service has yet. */
static void add_service(struct writing *w, const char *name, const char *title)
{
    char taken[INIT_NAME];

    init_names_take(&w->services, name, taken);
    add(w, "  %s:\n    title: ", taken);
    init_scalar(w->out, title);
    add(w, "\n    checks:\n");
}

/* "127.0.0.1:6379" or "[::1]:6379", as a scalar. */
static void add_address(struct writing *w, const struct listener *l)
{
    char address[100];

    snprintf(address, sizeof address, strchr(l->address, ':') ? "[%s]:%u" : "%s:%u", l->address, (unsigned)l->port);
    init_scalar(w->out, address);
}

/* ---- the host itself */

static void add_disks(struct writing *w)
{
    struct init_names names = { .n = 0 };
    char name[INIT_NAME], raw[300];

    add(w, "      # Percent used: a warning at 85, a failure at 95. `disk: { path: /, warn: 70, fail: 90 }` asks for something else.\n");
    for (size_t i = 0; i < w->found->n_mounts; i++) {
        const char *path = w->found->mounts[i];

        if (text_valid_utf8(path, strlen(path)) != strlen(path))
            continue;
        snprintf(raw, sizeof raw, "disk-%s", strcmp(path, "/") == 0 ? "root" : path + 1);
        init_names_take(&names, raw, name);
        add(w, "      %s:\n        disk: { path: ", name);
        init_scalar(w->out, path);
        add(w, " }\n");
    }
}

static void add_host(struct writing *w)
{
    add(w, "  # The machine that all of this runs on.\n");
    add_service(w, "host", "This host");
    add(w, "      memory:           # percent that can no longer be had: a warning at 90, a failure at 97\n"
           "        memory: {}\n"
           "      load:             # a warning at 4 for each processor over a minute; being busy is never a failure\n"
           "        load: {}\n");
    add_disks(w);
}

/* ---- Redis, sshd */

static size_t count(const struct init_found *found, enum speech speech)
{
    size_t n = 0;

    for (size_t i = 0; i < found->n_listeners; i++)
        n += found->listeners[i].speech == speech;
    return n;
}

/* Where there is one, it needs no port in its name. */
static void add_numbered(struct writing *w, const struct listener *l, const char *name, const char *title)
{
    char full_name[100], full_title[100];

    snprintf(full_name, sizeof full_name, "%s-%u", name, (unsigned)l->port);
    snprintf(full_title, sizeof full_title, "%s on port %u", title, (unsigned)l->port);
    add_service(w, count(w->found, l->speech) == 1 ? name : full_name, full_title);
}

static void add_redis(struct writing *w, const struct listener *l)
{
    add(w, "\n");
    if (!l->password) {
        add(w, "  # PING, and what INFO says. `expect: { aof_last_bgrewrite_status: ok, connected_clients: \"< 500\" }` beside `address` asks for more.\n");
        add_numbered(w, l, "redis", "Redis");
        add(w, "      ping:\n        redis: { address: ");
        add_address(w, l);
        add(w, " }\n        every: 15s\n        timeout: 2s\n");
        return;
    }
    add(w, "  # This Redis wants a password, so for now it is only seen that it accepts connections. Put the password into a file of yours (mode 0600),\n"
           "  # name it under `secrets:` above, and put this in place of `tcp:`\n"
           "  #       redis: { address: ");
    add_address(w, l);
    add(w, ", password: \"${secrets.redis}\" }\n");
    add_numbered(w, l, "redis", "Redis");
    add(w, "      port:\n        tcp: { address: ");
    add_address(w, l);
    add(w, " }\n        every: 15s\n        timeout: 2s\n");
}

static void add_ssh(struct writing *w, const struct listener *l)
{
    add(w, "\n  # The SSH server says its name first.\n");
    add_numbered(w, l, "sshd", "SSH server");
    add(w, "      greeting:\n        tcp: { address: ");
    add_address(w, l);
    add(w, ", expect: \"^SSH-\" }\n");
}

/* ---- what answers HTTP or TLS, and what only listens */

static void add_url(struct writing *w, const struct listener *l, const char *path)
{
    char url[200];

    snprintf(url, sizeof url, strchr(l->address, ':') ? "http://[%s]:%u%s" : "http://%s:%u%s", l->address, (unsigned)l->port, path);
    init_scalar(w->out, url);
}

static void add_http_check(struct writing *w, const struct listener *l, const char *name)
{
    if (l->status >= 200 && l->status <= 299) {
        add(w, "      %s:\n        http: { url: ", name);
        add_url(w, l, "/");
        add(w, " }\n");
    } else if (l->status < 500) {
        add(w, "      %s:             # it answers / with %d: name a page that says how it is, and leave out expect_status\n        http: { url: ", name, l->status);
        add_url(w, l, "/");
        add(w, ", expect_status: [200-499] }\n");
    } else {
        add(w, "      %s:             # it answered / with %d when this was written, so only the connection is checked\n        tcp: { address: ", name, l->status);
        add_address(w, l);
        add(w, " }\n");
    }
}

static void add_tls_check(struct writing *w, const struct listener *l, const char *name)
{
    char address[100];

    snprintf(address, sizeof address, strchr(l->address, ':') ? "[%s]:%u" : "%s:%u", l->address, (unsigned)l->port);
    add(w, "      # It speaks TLS, and the name that its certificate is for is not known here. To have that checked too, name it:\n"
           "      #   http: { url: \"https://NAME/\", connect_to: \"%s\" }\n",
        address);
    add(w, "      %s:\n        tcp: { address: ", name);
    init_scalar(w->out, address);
    add(w, l->handshake ? ", tls: true, server_name: localhost, insecure: true }\n" : " }\n");
}

static void add_tcp_check(struct writing *w, const struct listener *l, const char *name)
{
    add(w, "      %s:\n        tcp: { address: ", name);
    add_address(w, l);
    add(w, " }\n");
}

/* By what it was heard to speak. */
static void add_check_of(struct writing *w, const struct listener *l, const char *name)
{
    if (l->speech == SPEAKS_HTTP)
        add_http_check(w, l, name);
    else if (l->speech == SPEAKS_TLS)
        add_tls_check(w, l, name);
    else
        add_tcp_check(w, l, name);
}

static void add_other(struct writing *w, const struct listener *l)
{
    static const char *const what[] = { [SPEAKS_NOTHING] = "accepts connections", [SPEAKS_HTTP] = "answers HTTP", [SPEAKS_TLS] = "speaks TLS" };
    const struct init_usual *usual = init_usual(l->port);
    struct buffer title = buffer_make(0);
    char name[40];

    snprintf(name, sizeof name, "port-%u", (unsigned)l->port);
    if (usual)
        buffer_printf(&title, "%s (port %u)", usual->title, (unsigned)l->port);
    else
        buffer_printf(&title, "Port %u", (unsigned)l->port);
    add(w, "\n  # Something on port %u %s", (unsigned)l->port, what[l->speech]);
    if (l->server[0]) {
        add(w, " and calls itself ");
        text_clean(w->out, l->server, strlen(l->server), 60);
    }
    add(w, usual ? ": by its port this is %s. Give it its right name, or take it out.\n" : ". Give it its name%s, or take it out.\n", usual ? usual->title : "");
    add_service(w, usual ? usual->name : name, buffer_string(&title));
    add_check_of(w, l, l->speech == SPEAKS_HTTP ? "answer" : l->speech == SPEAKS_TLS ? "tls" : "port");
    buffer_free(&title);
}

/* ---- Caddy */

static bool is_caddy(const struct init_found *found, const struct listener *l)
{
    bool its_own = found->caddy_admin != 0 && l->port == found->caddy_admin;

    for (size_t i = 0; i < found->n_caddy_ports; i++)
        its_own = its_own || found->caddy_ports[i] == l->port;
    return its_own || (l->speech == SPEAKS_HTTP && strncmp(l->server, "Caddy", 5) == 0);
}

static void add_caddy(struct writing *w)
{
    bool begun = false;
    char name[40];

    for (size_t i = 0; i < w->found->n_listeners; i++) {
        const struct listener *l = &w->found->listeners[i];

        if (w->done[i] || !is_caddy(w->found, l))
            continue;
        if (!begun) {
            add(w, "\n  # Caddy: %s.\n", w->found->caddy_admin ? "its admin interface, and the ports that it says it listens on" : "the ports whose answers name it");
            add_service(w, "caddy", "Caddy");
        }
        begun = w->done[i] = true;
        if (l->port == w->found->caddy_admin) {
            add(w, "      admin:            # answers while Caddy runs and has read its configuration\n        http: { url: ");
            add_url(w, l, "/config/");
            add(w, " }\n");
            continue;
        }
        snprintf(name, sizeof name, "%s-%u", l->speech == SPEAKS_TLS ? "tls" : l->speech == SPEAKS_HTTP ? "http" : "port", (unsigned)l->port);
        add_check_of(w, l, name);
    }
}

/* ---- Docker, Kubernetes: where they cannot be watched, a comment says why */

static void add_docker(struct writing *w)
{
    for (size_t i = 0; i < w->found->n_docker; i++) {
        const struct init_docker *docker = &w->found->docker[i];
        const bool good = docker->answer == INIT_ANSWERS;
        const char *mark = good ? "  " : "  # ";

        if (docker->answer == INIT_DENIED)
            add(w, "\n  # Docker's socket is there, but this user may not use it. Let it (on Linux: the group docker), then take the `# ` away:\n");
        else if (docker->answer == INIT_SILENT) {
            add(w, "\n  # Docker's socket is there, but does not answer (");
            text_clean(w->out, docker->why, strlen(docker->why), 120);
            add(w, "). When it does, take the `# ` away:\n");
        } else
            add(w, "\n  # Docker's engine answers on its socket.\n");
        add(w, "%s%s", mark, good ? "" : "docker:\n");
        if (good) {
            char taken[INIT_NAME];

            init_names_take(&w->services, "docker", taken);
            add(w, "%s:\n", taken);
        }
        add(w, "%s  title: Docker\n%s  checks:\n%s    ping:\n%s      http: { url: \"http://localhost/_ping\", unix: ", mark, mark, mark, mark);
        init_scalar(w->out, docker->path);
        add(w, " }\n");
    }
}

/* The listener that is the cluster's, or NULL. */
static const struct listener *find_cluster(struct writing *w)
{
    for (size_t i = 0; w->found->cluster_is_here && i < w->found->n_listeners; i++)
        if (w->found->listeners[i].port == w->found->cluster.port) {
            w->done[i] = true;
            return &w->found->listeners[i];
        }
    return NULL;
}

static void add_kubernetes(struct writing *w)
{
    const struct discovered_cluster *cluster = &w->found->cluster;
    const struct listener *l = find_cluster(w);
    char address[300];

    if (!w->found->kubeconfig[0])
        return;
    add(w, "\n  # The Kubernetes cluster of ");
    text_clean(w->out, w->found->kubeconfig, strlen(w->found->kubeconfig), 200);
    if (cluster->context[0]) {
        add(w, " (context ");
        text_clean(w->out, cluster->context, strlen(cluster->context), 100);
        add(w, ")");
    }
    if (l) {
        add(w, ": that its API server accepts connections.\n");
        add_service(w, "kubernetes", "Kubernetes API server");
        add_check_of(w, l, "api");
        return;
    }
    snprintf(address, sizeof address, strchr(cluster->host, ':') ? "[%s]:%u" : "%s:%u", cluster->host, (unsigned)cluster->port);
    add(w, "%s. To watch it, take the `# ` away:\n  # kubernetes:\n  #   title: Kubernetes API server\n  #   checks:\n  #     api:\n  #       tcp: { address: ",
        w->found->cluster_is_here ? ": nobody listens there now" : " is not on this host");
    init_scalar(w->out, address);
    add(w, " }\n");
}

/* ---- all of it */

/* Something that a person has started and named, rather than a port that the system gave out for an hour. */
static bool is_lasting(const struct init_found *found, const struct listener *l)
{
    return l->port != INIT_OWN_PORT && (l->port < found->ephemeral || l->speech == SPEAKS_REDIS || l->speech == SPEAKS_SSH);
}

bool init_write(const struct init_found *found, struct buffer *out)
{
    struct writing w = { .found = found, .out = out };

    buffer_text(out, head);
    add_host(&w);
    add_docker(&w);
    add_kubernetes(&w);
    add_caddy(&w);
    for (size_t i = 0; i < found->n_listeners; i++) {
        const struct listener *l = &found->listeners[i];

        if (w.done[i] || !is_lasting(found, l))
            continue;
        if (l->speech == SPEAKS_REDIS)
            add_redis(&w, l);
        else if (l->speech == SPEAKS_SSH)
            add_ssh(&w, l);
        else
            add_other(&w, l);
    }
    buffer_text(out, tail);
    return !out->failed;
}

/* ---- for people */

static void tell_listener(const struct init_found *found, const struct listener *l, struct buffer *out)
{
    static const char *const words[] = { "something", "Redis", "an SSH server", "an HTTP server", "a TLS server" };
    const struct init_usual *usual = init_usual(l->port);

    if (is_caddy(found, l))
        buffer_text(out, l->port == found->caddy_admin ? "  Caddy's admin interface" : "  Caddy");
    else if (found->cluster_is_here && found->kubeconfig[0] && found->cluster.port == l->port)
        buffer_text(out, "  a Kubernetes API server");
    else if (!is_lasting(found, l))
        return;
    else if (usual && l->speech != SPEAKS_REDIS && l->speech != SPEAKS_SSH)
        buffer_printf(out, "  %s, by its port", usual->title);
    else
        buffer_printf(out, "  %s", words[l->speech]);
    buffer_printf(out, strchr(l->address, ':') ? " on [%s]:%u%s\n" : " on %s:%u%s\n", l->address, (unsigned)l->port,
                  l->password ? " (it wants a password: see the comment there)" : "");
}

void init_tell(const struct init_found *found, struct buffer *out)
{
    static const char *const answers[] = { "answers", "is not for this user: left as a comment", "does not answer: left as a comment" };

    buffer_text(out, "found:\n  memory, load");
    for (size_t i = 0; i < found->n_mounts; i++) {
        buffer_text(out, ", ");
        text_clean(out, found->mounts[i], strlen(found->mounts[i]), 60);
    }
    buffer_char(out, '\n');
    for (size_t i = 0; i < found->n_docker; i++)
        buffer_printf(out, "  Docker: %s %s\n", found->docker[i].path, answers[found->docker[i].answer]);
    if (found->kubeconfig[0] && !found->cluster_is_here)
        buffer_printf(out, "  a Kubernetes cluster elsewhere (%s:%u): left as a comment\n", found->cluster.host, (unsigned)found->cluster.port);
    for (size_t i = 0; i < found->n_listeners; i++)
        tell_listener(found, &found->listeners[i], out);
}
