/* The check types of `gateway`, a daemon between people's channels and an agent: what it says of itself, of one channel, and the files of its transport. */
#include "gateway.h"

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .name = "health",
      .summary = "Asks the gateway how it, its session and its channels do.",
      .options = gateway_health_options,
      .metrics = gateway_health_metrics,
      .conf_size = sizeof(struct gateway_health_conf),
      .validate = gateway_health_validate,
      .start = gateway_health_start },
    { .kind = TALON_CHECK,
      .name = "channel",
      .summary = "Asks the gateway how one of its channels does.",
      .options = gateway_channel_options,
      .metrics = gateway_channel_metrics,
      .conf_size = sizeof(struct gateway_channel_conf),
      .validate = gateway_channel_validate,
      .start = gateway_channel_start },
    { .kind = TALON_CHECK,
      .name = "heartbeat",
      .summary = "Looks at the files of the gateway's transport, which is all that its slim form has: its process and its heartbeat.",
      .options = gateway_heartbeat_options,
      .metrics = gateway_heartbeat_metrics,
      .conf_size = sizeof(struct gateway_heartbeat_conf),
      .start = gateway_heartbeat_start },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,
    .name = "gateway",
    .version = "1.0.0",
    .license = "MIT",
    .summary = "Checks of the gateway daemon.",
    TALON_OPERATIONS(operations),
};
