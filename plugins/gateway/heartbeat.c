/*
 * The operation `gateway.heartbeat`: is the process of the pid file there, and has it written its heartbeat lately? The gateway's slim form has no HTTP, so
 * this is all that can be asked of it. The heartbeat also rests while the gateway sleeps by its own settings, so a stale one alone is a warning unless asked
 * otherwise.
 */
#include "gateway.h"
#include "kit/text_file.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/types.h>

enum { MOST = 4096 };

#define NS_PER_MS INT64_C(1000000)
#define MOST_SECONDS INT64_C(9000000000) /* a file may claim to be of any time */
#define AHEAD_NS (INT64_C(300) * 1000000000) /* a heartbeat further in the future is none */

static const char *const choices[] = { "warn", "fail", NULL };

const struct talon_option gateway_heartbeat_options[] = {
    { .name = "pid_file",
      TALON_PATH_AT(struct gateway_heartbeat_conf, pid_file),
      .flags = TALON_REQUIRED,
      .help = "The file with the number of its process." },
    { .name = "heartbeat_file",
      TALON_PATH_AT(struct gateway_heartbeat_conf, heartbeat_file),
      .flags = TALON_REQUIRED,
      .help = "The file in which `lastHeartbeatTs = MILLISECONDS` is written." },
    { .name = "max_age",
      TALON_DURATION_AT(struct gateway_heartbeat_conf, max_age),
      .fallback = "30m",
      .help = "An older heartbeat is stale; a process may take so long for its first." },
    { .name = "stale",
      TALON_ENUM_AT(struct gateway_heartbeat_conf, stale),
      .choices = choices,
      .fallback = "warn",
      .help = "What a stale heartbeat of a process that lives is: it also rests in the gateway's sleep." },
    { .name = NULL },
};

const struct talon_metric gateway_heartbeat_metrics[] = {
    { .name = "pid", .unit = "", .help = "Its process." },
    { .name = "heartbeat_age", .unit = "s", .help = "Since its last heartbeat." },
    { .name = NULL },
};

/* Ends the run of a file that cannot be read; `meaning` says what it means that there is none. */
static void unreadable(struct talon_run *run, const char *path, const struct text_file *file, const char *meaning)
{
    if (file->os == ENOENT || file->os == ENOTDIR)
        talon_done(run, TALON_FAIL, "file.missing", "%s does not exist: %s", path, meaning);
    else if (file->os == EACCES || file->os == EPERM)
        talon_done(run, TALON_UNKNOWN, "file.denied", "%s: not permitted to us: %s", path, strerror(file->os));
    else
        talon_done(run, TALON_FAIL, "file.error", "%s: %s", path, file->os == EINVAL ? "it is no regular file" : strerror(file->os));
}

/* Its first heartbeat may be to come: the pid file was written as it began. */
static int is_young(struct talon_run *run, int64_t pid_written)
{
    const int64_t age = run->host->unix_ns(run) - (pid_written < MOST_SECONDS ? pid_written : MOST_SECONDS) * 1000000000;

    return age < 0 || (uint64_t)age < ((const struct gateway_heartbeat_conf *)run->conf)->max_age;
}

static void just_begun(struct talon_run *run, long pid)
{
    talon_done(run, TALON_STARTING, "starting", "process %ld has just begun, its first heartbeat is to come", pid);
}

/* 1: it lives, also where it is another user's; -1: it has ended; 0: the file holds no number of a process. */
static int is_alive(const char *text, long *pid)
{
    char *end;

    errno = 0;
    *pid = strtol(text, &end, 10);
    if (end == text || errno || *pid <= 1 || *pid > INT32_MAX || end[strspn(end, " \t\r\n")])
        return 0;
    return kill((pid_t)*pid, 0) == 0 || errno == EPERM ? 1 : -1;
}

/* The number behind `lastHeartbeatTs =`, in ns. 0: there is none. */
static int64_t read_heartbeat(const char *text)
{
    static const char name[] = "lastHeartbeatTs";
    const char *at = strstr(text, name);
    char *end;
    long long ms;

    if (!at)
        return 0;
    at += sizeof name - 1;
    at += strspn(at, " \t");
    if (*at != '=')
        return 0;
    errno = 0;
    ms = strtoll(at + 1, &end, 10);
    return end == at + 1 || errno || ms <= 0 || ms > INT64_MAX / NS_PER_MS ? 0 : ms * NS_PER_MS;
}

static void judge_heartbeat(struct talon_run *run, long pid, int64_t pid_written, const struct text_file *file)
{
    const struct gateway_heartbeat_conf *conf = run->conf;
    const int64_t now = run->host->unix_ns(run), beat = read_heartbeat(file->text), age = now - beat;
    const char *shown = talon_show_time(run, age > 0 ? (uint64_t)age : 0);

    if (beat)
        run->host->metric(run, "heartbeat_age", (double)age / 1e9, "s");
    if (!beat)
        talon_done(run, TALON_FAIL, "gateway.heartbeat", "%s holds no heartbeat", conf->heartbeat_file);
    else if (age < -AHEAD_NS)
        talon_done(run, TALON_FAIL, "gateway.heartbeat", "the heartbeat is %s in the future: is the clock right?", talon_show_time(run, (uint64_t)-age));
    else if (age < 0 || (uint64_t)age < conf->max_age)
        talon_done(run, TALON_OK, "gateway.ok", "process %ld lives, its last heartbeat was %s ago", pid, shown);
    else if (is_young(run, pid_written))
        just_begun(run, pid);
    else
        talon_done(run, conf->stale == GATEWAY_STALE_FAIL ? TALON_FAIL : TALON_WARN, "gateway.heartbeat",
                   "process %ld lives, but its last heartbeat was %s ago, expected within %s", pid, shown, talon_show_time(run, conf->max_age));
}

void gateway_heartbeat_start(struct talon_run *run)
{
    const struct gateway_heartbeat_conf *conf = run->conf;
    struct text_file pid_file, heartbeat;
    long pid = 0;
    int alive;

    if (!text_file_read(run, conf->pid_file, MOST, 0, &pid_file)) {
        unreadable(run, conf->pid_file, &pid_file, "the gateway does not run");
        return;
    }
    alive = is_alive(pid_file.text, &pid);
    if (alive != 0)
        run->host->metric(run, "pid", (double)pid, "");
    if (alive == 0)
        talon_done(run, TALON_FAIL, "gateway.pid", "%s holds no number of a process", conf->pid_file);
    else if (alive < 0)
        talon_done(run, TALON_FAIL, "gateway.pid", "process %ld of %s has ended", pid, conf->pid_file);
    else if (text_file_read(run, conf->heartbeat_file, MOST, 0, &heartbeat))
        judge_heartbeat(run, pid, pid_file.modified, &heartbeat);
    else if (heartbeat.os == ENOENT && is_young(run, pid_file.modified))
        just_begun(run, pid);
    else
        unreadable(run, conf->heartbeat_file, &heartbeat, "the gateway's process lives, but has written no heartbeat");
}
