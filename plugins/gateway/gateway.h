/* What the files of the plugin `gateway` share: its operations, each in a file of its own. */
#ifndef GATEWAY_H
#define GATEWAY_H

#include <talon/plugin.h>

struct gateway_health_conf {
    const char *url;
    const char *const *channels;
};

struct gateway_channel_conf {
    const char *url;
};

struct gateway_heartbeat_conf {
    const char *pid_file, *heartbeat_file;
    uint64_t max_age;
    int32_t stale;
};

enum { GATEWAY_STALE_WARN, GATEWAY_STALE_FAIL };

extern const struct talon_option gateway_health_options[], gateway_channel_options[], gateway_heartbeat_options[];
extern const struct talon_metric gateway_health_metrics[], gateway_channel_metrics[], gateway_heartbeat_metrics[];
int gateway_health_validate(const void *given, struct talon_problem *problem);
int gateway_channel_validate(const void *given, struct talon_problem *problem);
void gateway_health_start(struct talon_run *run);
void gateway_channel_start(struct talon_run *run);
void gateway_heartbeat_start(struct talon_run *run);

#endif
