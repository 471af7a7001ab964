/* Commands to the running daemon: see command.h. */
#include "cli/command.h"

#include "base/text.h"
#include "cli/cli.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE (15 * (uint64_t)NS_PER_S) /* the daemon gives a command up after 10 s, and says so */

enum { ANSWER_MAX = 64 << 20, FORBIDDEN = 403 };

/* ---- no answer */

static void name_user(uid_t user, char *out, size_t n)
{
    const struct passwd *entry = getpwuid(user);

    if (entry)
        snprintf(out, n, "%.60s", entry->pw_name);
    else
        snprintf(out, n, "with id %lu", (unsigned long)user);
}

/* Who may: the socket's owner, and its group where it has the right to write. */
static void tell_permission(const char *who, const char *socket)
{
    const struct group *group;
    char own[64], owner[64];
    struct stat st;

    name_user(geteuid(), own, sizeof own);
    if (stat(socket, &st) != 0) {
        fprintf(stderr, "%s: user %s may not use the control socket %s: its folder is closed to that user; do it as the user that the daemon runs as, or as root (sudo)\n", who,
                own, socket);
        return;
    }
    name_user(st.st_uid, owner, sizeof owner);
    group = (st.st_mode & S_IWGRP) != 0 ? getgrgid(st.st_gid) : NULL;
    if (group)
        fprintf(stderr, "%s: user %s may not use the control socket %s: only user %s, members of group %.60s and root may\n", who, own, socket, owner, group->gr_name);
    else
        fprintf(stderr, "%s: user %s may not use the control socket %s: only user %s and root may (`sudo -u %s %s`); `control.group` lets a group in\n", who, own, socket,
                owner, owner, who);
}

static void tell_silence(const char *who, const struct ask_place *place, int error, const char *why)
{
    if (error == EACCES || error == EPERM)
        tell_permission(who, place->control);
    else if (error == ENOENT || error == ECONNREFUSED)
        fprintf(stderr, "%s: no daemon runs with this configuration: nobody answers on %s; `talon run` starts one (--config FILE names another configuration)\n", who,
                place->control);
    else
        fprintf(stderr, "%s: the daemon cannot be asked on %s: %s\n", who, place->control, why);
}

/* ---- answers */

static bool is_expected(int http, const int *expected)
{
    for (; *expected != 0; expected++)
        if (*expected == http)
            return true;
    return http == 200;
}

static void tell_refusal(const char *who, const struct ask_place *place, int http, const cJSON *json)
{
    const cJSON *message = cJSON_GetObjectItemCaseSensitive(json, "message");

    if (cJSON_IsString(message))
        fprintf(stderr, "%s: %s\n", who, message->valuestring);
    else
        fprintf(stderr, "%s: what answers on %s is no talon, or another version (HTTP %d)\n", who, place->control, http);
}

int command_send(const char *who, const struct ask_place *place, const char *path, const char *said, const int *expected, struct buffer *body, cJSON **json)
{
    char endpoint[sizeof place->control + 8], why[256];
    int http;

    snprintf(endpoint, sizeof endpoint, "unix:%s", place->control);
    *json = NULL;
    http = ask_by("POST", endpoint, path, said, PATIENCE, body, why, sizeof why);
    if (http == 0) {
        tell_silence(who, place, errno, why);
        return 0;
    }
    *json = cJSON_ParseWithLength(buffer_string(body), body->len);
    if (*json && is_expected(http, expected))
        return http;
    tell_refusal(who, place, http, *json);
    cJSON_Delete(*json);
    *json = NULL;
    return 0;
}

int command_try(const struct ask_place *place, const char *path, const char *endpoint_path, struct buffer *body, cJSON **json, char *why, size_t why_size)
{
    char control[sizeof place->control + 8];
    int http = 0;

    snprintf(control, sizeof control, "unix:%s", place->control);
    if (path)
        http = ask_get(control, path, ASK_PATIENCE, body, why, why_size);
    if ((http == 0 || http == FORBIDDEN) && endpoint_path) { /* this user may not, or the loop stands still: the endpoint answers all the same */
        buffer_clear(body);
        http = ask_get(place->endpoint, endpoint_path, path ? ASK_PATIENCE : PATIENCE, body, why, why_size);
    }
    *json = http == 0 ? NULL : cJSON_ParseWithLength(buffer_string(body), body->len);
    return http;
}

int command_get(const char *who, const struct ask_place *place, const char *path, const char *endpoint_path, struct buffer *body, cJSON **json)
{
    char why[256];
    const int http = command_try(place, path, endpoint_path, body, json, why, sizeof why);

    if (http == 200 && *json)
        return http;
    if (http == 0)
        fprintf(stderr, "%s: no daemon answers on %s (%s); `talon run` starts one\n", who, endpoint_path ? place->endpoint : place->control, why);
    else
        tell_refusal(who, place, http, *json);
    cJSON_Delete(*json);
    *json = NULL;
    return 0;
}

/* ---- talon plugin clear */

int command_clear(const char *config, const char *plugin)
{
    static const char who[] = "talon plugin clear";
    struct buffer body = buffer_make(ANSWER_MAX);
    struct ask_place place;
    char path[256];
    cJSON *json = NULL;
    int http;

    if (!text_is_name(plugin)) {
        fprintf(stderr, "%s: there is no plugin named %s; `talon plugin list` shows those that there are\n", who, plugin);
        return CLI_UNKNOWN;
    }
    ask_find(config, &place);
    snprintf(path, sizeof path, "/v1/plugins/%.100s/clear", plugin);
    http = command_send(who, &place, path, NULL, (const int[]){ 0 }, &body, &json);
    if (http == 200 && cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "was_quarantined")))
        printf("plugin %s is out of quarantine and is started again\n", plugin);
    else if (http == 200)
        printf("plugin %s was in no quarantine\n", plugin);
    cJSON_Delete(json);
    buffer_free(&body);
    return http == 200 ? CLI_OK : CLI_UNKNOWN;
}
