/*
 * Was a container stopped by hand? One that ended well, by SIGTERM or by SIGKILL (but not for want of memory) may have been. Its restart policy often tells:
 * what Docker would have restarted after any other end was stopped by somebody. Where it does not, Docker's memory of its events is asked for the act, and
 * the answer is kept, because that memory holds the last few hundred events only.
 */
#include "docker.h"

#include "kit/moment.h"

enum { MARK = 160, MOST_EVENTS = 1000 };

struct ended {
    const char *how;   /* for the summary */
    char mark[MARK];   /* which end of which container */
};

static void by_hand(struct talon_run *run, const char *how)
{
    talon_done(run, TALON_STOPPED, "stopped.by_hand", "was stopped by hand: %s", how);
}

static void ended_by_itself(struct talon_run *run, const char *how)
{
    talon_done(run, TALON_FAIL, "docker.exited", "has ended: %s; nobody was seen to stop it", how);
}

static const char *signal_of(const cJSON *event)
{
    return json_string(event, "Actor.Attributes.signal", "");
}

/* Does one of these lines say that somebody stopped it? */
static int shows_act(struct talon_run *run, const char *bytes, size_t n)
{
    const char *problem, *end = bytes + n;

    for (int i = 0; i < MOST_EVENTS && bytes < end; i++) {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes)), *stop = newline ? newline : end;
        const cJSON *event = json_parse(run, bytes, (size_t)(stop - bytes), &problem);
        const char *action = json_string(event, "Action", "");

        if (strcmp(action, "stop") == 0)
            return 1;
        if (strcmp(action, "kill") == 0 && (strcmp(signal_of(event), "9") == 0 || strcmp(signal_of(event), "15") == 0))
            return 1;
        bytes = newline ? newline + 1 : end;
    }
    return 0;
}

static void remembered(struct talon_run *run, void *arg, const struct talon_response *got)
{
    const struct ended *ended = arg;

    if (got->error.code || got->status != 200) {
        docker_refused(run, got);
    } else if (shows_act(run, got->body, got->body_len)) {
        run->host->save(run->instance, ended->mark, strlen(ended->mark));
        by_hand(run, ended->how);
    } else {
        ended_by_itself(run, ended->how);
    }
}

/* Asks for acts between its start and now, which ends the answer at once. */
static void ask_events(struct talon_run *run, const cJSON *container, struct ended *ended)
{
    const struct docker_container_conf *conf = run->conf;
    int64_t started = 0, finished = 0;

    moment_rfc3339(json_string(container, "State.StartedAt", ""), &started);
    moment_rfc3339(json_string(container, "State.FinishedAt", ""), &finished);
    run->host->http(run,
                    TALON_REQUEST(talon_http, .flags = TALON_HTTP_1, .unix_path = conf->place.socket, .max_body = 1 << 20,
                                  .url = talon_text(run,
                                                    "http://docker/events?since=%lld&until=%lld&filters=%%7B%%22container%%22%%3A%%5B%%22%s%%22%%5D%%2C"
                                                    "%%22event%%22%%3A%%5B%%22kill%%22%%2C%%22stop%%22%%5D%%7D",
                                                    (long long)(started / 1000000000), (long long)(finished / 1000000000) + 2, conf->name)),
                    remembered, ended);
}

void docker_judge_stopped(struct talon_run *run, const cJSON *container, const char *how)
{
    const char *policy = json_string(container, "HostConfig.RestartPolicy.Name", "");
    const double code = json_number(container, "State.ExitCode", 0), most = json_number(container, "HostConfig.RestartPolicy.MaximumRetryCount", 0);
    struct ended *ended = run->host->alloc(run, sizeof *ended);
    char before[MARK] = "";

    ended->how = talon_text(run, "%s", how);
    snprintf(ended->mark, sizeof ended->mark, "%s %s", json_string(container, "Id", ""), json_string(container, "State.FinishedAt", ""));
    if (strcmp(policy, "always") == 0 || strcmp(policy, "unless-stopped") == 0)
        by_hand(run, how);
    else if (strcmp(policy, "on-failure") == 0 && code > 0 && most >= 1 && json_number(container, "RestartCount", 0) >= most)
        talon_done(run, TALON_FAIL, "docker.exited", "has ended: %s; Docker gave up after %.0f restarts", how, most);
    else if (strcmp(policy, "on-failure") == 0 && code > 0)
        by_hand(run, how);
    else if (run->host->recall(run->instance, before, sizeof before - 1) > 0 && strcmp(before, ended->mark) == 0)
        by_hand(run, how);
    else
        ask_events(run, container, ended);
}
