/*
 * The operation `docker.engine`: /_ping, which a living engine answers at once; then /version and /info, which pass through more of it (containerd, the
 * storage driver) and hang where those do.
 */
#include "docker.h"

enum { WARNINGS = 10 };

const struct talon_option docker_engine_options[] = {
    { .name = "socket",
      TALON_PATH_AT(struct docker_engine_conf, place.socket),
      .fallback = "/var/run/docker.sock",
      .help = "The engine's unix socket." },
    { .name = "min_cpus",
      TALON_INT_AT(struct docker_engine_conf, min_cpus),
      .max = 4096,
      .fallback = "0",
      .help = "Fewer processors are a failure: its machine lost some, and containers that want them cannot start. 0: never." },
    { .name = "min_memory",
      TALON_SIZE_AT(struct docker_engine_conf, min_memory),
      .fallback = "0",
      .help = "Less memory of its machine is a failure, 5 % below being allowed for the kernel's share. 0: never." },
    { .name = NULL },
};

const struct talon_metric docker_engine_metrics[] = {
    { .name = "time", .unit = "s", .help = "How long the engine took to answer /_ping." },
    { .name = "running", .unit = "", .help = "Containers that run." },
    { .name = "paused", .unit = "", .help = "Containers that are paused." },
    { .name = "stopped", .unit = "", .help = "Containers that do not run." },
    { .name = "cpus", .unit = "", .help = "Processors of its machine." },
    { .name = "memory", .unit = "B", .help = "Memory of its machine." },
    { .name = NULL },
};

/* The engine's own words about what is set up badly, as one detail. */
static void tell_warnings(struct talon_run *run, const cJSON *info)
{
    const cJSON *warnings = json_at(info, "Warnings"), *warning;
    const char *text = "";
    int n = 0;

    if (!cJSON_IsArray(warnings))
        return;
    cJSON_ArrayForEach(warning, warnings)
        if (cJSON_IsString(warning) && n++ < WARNINGS)
            text = talon_text(run, "%s%s%s", text, *text ? "; " : "", talon_quote(run, warning->valuestring, strlen(warning->valuestring), 200));
    if (*text)
        run->host->detail(run, "warnings", text);
}

static void tell_number(struct talon_run *run, const cJSON *info, const char *path, const char *metric, const char *unit)
{
    const double value = json_number(info, path, -1);

    if (value >= 0)
        run->host->metric(run, metric, value, unit);
}

static void tell_info(struct talon_run *run, const cJSON *info)
{
    static const char *const shown[][2] = {
        { "Driver", "storage_driver" }, { "OperatingSystem", "system" }, { "KernelVersion", "kernel" }, { "Name", "machine" }
    };

    tell_number(run, info, "ContainersRunning", "running", "");
    tell_number(run, info, "ContainersPaused", "paused", "");
    tell_number(run, info, "ContainersStopped", "stopped", "");
    tell_number(run, info, "NCPU", "cpus", "");
    tell_number(run, info, "MemTotal", "memory", "B");
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        const char *text = json_string(info, shown[i][0], "");

        if (*text)
            run->host->detail(run, shown[i][1], talon_quote(run, text, strlen(text), 100));
    }
    run->host->detail(run, "live_restore", json_is_true(info, "LiveRestoreEnabled") ? "on: containers outlive a restart of Docker" : "off");
    tell_warnings(run, info);
}

/* Ends the run when the machine has less than it should; 0: it has not. */
static int is_small(struct talon_run *run, const cJSON *info)
{
    const struct docker_engine_conf *conf = run->conf;
    const double cpus = json_number(info, "NCPU", 0), memory = json_number(info, "MemTotal", 0);

    if (conf->min_cpus > 0 && cpus < (double)conf->min_cpus)
        talon_done(run, TALON_FAIL, "docker.small", "its machine has %.0f CPUs, expected %lld: containers that want more cannot start", cpus,
                   (long long)conf->min_cpus);
    else if (conf->min_memory > 0 && memory < 0.95 * (double)conf->min_memory)
        talon_done(run, TALON_FAIL, "docker.small", "its machine has %s of memory, expected %s", talon_show_size(run, memory),
                   talon_show_size(run, (double)conf->min_memory));
    else
        return 0;
    return 1;
}

/* The answer behind the ping. NULL: there is none, and the run has ended with why. */
static const cJSON *deeper(struct talon_run *run, const struct talon_response *got, const char *path)
{
    if (got->error.code != TALON_E_TIMEOUT)
        return docker_json(run, got);
    talon_done(run, TALON_FAIL, got->error.token, "Docker answers its ping, but not %s: what it stands on (containerd, its storage) hangs", path);
    return NULL;
}

static void informed(struct talon_run *run, void *arg, const struct talon_response *got)
{
    const cJSON *info = deeper(run, got, "/info");
    const char *version;

    (void)arg;
    if (!info)
        return;
    tell_info(run, info);
    version = json_string(info, "ServerVersion", "");
    if (!is_small(run, info))
        talon_done(run, TALON_OK, "docker.ok", "Docker %s runs %.0f containers", talon_quote(run, version, strlen(version), 40),
                   json_number(info, "ContainersRunning", 0));
}

static void versioned(struct talon_run *run, void *arg, const struct talon_response *got)
{
    const cJSON *version = deeper(run, got, "/version");
    const char *api = json_string(version, "ApiVersion", "");

    (void)arg;
    if (!version)
        return;
    run->host->detail(run, "api", talon_quote(run, api, strlen(api), 40));
    docker_get(run, "/info", informed);
}

static void pinged(struct talon_run *run, void *arg, const struct talon_response *got)
{
    (void)arg;
    if (got->error.code || got->status != 200) {
        docker_refused(run, got);
        return;
    }
    run->host->metric(run, "time", (double)got->total_ns / 1e9, "s");
    if (got->body_len != 2 || memcmp(got->body, "OK", 2) != 0) {
        talon_done(run, TALON_FAIL, "protocol.bad", "/_ping is answered with \"%s\" instead of OK: that is no Docker",
                   talon_quote(run, got->body, got->body_len, 80));
        return;
    }
    docker_get(run, "/version", versioned);
}

void docker_engine_start(struct talon_run *run)
{
    docker_get(run, "/_ping", pinged);
    docker_follow(run, NULL);
}
