/* The action `notify.slack`: an incoming webhook of Slack, of which the address is the secret. Errors come as a word in plain text. */
#include "notify.h"

enum { BOUND = 40000 }; /* characters; Slack cuts longer ones itself, without a mark */

const struct talon_option notify_slack_options[] = {
    NOTE_OPTIONS(struct notify_slack),
    { .name = "url", TALON_STRING_AT(struct notify_slack, url), .flags = TALON_REQUIRED | TALON_SECRET, .help = "The address of the incoming webhook." },
    { .name = NULL },
};

int notify_slack_validate(const void *given, struct talon_problem *problem)
{
    const struct notify_slack *conf = given;

    if (*conf->note.text)
        return 0;
    problem->option = "text";
    snprintf(problem->text, sizeof problem->text, "is empty");
    return 1;
}

/* What Slack documents, in words that say what to do. */
static const char *meaning(const char *error)
{
    static const struct {
        const char *error, *words;
    } known[] = {
        { "invalid_payload", "it cannot read what was sent" },
        { "user_not_found", "the user to write to does not exist" },
        { "channel_not_found", "the channel does not exist" },
        { "channel_is_archived", "the channel is archived" },
        { "action_prohibited", "an administrator forbids it" },
        { "posting_to_general_channel_denied", "only some may write to this channel" },
        { "too_many_attachments", "the message has too many attachments" },
        { "no_text", "the message has no text" },
        { "rollup_error", "it has trouble of its own" },
        { "invalid_token", "the webhook's address is not valid: make a new one" },
        { "no_service", "the webhook was removed or disabled: make a new one" },
        { "no_service_id", "the webhook's address is not whole" },
        { "no_active_hooks", "the webhook is disabled" },
        { "no_team", "the workspace does not exist" },
        { "team_disabled", "the workspace is disabled" },
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].error, error) == 0)
            return known[i].words;
    return NULL;
}

static int is_of_token(const char *error)
{
    return strcmp(error, "invalid_token") == 0 || strcmp(error, "no_service") == 0 || strcmp(error, "no_service_id") == 0 || strcmp(error, "no_active_hooks") == 0;
}

static void judge(struct talon_run *run, const struct talon_response *got)
{
    const char *error = talon_quote(run, got->body, got->body_len, 64), *known = meaning(error);
    const char *words = notify_words(run, error, strlen(error));

    if (got->status == 200 && strcmp(error, "ok") == 0) {
        notify_end(run, TALON_OK, "notify.sent", "Slack has taken the message");
    } else if (got->status == 200) {
        run->host->metric(run, "perhaps_sent", 1, "");
        notify_end(run, TALON_FAIL, "protocol.bad", "this is no webhook of Slack that answers, it does not say `ok`%s", words);
    } else if (got->status >= 400 && known && is_of_token(error))
        notify_end(run, TALON_UNKNOWN, "auth.rejected", "Slack refuses the message: %s (%s)", known, error);
    else if (got->status >= 400 && got->status < 500 && got->status != 429 && known)
        notify_end(run, TALON_FAIL, "notify.refused", "Slack refuses the message: %s (%s)", known, error);
    else
        notify_by_status(run, got, words);
}

void notify_slack_start(struct talon_run *run)
{
    static const char *const headers[] = { "Content-Type: application/json", NULL };
    const struct notify_slack *conf = run->conf;
    struct notify *notify = run->state;
    cJSON *root = cJSON_CreateObject();
    const char *body;

    notify->who = "Slack";
    notify_hide_url(run, conf->url);
    cJSON_AddStringToObject(root, "text", notify_text(run, &conf->note, BOUND, 1));
    body = notify_json(run, root);
    if (notify_is_url(conf->url))
        notify_send(run, TALON_REQUEST(talon_http, .method = "POST", .url = conf->url, .headers = headers, .body = body, .body_len = strlen(body)), judge);
    else
        notify_end(run, TALON_UNKNOWN, "auth.rejected", "the webhook's address does not start with https://");
}
