/* The check types of `caddy`: its configuration and upstreams by the admin API, and one route as its clients see it. */
#include "caddy.h"

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .name = "config",
      .summary = "Asks Caddy's admin API for what it serves and how its upstreams do.",
      .options = caddy_config_options,
      .metrics = caddy_config_metrics,
      .conf_size = sizeof(struct caddy_config_conf),
      .validate = caddy_config_validate,
      .start = caddy_config_start },
    { .kind = TALON_CHECK,
      .name = "route",
      .summary = "Fetches a URL through Caddy, and tells trouble of Caddy from that of what stands behind it.",
      .options = caddy_route_options,
      .metrics = caddy_route_metrics,
      .conf_size = sizeof(struct caddy_route_conf),
      .validate = caddy_route_validate,
      .start = caddy_route_start },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,
    .name = "caddy",
    .version = "1.0.0",
    .license = "MIT",
    .summary = "Checks of Caddy.",
    TALON_OPERATIONS(operations),
};
