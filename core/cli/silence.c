/*
 * `talon silence`, `pause`, `resume`, `ack`: what people say to the running daemon. Each says what holds now and until when, and how to take it back. Who said it is
 * the daemon's to know: the kernel tells it.
 */
#include "cli/cli.h"
#include "cli/people.h"

#include <stdio.h>
#include <string.h>

static const char silence_usage[] = "talon silence TARGET DURATION [REASON] | TARGET --until-ok [--max D] [REASON] | TARGET --end";
static const char pause_usage[] = "talon pause DURATION [REASON]";
static const char resume_usage[] = "talon resume [REASON]";
static const char ack_usage[] = "talon ack INCIDENT [DURATION] [WHO, WHY] | INCIDENT --end";

enum { ANSWER_MAX = 1 << 20, PATH = 512 };

/* One command: sent, and what is said of it. */
struct telling {
    const char *who, *path;
    struct ask_place place;
    bool json;
    struct buffer said, body, out;
    cJSON *answer; /* NULL: a sentence was printed */
};

static void begin(struct telling *telling, const char *who, const char *path, const char *config, bool json)
{
    *telling = (struct telling){ .who = who, .path = path, .json = json, .said = buffer_make(0), .body = buffer_make(ANSWER_MAX), .out = buffer_make(0) };
    ask_find(config, &telling->place);
    buffer_text(&telling->said, "{");
}

static void say_reason(struct telling *telling, int n, char **words)
{
    struct buffer reason = buffer_make(0);

    people_join(n, words, &reason);
    people_say(&telling->said, "reason", buffer_string(&reason));
    buffer_free(&reason);
}

static bool send_it(struct telling *telling)
{
    buffer_text(&telling->said, "}");
    return command_send(telling->who, &telling->place, telling->path, buffer_string(&telling->said), (const int[]){ 0 }, &telling->body, &telling->answer) == 200;
}

static int end(struct telling *telling)
{
    const int code = telling->answer ? people_print(&telling->body, &telling->out, telling->json) : CLI_UNKNOWN;

    cJSON_Delete(telling->answer);
    buffer_free(&telling->said);
    buffer_free(&telling->body);
    buffer_free(&telling->out);
    return code;
}

/* "WHAT until 14:03:00 (2 h from now): ada: reason" */
static void tell(struct telling *telling, const char *what)
{
    struct buffer line = buffer_make(0);
    const double until = field_number(telling->answer, "until_unix");
    const char *note = field_text(telling->answer, "note");
    char at[64], left[64];

    buffer_text(&line, what);
    if (until > 0.) {
        field_moment(until, at, sizeof at);
        field_left(until, left, sizeof left);
        buffer_printf(&line, " until %s (%s from now)", at, left);
    }
    if (note[0])
        buffer_printf(&line, "; %s", note);
    cli_wrap(&telling->out, buffer_string(&line), 0, 2);
    buffer_free(&line);
}

/* ---- silence */

struct silence {
    const char *config, *max;
    bool json, until_ok, end;
};

static const char *against_words(const struct silence *silence, int words)
{
    if (words == 0)
        return "talon silence: needs a service, or `all`";
    if (silence->end && (silence->until_ok || silence->max || words > 1))
        return "talon silence: --end takes a service (or `all`) and nothing else";
    if (silence->max && !silence->until_ok)
        return "talon silence: --max goes with --until-ok; without it give the duration alone";
    return !silence->end && !silence->until_ok && words < 2 ? "talon silence: needs a duration, like 30m or 2h (or --until-ok, or --end)" : NULL;
}

static void tell_silence(struct telling *telling, const struct silence *silence, const char *target)
{
    const bool all = strcmp(target, "all") == 0;
    char what[256];

    if (silence->end) {
        snprintf(what, sizeof what, "the silence of %.120s is over", all ? "everything" : target);
        tell(telling, what);
        people_next(&telling->out, "what is failed still is told of now; `talon status` shows it");
        return;
    }
    snprintf(what, sizeof what, "%.120s is silenced%s", all ? "everything" : target, silence->until_ok ? " until it is ok, at the latest" : "");
    tell(telling, what);
    people_next(&telling->out, "`talon silence %s --end` ends it before; checks go on, `talon status` shows them", target);
}

int cli_silence(int argc, char **argv)
{
    struct silence silence = { .config = NULL };
    struct cli_option options[] = {
        CLI_CONFIG(&silence.config),
        { "json", CLI_FLAG, &silence.json, "the daemon's answer, one JSON object" },
        { "until-ok", CLI_FLAG, &silence.until_ok, "over when the service is well again" },
        { "max", CLI_WORD, &silence.max, "with --until-ok: at the latest after so long (24h)" },
        { "end", CLI_FLAG, &silence.end, "end the silence of that service now" },
        CLI_NO_MORE,
    };
    int code, words = cli_options(argc, argv, options, silence_usage, &code), used = silence.until_ok || silence.end ? 1 : 2;
    const char *duration = silence.until_ok ? (silence.max ? silence.max : "24h") : words > 1 ? argv[2] : NULL;
    struct telling telling;

    if (words < 0)
        return code;
    if (against_words(&silence, words))
        return people_refuse(silence_usage, against_words(&silence, words));
    if (!silence.end && !people_duration("talon silence", duration))
        return CLI_UNKNOWN;
    begin(&telling, "talon silence", silence.end ? "/v1/unsilence" : "/v1/silence", silence.config, silence.json);
    people_say(&telling.said, "target", argv[1]);
    people_say(&telling.said, "for", silence.end ? NULL : duration);
    if (silence.until_ok)
        buffer_text(&telling.said, ",\"until_ok\":true");
    say_reason(&telling, words - used, argv + 1 + used);
    if (send_it(&telling))
        tell_silence(&telling, &silence, argv[1]);
    return end(&telling);
}

/* ---- pause, resume */

int cli_pause(int argc, char **argv)
{
    const char *config = NULL;
    bool json = false;
    struct cli_option options[] = { CLI_CONFIG(&config), { "json", CLI_FLAG, &json, "the daemon's answer, one JSON object" }, CLI_NO_MORE };
    int code, words = cli_options(argc, argv, options, pause_usage, &code);
    struct telling telling;

    if (words < 0)
        return code;
    if (words == 0)
        return people_refuse(pause_usage, "talon pause: needs a duration, like 30m or 2h");
    if (!people_duration("talon pause", argv[1]))
        return CLI_UNKNOWN;
    begin(&telling, "talon pause", "/v1/pause", config, json);
    people_say(&telling.said, "for", argv[1]);
    say_reason(&telling, words - 1, argv + 2);
    if (send_it(&telling)) {
        tell(&telling, "repair is paused");
        people_next(&telling.out, "`talon resume` ends it before; checks and messages go on");
    }
    return end(&telling);
}

int cli_resume(int argc, char **argv)
{
    const char *config = NULL;
    bool json = false;
    struct cli_option options[] = { CLI_CONFIG(&config), { "json", CLI_FLAG, &json, "the daemon's answer, one JSON object" }, CLI_NO_MORE };
    int code, words = cli_options(argc, argv, options, resume_usage, &code);
    struct telling telling;

    if (words < 0)
        return code;
    begin(&telling, "talon resume", "/v1/resume", config, json);
    say_reason(&telling, words, argv + 1);
    if (send_it(&telling))
        tell(&telling, "repair goes on");
    return end(&telling);
}

/* ---- ack */

static void tell_ack(struct telling *telling, bool ended)
{
    const char *id = field_text(telling->answer, "incident");
    char what[128];

    if (ended)
        snprintf(what, sizeof what, "the acknowledgement of incident %.40s is taken back", id);
    else
        snprintf(what, sizeof what, "incident %.40s is acknowledged%s", id, field_number(telling->answer, "until_unix") > 0. ? "" : " until it is over");
    tell(telling, what);
    if (ended)
        people_next(&telling->out, "it is told of again while it is open; `talon incidents %s` shows it", id);
    else
        people_next(&telling->out, "nobody is told again meanwhile; `talon why %s` says what is wrong, `talon ack %s --end` takes this back", id, id);
}

/* Is it a number, or a name as services have them, perhaps with the # before it? Into id; the rest is the daemon's to judge. */
static bool read_id(const char *word, char id[64])
{
    const size_t n = snprintf(id, 64, "%.60s", word[0] == '#' ? word + 1 : word) > 0 ? strlen(id) : 0;

    return n > 0 && strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n;
}

int cli_ack(int argc, char **argv)
{
    const char *config = NULL;
    bool json = false, ended = false;
    struct cli_option options[] = {
        CLI_CONFIG(&config),
        { "json", CLI_FLAG, &json, "the daemon's answer, one JSON object" },
        { "end", CLI_FLAG, &ended, "take it back" },
        CLI_NO_MORE,
    };
    int code, words = cli_options(argc, argv, options, ack_usage, &code), used = 1;
    char id[64], path[PATH];
    struct telling telling;

    if (words < 0)
        return code;
    if (words == 0 || !read_id(argv[1], id))
        return people_refuse(ack_usage, "talon ack: needs the number of an incident (`talon incidents` lists them), or its service");
    snprintf(path, sizeof path, "/v1/incidents/%s/%s", id, ended ? "unack" : "ack");
    begin(&telling, "talon ack", path, config, json);
    if (words > 1 && !ended && people_duration(NULL, argv[2])) {
        people_say(&telling.said, "for", argv[2]);
        used = 2;
    }
    say_reason(&telling, words - used, argv + 1 + used);
    if (send_it(&telling))
        tell_ack(&telling, ended);
    return end(&telling);
}
