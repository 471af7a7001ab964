/*
 * The folder of a Lima instance: the pid files of the host agent and of the driver, which are what Lima itself judges by, and the agent's two logs, which tell
 * what pid files cannot: whether the start was ever finished, and whether the end was asked for. Both logs begin anew with each start.
 */
#include "colima.h"

#include "kit/json.h"
#include "kit/moment.h"
#include "kit/text_file.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { PID = 64, CONFIGURATION = 1 << 20, LOG = 65536, WORDS = 200, CLOCK_STEP = 60, MOST_LINES = 4000 };

/* ---- pid files */

static void look_at_process(struct talon_run *run, const char *folder, const char *name, struct lima_process *process)
{
    struct text_file file;
    char *end;
    long pid;

    *process = (struct lima_process){ .pid = 0 };
    if (!text_file_read(run, talon_text(run, "%s/%s.pid", folder, name), PID, 0, &file))
        return;
    pid = strtol(file.text, &end, 10);
    if (pid <= 0 || pid > INT32_MAX || (*end && *end != '\n'))
        return;
    process->pid = (pid_t)pid;
    process->since = file.modified;
    /* A number from before the machine was started is another process' by now. */
    process->alive = (kill(process->pid, 0) == 0 || errno == EPERM) && file.modified >= colima_boot_time() - CLOCK_STEP;
}

/* The driver's name is the instance's `vmType`, or that of a driver whose pid file is there. */
static const char *driver_of(struct talon_run *run, const char *folder)
{
    static const char *const known[] = { "vz", "qemu", "krunkit", "wsl2" };
    struct text_file file;
    struct stat st;
    const char *at, *line;
    size_t n;

    if (text_file_read(run, talon_text(run, "%s/lima.yaml", folder), CONFIGURATION, 0, &file))
        for (at = file.text; (line = text_file_line(&at, file.text + file.n, &n)) != NULL;)
            if (n > 8 && memcmp(line, "vmType:", 7) == 0) {
                const size_t from = 7 + strspn(line + 7, " \t\"'"), length = strcspn(line + from, " \t\"'\r\n#");

                if (from < n && length > 0 && length < 32 && !memchr(line + from, '/', length))
                    return talon_text(run, "%.*s", (int)length, line + from);
            }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (stat(talon_text(run, "%s/%s.pid", folder, known[i]), &st) == 0)
            return known[i];
    return known[0];
}

/* ---- logs */

static void take_errors(struct talon_run *run, const cJSON *status, struct lima *lima)
{
    const cJSON *errors = json_at(status, "errors"), *error;

    lima->errors = "";
    if (cJSON_IsArray(errors))
        cJSON_ArrayForEach(error, errors)
            if (cJSON_IsString(error) && !*lima->errors)
                lima->errors = talon_quote(run, error->valuestring, strlen(error->valuestring), WORDS);
}

/* One event, {"time":..., "status":{"running":true, ...}}; of a forwarded port it says nothing of the whole. */
static void take_event(struct talon_run *run, const cJSON *event, struct lima *lima)
{
    const cJSON *status = json_at(event, "status");

    if (json_is_true(status, "running")) {
        lima->running = 1;
        lima->degraded = json_is_true(status, "degraded");
        take_errors(run, status, lima);
    }
    if (json_is_true(status, "exiting")) {
        lima->exiting = 1;
        moment_rfc3339(json_string(event, "time", ""), &lima->exiting_at);
    }
}

/* One line of its log, {"level":..., "msg":..., "time":...}. */
static void take_line(struct talon_run *run, const cJSON *line, struct lima *lima)
{
    const char *text = json_string(line, "msg", ""), *waits = strstr(text, "Waiting for the ");

    if (waits)
        lima->waits_for = talon_quote(run, waits + 16, strlen(waits + 16), WORDS);
    if (strncmp(text, "Received ", 9) == 0 && strstr(text, "shutting down the host agent"))
        moment_rfc3339(json_string(line, "time", ""), &lima->signalled_at);
    if (strncmp(text, "Driver stopped due to error", 27) == 0 || strncmp(text, "QEMU has exited", 15) == 0)
        lima->crash = talon_quote(run, text, strlen(text), WORDS);
}

static void look_at_log(struct talon_run *run, const char *path, struct lima *lima, void (*take)(struct talon_run *, const cJSON *, struct lima *))
{
    const char *at, *line, *problem;
    struct text_file file;
    const cJSON *json;
    size_t n;

    if (!text_file_read(run, path, LOG, 1, &file))
        return;
    at = file.text;
    for (int i = 0; i < MOST_LINES && (line = text_file_line(&at, file.text + file.n, &n)) != NULL; i++)
        if (n > 0 && *line == '{' && (json = json_parse(run, line, n, &problem)) != NULL)
            take(run, json, lima);
    if (file.cut && take == take_event) /* its start lies so far back that it must have ended */
        lima->running = 1;
}

int lima_look(struct talon_run *run, const char *folder, struct lima *lima)
{
    struct stat st;

    *lima = (struct lima){ .errors = "", .waits_for = "", .crash = "" };
    if (stat(folder, &st) != 0)
        return 0;
    if (!S_ISDIR(st.st_mode)) {
        errno = ENOTDIR;
        return 0;
    }
    lima->driver_name = driver_of(run, folder);
    look_at_process(run, folder, "ha", &lima->agent);
    look_at_process(run, folder, lima->driver_name, &lima->driver);
    look_at_log(run, talon_text(run, "%s/ha.stdout.log", folder), lima, take_event);
    look_at_log(run, talon_text(run, "%s/ha.stderr.log", folder), lima, take_line);
    return 1;
}
