/* The operation `talos.api`: the method Version, which every role may call; and how long our own certificate is good for, since nobody else looks at that. */
#include "talos.h"

const struct talon_option talos_api_options[] = {
    TALOS_PLACE_OPTIONS(struct talos_api_conf),
    { .name = "warn_expiry",
      TALON_DURATION_AT(struct talos_api_conf, warn_expiry),
      .fallback = "30d",
      .help = "Warn when our certificate in the talosconfig expires within this time; 0: never." },
    { .name = NULL },
};

const struct talon_metric talos_api_metrics[] = {
    { .name = "time", .unit = "s", .help = "The whole call." },
    { .name = "cert_expires_in", .unit = "s", .help = "Until our certificate in the talosconfig expires." },
    { .name = "server_cert_expires_in", .unit = "s", .help = "Until the first certificate of the node's chain expires." },
    { .name = NULL },
};

/* The text field of that number in the message within a field. */
static const char *text_of(struct talon_run *run, const struct protobuf_field *message, uint32_t number)
{
    struct protobuf inside = protobuf_inside(message);
    struct protobuf_field field, text = { .number = 0 };

    while (protobuf_next(&inside, &field))
        if (field.number == number)
            text = field;
    return protobuf_text(run, &text, 60);
}

/* It answers: do we have long to ask it? */
static void well(struct talon_run *run, const struct talon_response *got, const char *tag, const char *mode)
{
    const struct talos_api_conf *conf = run->conf;
    const struct talos_state *state = run->state;
    const int64_t left = state->expires - run->host->unix_ns(run);

    if (conf->warn_expiry > 0 && left < (int64_t)conf->warn_expiry)
        talon_done(run, TALON_WARN, "talos.expiry", "Talos %s answers, but our certificate in %s expires in %s", tag, conf->place.config,
                   talon_show_time(run, (uint64_t)left));
    else
        talon_done(run, TALON_OK, "talos.ok", "Talos %s%s%s%s answers in %s", tag, *mode ? " (" : "", mode, *mode ? ")" : "",
                   talon_show_time(run, got->total_ns));
}

static void answered(struct talon_run *run, void *arg, const struct talon_response *got)
{
    const struct talos_state *state = run->state;
    const double now = (double)run->host->unix_ns(run) / 1e9;
    struct protobuf message;
    struct protobuf_field field, version = { .number = 0 }, platform = { .number = 0 };
    const char *tag;

    (void)arg;
    run->host->metric(run, "cert_expires_in", (double)state->expires / 1e9 - now, "s");
    if (got->peer && got->peer->not_after)
        run->host->metric(run, "server_cert_expires_in", (double)got->peer->not_after - now, "s");
    if (!talos_read(run, got, &message))
        return;
    run->host->metric(run, "time", (double)got->total_ns / 1e9, "s");
    while (protobuf_next(&message, &field))
        if (field.number == 2)
            version = field;
        else if (field.number == 3)
            platform = field;
    tag = text_of(run, &version, 1);
    if (message.bad || !*tag)
        talon_done(run, TALON_FAIL, "protocol.bad", "%s answers Version without one", state->where);
    else
        well(run, got, tag, text_of(run, &platform, 2));
}

void talos_api_start(struct talon_run *run)
{
    talos_begin(run, "Version", answered);
}
