/*
 * The new configuration: see migrate.h. What the old program watched by itself had one host's names in its code; those are variables of the profile now, whose
 * text is taken over, and the services are the shipped files. What was added by hand becomes a service each: an http and a launchd probe of one name belonged
 * together already then, as what is watched and what is restarted.
 */
#include "base/text.h"
#include "cli/migrate.h"

#include <stdio.h>
#include <string.h>

enum { NAME = 64 };

/* What the old program watched by itself, the worker that it kept, and what those need. */
static const char *const by_itself[] = {
    "host",  "colima", "docker",  "talos-node", "talos",         "kubernetes",  "kubernetes-node", "kubernetes-access",
    "flannel", "redis",  "inngest", "typesense",  "agent-secrets", "host-worker",
};

enum { BY_ITSELF = sizeof by_itself / sizeof *by_itself };

/* ---- YAML */

/* A text as YAML, in which `${` is no variable. */
static void put_text(struct buffer *out, const char *text)
{
    struct buffer plain = buffer_make(0);
    const char *next;

    for (; (next = strstr(text, "${")) != NULL; text = next + 2) {
        buffer_add(&plain, text, (size_t)(next - text));
        buffer_text(&plain, "$${");
    }
    buffer_text(&plain, text);
    text_json(out, buffer_string(&plain), plain.len);
    out->failed = out->failed || plain.failed;
    buffer_free(&plain);
}

static void put_texts(struct buffer *out, const struct old_texts *texts)
{
    buffer_char(out, '[');
    for (size_t i = 0; i < texts->n; i++) {
        buffer_text(out, i > 0 ? ", " : "");
        put_text(out, texts->texts[i]);
    }
    buffer_char(out, ']');
}

/* `KEY: "TEXT"` on a line, where there is one. */
static void put_line(struct buffer *out, const char *indent_and_key, const char *text)
{
    if (!text)
        return;
    buffer_printf(out, "%s: ", indent_and_key);
    put_text(out, text);
    buffer_char(out, '\n');
}

/* ---- what it watched by itself */

/* The lines of the profile's `vars:`, up to the next key of its file. */
static bool put_vars(struct buffer *out, const char *profile)
{
    const char *begin = strncmp(profile, "vars:", 5) == 0 ? profile : strstr(profile, "\nvars:");
    const char *end;

    if (!begin)
        return false;
    begin += *begin == '\n';
    end = begin;
    do {
        end = strchr(end, '\n');
        end = end ? end + 1 : begin + strlen(begin);
    } while (*end == ' ' || *end == '\n' || *end == '#');
    buffer_text(out, "\n# The names of what the old program watched by itself; they were in its code.\n");
    buffer_add(out, begin, (size_t)(end - begin));
    return true;
}

static void put_includes(struct buffer *out, const char *checks)
{
    buffer_text(out, "\n# What it watched by itself. These files come with Talon; their checks have times of their own.\ninclude:\n");
    for (size_t i = 0; i < BY_ITSELF; i++) {
        char path[4096];

        snprintf(path, sizeof path, "%s/%s.yaml", checks, by_itself[i]);
        buffer_text(out, "  - ");
        put_text(out, path);
        buffer_char(out, '\n');
    }
}

/* ---- what was added by hand */

static bool is_taken(const char *name)
{
    size_t i = 0;

    while (i < BY_ITSELF && strcmp(by_itself[i], name) != 0)
        i++;
    return i < BY_ITSELF;
}

/* The old name as one of the new kind; one that a shipped service has becomes another. */
static void service_name(char out[NAME], const char *old)
{
    size_t n = 0;

    for (; *old && n < NAME - 3; old++) {
        const char c = *old >= 'A' && *old <= 'Z' ? (char)(*old - 'A' + 'a') : *old;
        const bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (n > 0 && (c == '-' || c == '_'));

        if (fits)
            out[n++] = c;
        else if (n > 0)
            out[n++] = '-';
    }
    if (n == 0)
        out[n++] = '0';
    out[n] = '\0';
    if (is_taken(out))
        memcpy(out + n, "-2", 3);
}

static void put_check(struct buffer *out, const struct old_probe *probe)
{
    static const char *const beginnings[] = {
        [OLD_HTTP] = "      http:\n        http: { url: ",
        [OLD_LAUNCHD] = "      job:\n        launchd.job: { label: ",
        [OLD_SCRIPT] = "      script:\n        exec: { command: [sh, -c, ",
    };
    static const char *const ends[] = { [OLD_HTTP] = ", expect_status: [200] }", [OLD_LAUNCHD] = ", kind: keepalive }", [OLD_SCRIPT] = "] }" };

    buffer_text(out, beginnings[probe->kind]);
    put_text(out, probe->what);
    buffer_printf(out, "%s\n        timeout: %llds\n        fail_after: %lld\n", ends[probe->kind], (long long)(probe->timeout > 0 ? probe->timeout : 1),
                  (long long)probe->fail_after);
}

static bool is_same(const struct old_probe *a, const struct old_probe *b)
{
    char name[NAME], other[NAME];

    service_name(name, a->name);
    service_name(other, b->name);
    return strcmp(name, other) == 0;
}

static void put_service(struct buffer *out, const struct old *old, size_t first)
{
    bool critical = false;
    char name[NAME];

    service_name(name, old->found[first].name);
    for (size_t i = first; i < old->n_found; i++)
        critical = critical || (old->found[i].critical && is_same(&old->found[i], &old->found[first]));
    buffer_printf(out, "  %s:\n%s    checks:\n", name, critical ? "    critical: true\n" : "");
    for (size_t i = first; i < old->n_found; i++)
        if (is_same(&old->found[i], &old->found[first]))
            put_check(out, &old->found[i]);
}

/* Its health was asked by the old program itself: here a check does that, of a service of its own. */
static void put_worker_health(struct buffer *out, const struct old *old)
{
    buffer_printf(out, "  worker-health:\n    title: The worker, as its supervisor sees it\n    checks:\n      alive:\n        http: { url: \"http://127.0.0.1:%lld%s\" }\n"
                       "        every: %llds\n        timeout: %llds\n        fail_after: %lld\n",
                  (long long)old->worker.port, old->worker.health, (long long)old->worker.health_interval, (long long)old->worker.http_timeout,
                  (long long)(old->worker.health_failures > 0 ? old->worker.health_failures : 1));
}

static void put_services(struct buffer *out, const struct old *old)
{
    const bool worker = old->worker.command.n > 0 && old->worker.health && old->worker.port > 0;

    if (old->n_found == 0 && !worker)
        return;
    buffer_text(out, "\n# What was added by hand.\nservices:\n");
    if (worker)
        put_worker_health(out, old);
    for (size_t i = 0; i < old->n_found; i++) {
        size_t before = 0;

        while (before < i && !is_same(&old->found[before], &old->found[i]))
            before++;
        if (before == i)
            put_service(out, old, i);
    }
}

/* ---- people, agents, the worker */

static void put_notify(struct buffer *out, const struct old *old)
{
    const bool telegram = old->escalation.chat && *old->escalation.chat && old->escalation.secret && *old->escalation.secret;

    if (telegram) {
        buffer_text(out, "\nsecrets:\n  telegram: { command: [secrets, lease, ");
        put_text(out, old->escalation.secret);
        buffer_text(out, ", --ttl, 30m], ttl: 25m }\n");
    }
    if (!telegram && !old->escalation.recipient)
        return;
    buffer_text(out, "\n# Who is told.\nnotify:\n  channels:\n");
    if (telegram) {
        buffer_text(out, "    telegram: { notify.telegram: { token: \"${secrets.telegram}\", chat: ");
        put_text(out, old->escalation.chat);
        buffer_text(out, " } }\n");
    }
    if (old->escalation.recipient) {
        buffer_text(out, "    imessage: { notify.imessage: { to: ");
        put_text(out, old->escalation.recipient);
        buffer_text(out, " } }\n");
    }
}

static void put_agent(struct buffer *out, const struct old *old, const char *tier, const char *command)
{
    if (!command || !*command)
        return;
    buffer_printf(out, "    - { name: %s, command: [zsh, -lc, ", tier);
    put_text(out, command);
    buffer_printf(out, "], timeout: %llds, cooldown: %llds }\n", (long long)old->agent.timeout, (long long)old->escalation.agent_cooldown);
}

static void put_ladder(struct buffer *out, const struct old *old)
{
    const bool reached = (old->escalation.chat && *old->escalation.chat && old->escalation.secret && *old->escalation.secret) || old->escalation.recipient;
    const bool asked = (old->agent.cloud && *old->agent.cloud) || (old->agent.local && *old->agent.local);

    if (!reached && !asked)
        return;
    buffer_text(out, "\n# What is tried when nothing else has helped.\nladder:\n");
    if (asked)
        buffer_text(out, "  agents:\n");
    put_agent(out, old, "agent", old->agent.cloud);
    put_agent(out, old, "agent-fallback", old->agent.local);
    if (reached)
        buffer_printf(out, "  sos: { after: %llds, repeat: %llds }\n", (long long)old->escalation.after, (long long)old->escalation.sos_cooldown);
}

static void put_worker(struct buffer *out, const struct old *old)
{
    if (old->worker.command.n == 0)
        return;
    buffer_text(out, "\n# The worker, kept unless launchd keeps it. Its secrets: `secrets: { VARIABLE: NAME }`, with NAME under the `secrets:` of this file.\nprograms:\n"
                     "  worker:\n    command: ");
    put_texts(out, &old->worker.command);
    buffer_char(out, '\n');
    put_line(out, "    folder", old->worker.dir);
    buffer_text(out, "    env: { WORKER_ROLE: host }\n");
    put_line(out, "    env_file", old->worker.env_file);
    put_line(out, "    unless_loaded", old->worker.unless_loaded && *old->worker.unless_loaded ? old->worker.unless_loaded : NULL);
    if (old->worker.port > 0)
        buffer_printf(out, "    port: %lld\n", (long long)old->worker.port);
    if (old->worker.sync && old->worker.port > 0)
        buffer_printf(out, "    start_call: { method: PUT, url: \"http://127.0.0.1:%lld%s\", after: %llds, timeout: %llds }\n", (long long)old->worker.port, old->worker.sync,
                      (long long)old->worker.sync_delay, (long long)(old->worker.http_timeout > 0 ? old->worker.http_timeout : 1));
    if (old->worker.health && old->worker.port > 0)
        buffer_printf(out, "    health: { check: worker-health.alive, fail_after: %lld }\n", (long long)(old->worker.health_failures > 0 ? old->worker.health_failures : 1));
    buffer_printf(out, "    drain: %llds\n    restart: { longest: %llds }\n", (long long)old->worker.drain, (long long)(old->worker.backoff_max > 0 ? old->worker.backoff_max : 1));
    put_line(out, "    log", old->worker.log_out);
    put_line(out, "    log_errors", old->worker.log_err);
}

bool old_write(const struct old *old, const char *profile, const char *checks, struct buffer *out)
{
    buffer_text(out, "# What Talon watches on this host. `talon migrate` made this from the configuration of the old program; it is yours now.\n"
                     "# `talon validate` shows every mistake in it, `talon check` tries every check once; talon.yaml(5) explains every setting.\n\n"
                     "listen: ");
    put_text(out, old->health.bind);
    buffer_printf(out, "\ndefaults: { every: %llds }\n", (long long)(old->interval > 0 ? old->interval : 60));
    if (!put_vars(out, profile))
        return false;
    put_includes(out, checks);
    put_services(out, old);
    put_notify(out, old);
    put_ladder(out, old);
    put_worker(out, old);
    return true;
}

void old_tell_lost(const struct old *old, struct old_notes *notes)
{
    if (old->heal_script)
        old_note(notes, 1, 1, "`heal_script` is not carried: repair is done by runbooks, and what that script did is k8s-reboot-heal, which the checks of the cluster ask for");
    if (!old->health.enabled)
        old_note(notes, 1, 1, "`health.enabled = false` is not carried: Talon always answers, on loopback alone");
    old_note(notes, 1, 1,
             "the timeouts and counts of [probes] are not carried: each shipped check has its own, and a service fails when one of its checks has failed "
             "`fail_after` times in a row");
}
