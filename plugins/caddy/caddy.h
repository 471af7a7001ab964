/* What the files of the plugin `caddy` share: its two operations, each in a file of its own. */
#ifndef CADDY_H
#define CADDY_H

#include <talon/plugin.h>

struct caddy_config_conf {
    const char *url, *unix_path;
    const char *const *listens;
    int64_t warn_fails;
};

struct caddy_route_tls {
    const char *ca, *server_name;
    int32_t insecure;
};

struct caddy_route_conf {
    const char *url, *connect_to;
    struct caddy_route_tls tls;
    uint64_t warn_expiry, fail_expiry;
    int32_t upstream;
};

extern const struct talon_option caddy_config_options[], caddy_route_options[];
extern const struct talon_metric caddy_config_metrics[], caddy_route_metrics[];
int caddy_config_validate(const void *given, struct talon_problem *problem);
int caddy_route_validate(const void *given, struct talon_problem *problem);
void caddy_config_start(struct talon_run *run);
void caddy_route_start(struct talon_run *run);

#endif
