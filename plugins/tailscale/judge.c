/* Judges what tailscaled says of itself: the state of its backend, whether it is connected to its tailnet, its key, the peers that matter, and its warnings. */
#include "kit/moment.h"
#include "tailscale.h"

#include <strings.h>

enum { WORDS = 120 };

#define NS_PER_S 1e9

static const char *word(struct talon_run *run, const char *text)
{
    return talon_quote(run, text, strlen(text), WORDS);
}

/* ---- the backend. 1: the run has ended */

static int judge_backend(struct talon_run *run, const cJSON *status)
{
    static const struct {
        const char *state;
        enum talon_status status;
        const char *reason, *sentence;
    } states[] = {
        { "Starting", TALON_STARTING, "starting", "Tailscale is starting" },
        { "NoState", TALON_STARTING, "starting", "tailscaled has started and does not know its state yet" },
        { "Stopped", TALON_STOPPED, "stopped.by_hand", "Tailscale is switched off (tailscale down)" },
        { "NeedsLogin", TALON_FAIL, "tailscale.login", "Tailscale is logged out: a person must log in" },
        { "NeedsMachineAuth", TALON_FAIL, "tailscale.approval", "an administrator of the tailnet must approve this machine" },
        { "InUseOtherUser", TALON_FAIL, "tailscale.other_user", "another user of this machine uses Tailscale" },
    };
    const char *state = json_string(status, "BackendState", "");

    run->host->detail(run, "state", word(run, state));
    if (strcmp(state, "Running") == 0)
        return 0;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strcmp(states[i].state, state) == 0) {
            talon_done(run, states[i].status, states[i].reason, "%s", states[i].sentence);
            return 1;
        }
    if (*state)
        talon_done(run, TALON_UNKNOWN, "tailscale.state", "tailscaled calls its state \"%s\", which is not known here", word(run, state));
    else
        talon_done(run, TALON_FAIL, "protocol.bad", "the answer does not say in which state Tailscale is");
    return 1;
}

/* Seconds until the key expires. 0: it never does, or that is not said. */
static int key_left(struct talon_run *run, const cJSON *status, double *left)
{
    int64_t end;

    if (!moment_rfc3339(json_string(status, "Self.KeyExpiry", ""), &end))
        return 0;
    *left = (double)(end - run->host->unix_ns(run)) / NS_PER_S;
    return 1;
}

static int judge_self(struct talon_run *run, const cJSON *status)
{
    double left;
    const int dated = key_left(run, status, &left);

    if (dated)
        run->host->metric(run, "key_expires_in", left, "s");
    if (json_is_true(status, "Self.Expired") || (dated && left <= 0))
        talon_done(run, TALON_FAIL, "tailscale.expired", "the key of this machine has expired: a person must log in again");
    else if (!json_is_true(status, "Self.Online"))
        talon_done(run, TALON_FAIL, "tailscale.offline", "Tailscale runs, but is not connected to its coordination server");
    else
        return 0;
    return 1;
}

/* ---- peers */

/* "nas" or "nas.tailnet.ts.net" of "nas.tailnet.ts.net."; names of hosts know no case. */
static int is_called(const cJSON *peer, const char *name)
{
    const char *dns = json_string(peer, "DNSName", ""), *host = json_string(peer, "HostName", "");
    const size_t n = strlen(name);

    if (strcasecmp(host, name) == 0)
        return 1;
    return strncasecmp(dns, name, n) == 0 && (dns[n] == '\0' || dns[n] == '.') && (strchr(name, '.') == NULL || dns[n] == '\0' || dns[n + 1] == '\0');
}

/* Of several machines of one name one that is online is meant. */
static const cJSON *find_peer(const cJSON *status, const char *name)
{
    const cJSON *peer, *found = NULL;

    cJSON_ArrayForEach(peer, json_at(status, "Peer"))
        if (is_called(peer, name) && (!found || json_is_true(peer, "Online")))
            found = peer;
    return found;
}

static const char *last_seen(struct talon_run *run, const cJSON *peer)
{
    int64_t seen;
    int64_t now = run->host->unix_ns(run);

    if (!moment_rfc3339(json_string(peer, "LastSeen", ""), &seen) || seen > now)
        return "";
    return talon_text(run, ", last seen %s ago", talon_show_time(run, (uint64_t)(now - seen)));
}

static int judge_peers(struct talon_run *run, const cJSON *status)
{
    const struct tailscale_conf *conf = run->conf;
    unsigned bad = 0;
    const char *first = "";

    for (size_t i = 0; conf->peers && conf->peers[i]; i++) {
        const cJSON *peer = find_peer(status, conf->peers[i]);

        if (peer && json_is_true(peer, "Online"))
            continue;
        if (bad++ == 0)
            first = peer ? talon_text(run, "%s is offline%s", conf->peers[i], last_seen(run, peer))
                         : talon_text(run, "%s is not in the tailnet", conf->peers[i]);
    }
    run->host->metric(run, "peers_offline", bad, "");
    if (bad == 0)
        return 0;
    talon_done(run, TALON_FAIL, "tailscale.peer", bad == 1 ? "%s" : "%s, and %u more of the peers that must be online", first, bad - 1);
    return 1;
}

int tailscale_judge(struct talon_run *run, const cJSON *status)
{
    return judge_backend(run, status) || judge_self(run, status) || judge_peers(run, status);
}

/* ---- what is left */

void tailscale_conclude(struct talon_run *run, const cJSON *status, const char *reached)
{
    const struct tailscale_conf *conf = run->conf;
    const cJSON *health = json_at(status, "Health"), *warning = cJSON_IsArray(health) ? cJSON_GetArrayItem(health, 0) : NULL;
    const char *name = json_string(status, "Self.DNSName", json_string(status, "Self.HostName", "this machine"));
    const size_t n = strlen(name);
    double left;

    name = talon_quote(run, name, n > 0 && name[n - 1] == '.' ? n - 1 : n, WORDS);
    if (conf->warn_expiry && key_left(run, status, &left) && left < (double)conf->warn_expiry / NS_PER_S)
        talon_done(run, TALON_WARN, "tailscale.expiry", "%s is online, but its key expires in %s", name, talon_show_time(run, (uint64_t)(left * NS_PER_S)));
    else if (conf->health && cJSON_IsString(warning) && *warning->valuestring)
        talon_done(run, TALON_WARN, "tailscale.health", "%s is online, but Tailscale warns: %s", name, word(run, warning->valuestring));
    else
        talon_done(run, TALON_OK, "tailscale.ok", "%s is online as %s%s", name, word(run, json_string(status, "Self.TailscaleIPs.0", "?")), reached);
}
