/*
 * The operation `docker.container`: one inspection of one container. The list of all containers, one for all checks, would say too little: neither exit
 * code nor restarts, nor what the kernel did.
 */
#include "docker.h"

#include <stdlib.h>

const char *const docker_policies[] = { "any", "no", "always", "unless-stopped", "on-failure", NULL };

const struct talon_option docker_container_options[] = {
    { .name = "socket",
      TALON_PATH_AT(struct docker_container_conf, place.socket),
      .fallback = "/var/run/docker.sock",
      .help = "The engine's unix socket." },
    { .name = "name", TALON_STRING_AT(struct docker_container_conf, name), .flags = TALON_REQUIRED, .help = "The container, by its name." },
    { .name = "for",
      TALON_DURATION_AT(struct docker_container_conf, for_ns),
      .fallback = "10s",
      .help = "One that has run for less is starting: Docker itself takes a restart for a success after ten seconds." },
    { .name = "restart_policy",
      TALON_ENUM_AT(struct docker_container_conf, restart_policy),
      .choices = docker_policies,
      .fallback = "any",
      .help = "Another restart policy than this is a warning." },
    { .name = "memory",
      TALON_SIZE_AT(struct docker_container_conf, memory),
      .fallback = "0",
      .help = "Another bound of its memory than this is a warning; 0: whatever it is." },
    { .name = "forbid_ports",
      TALON_LIST_AT(struct docker_container_conf, forbid_ports),
      .help = "Ports of it (`8080/tcp`) that must not be published: others want them on the host." },
    { .name = NULL },
};

const struct talon_metric docker_container_metrics[] = {
    { .name = "uptime", .unit = "s", .help = "Since it was started, by the engine's clock." },
    { .name = "restarts", .unit = "", .help = "How often Docker has restarted it." },
    { .name = "exit_code", .unit = "", .help = "Of one that does not run." },
    { .name = "health_failures", .unit = "", .help = "Health checks that failed in a row." },
    { .name = NULL },
};

/* ---- options */

static int is_port(const char *text)
{
    char *end;
    const unsigned long port = strtoul(text, &end, 10);

    return *text >= '1' && *text <= '9' && port < 65536 && (strcmp(end, "/tcp") == 0 || strcmp(end, "/udp") == 0 || strcmp(end, "/sctp") == 0);
}

int docker_container_validate(const void *given, struct talon_problem *problem)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    const struct docker_container_conf *conf = given;
    const char *const *port = conf->forbid_ports;

    problem->option = "name";
    if (!*conf->name || conf->name[strspn(conf->name, allowed)] || strchr("_.-", *conf->name) || strlen(conf->name) > 128) {
        snprintf(problem->text, sizeof problem->text, "is no name of a container: it has letters, digits, and `_`, `.`, `-` between them");
        return 1;
    }
    problem->option = "forbid_ports";
    for (; port && *port; port++)
        if (!is_port(*port)) {
            snprintf(problem->text, sizeof problem->text, "\"%.40s\" is no port of a container: write 8080/tcp", *port);
            return 1;
        }
    return 0;
}

/* ---- the question */

void docker_container_setup(struct talon_run *instance)
{
    ((struct docker_self *)instance->state)->restarts = -1;
}

static void inspected(struct talon_run *run, void *arg, const struct talon_response *got)
{
    const struct docker_container_conf *conf = run->conf;
    const cJSON *container;

    (void)arg;
    if (!got->error.code && got->status == 404) {
        talon_done(run, TALON_FAIL, "docker.missing", "there is no container %s: it was removed, or never made", conf->name);
        return;
    }
    container = docker_json(run, got);
    if (container)
        docker_judge(run, got, container);
}

void docker_container_start(struct talon_run *run)
{
    const struct docker_container_conf *conf = run->conf;

    docker_get(run, talon_text(run, "/containers/%s/json", conf->name), inspected);
    docker_follow(run, conf->name);
}
