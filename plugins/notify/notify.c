/* The plugin `notify`: messages to people, one action for each kind of channel. None of them changes anything of what is watched. */
#include "email.h"

#define CHANNEL_OF(channel, words, state)                                                                                                                      \
    {                                                                                                                                                          \
        .kind = TALON_ACTION, .name = #channel, .summary = words, .options = notify_##channel##_options, .metrics = notify_metrics,                            \
        .conf_size = sizeof(struct notify_##channel), .run_size = sizeof(struct state), .impact = TALON_OBSERVE,                                               \
        .validate = notify_##channel##_validate, .start = notify_##channel##_start                                                                             \
    }
#define CHANNEL(channel, words) CHANNEL_OF(channel, words, notify)

static const struct talon_operation operations[] = {
    CHANNEL(telegram, "Sends a message to a chat of Telegram."),
    CHANNEL(slack, "Sends a message through an incoming webhook of Slack."),
    CHANNEL(webhook, "Sends a message by HTTP, as JSON or as a body of one's own."),
    CHANNEL(alertmanager, "Raises an alert in Prometheus' Alertmanager, or says that it is over."),
    CHANNEL(imessage, "Sends an iMessage through imsg, on a Mac that is signed in."),
    CHANNEL_OF(email, "Sends a message by mail, through a mail server.", email),
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,
    .name = "notify",
    .version = "1.0.0",
    .license = "MIT",
    .summary = "Messages to people.",
    TALON_OPERATIONS(operations),
};
