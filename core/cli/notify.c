/*
 * `talon notify`: how the channels to people are; `talon notify test [CHANNEL]`: the daemon sends a message through them, the real way, and this says what each
 * answered.
 */
#include "cli/cli.h"
#include "cli/people.h"

#include "base/scalar.h"

#include <stdio.h>
#include <string.h>

static const char usage[] = "talon notify [test [CHANNEL]] [--json] [--config FILE]";
static const char who[] = "talon notify";

enum { ANSWER_MAX = 16 << 20, AGE = 64 };

static void show_channel(struct buffer *out, const cJSON *channel)
{
    const double waiting = field_number(channel, "waiting"), again = field_number(channel, "again_ms");
    const bool broken = field_true(channel, "broken"), proven = field_true(channel, "proven"), normal = field_true(channel, "normal"), sos = field_true(channel, "sos");
    const char *why = field_text(channel, "why");
    char age[AGE];

    buffer_printf(out, "%s%s%s  %s (%s): %s%s%s", cli_colour("bold"), field_text(channel, "name"), cli_plain(), field_text(channel, "action"),
                  normal && sos ? "messages, digests and SOS" : normal ? "messages and digests" : sos ? "SOS" : "for services that choose it",
                  cli_colour(broken ? "failed" : proven ? "ok" : "warn"), broken ? "broken" : proven ? "proven" : "never proven", cli_plain());
    if (waiting > 0.)
        buffer_printf(out, ", %.0f waiting", waiting);
    if (again > 0.) {
        scalar_show_age((uint64_t)again * NS_PER_MS, age, sizeof age);
        buffer_printf(out, ", tried again in %s", age);
    }
    if (why[0])
        buffer_printf(out, "\n  %s", why);
    buffer_text(out, "\n");
}

static int show_list(const cJSON *answer, struct buffer *out)
{
    const cJSON *channel;
    bool broken = false;

    cJSON_ArrayForEach(channel, field(answer, "channels"))
    {
        show_channel(out, channel);
        broken = broken || field_true(channel, "broken");
    }
    if (cJSON_GetArraySize(field(answer, "channels")) == 0)
        buffer_text(out, "there is no channel: nobody is told of anything (`notify: {channels: ...}`)\n");
    if (field_number(answer, "lost") > 0.)
        buffer_printf(out, "%.0f messages were given up since Talon started\n", field_number(answer, "lost"));
    return broken ? CLI_FAIL : CLI_OK;
}

static int show_test(const cJSON *answer, struct buffer *out)
{
    const cJSON *channel;

    cJSON_ArrayForEach(channel, field(answer, "channels"))
    {
        const bool ok = field_true(channel, "ok");

        buffer_printf(out, "%s%s%s  %s: %s\n", cli_colour(ok ? "ok" : "failed"), ok ? "sent" : "NOT SENT", cli_plain(), field_text(channel, "name"),
                      field_text(channel, "summary"));
    }
    return field_true(answer, "ok") ? CLI_OK : CLI_FAIL;
}

static int ask(const struct ask_place *place, bool test, const char *channel, bool json)
{
    struct buffer body = buffer_make(ANSWER_MAX), out = buffer_make(0), said = buffer_make(0);
    cJSON *answer = NULL;
    int http, code = CLI_UNKNOWN;

    buffer_text(&said, "{");
    people_say(&said, "channel", channel);
    buffer_text(&said, "}");
    if (test)
        http = command_send(who, place, "/v1/notify/test", buffer_string(&said), (const int[]){ 0 }, &body, &answer);
    else
        http = command_get(who, place, "/v1/notify", NULL, &body, &answer);
    if (http != 0)
        code = test ? show_test(answer, &out) : show_list(answer, &out);
    if (http != 0 && json) {
        buffer_clear(&out);
        buffer_text(&out, buffer_string(&body));
    }
    if (cli_print(&out) != 0)
        code = CLI_UNKNOWN;
    cJSON_Delete(answer);
    buffer_free(&said);
    buffer_free(&body);
    buffer_free(&out);
    return code;
}

int cli_notify(int argc, char **argv)
{
    const char *config = NULL;
    bool json = false;
    struct cli_option options[] = { CLI_CONFIG(&config), { "json", CLI_FLAG, &json, "the daemon's answer, one JSON object" }, CLI_NO_MORE };
    struct ask_place place;
    int code, words = cli_options(argc, argv, options, usage, &code);

    if (words < 0)
        return code;
    if (words > 2 || (words > 0 && strcmp(argv[1], "test") != 0)) {
        fprintf(stderr, "%s: `test` and at most one channel are expected\nusage: %s\n", who, usage);
        return CLI_UNKNOWN;
    }
    ask_find(config, &place);
    return ask(&place, words > 0, words > 1 ? argv[2] : NULL, json);
}
