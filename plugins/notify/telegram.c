/*
 * The action `notify.telegram`: sendMessage of Telegram's Bot API. The token stands in the path, as the API wants it, so nothing of the address is ever told.
 */
#include "notify.h"

enum { BOUND = 4096 }; /* UTF-16 units */

const struct talon_option notify_telegram_options[] = {
    NOTE_OPTIONS(struct notify_telegram),
    { .name = "token", TALON_STRING_AT(struct notify_telegram, token), .flags = TALON_REQUIRED | TALON_SECRET, .help = "The bot's token, as BotFather gave it." },
    { .name = "chat", TALON_STRING_AT(struct notify_telegram, chat), .flags = TALON_REQUIRED, .help = "The chat: its number, or `@name` of a public channel." },
    { .name = "thread", TALON_INT_AT(struct notify_telegram, thread), .max = INT32_MAX, .help = "The topic of a forum, by its number; 0: none." },
    { .name = "api",
      TALON_STRING_AT(struct notify_telegram, api),
      .fallback = "https://api.telegram.org",
      .help = "Where the Bot API is served, without a path: another one where a server of one's own is run." },
    { .name = NULL },
};

int notify_telegram_validate(const void *given, struct talon_problem *problem)
{
    const struct notify_telegram *conf = given;

    problem->option = !notify_is_url(conf->api) ? "api" : !*conf->chat ? "chat" : !*conf->note.text ? "text" : NULL;
    if (problem->option)
        snprintf(problem->text, sizeof problem->text, "%s", strcmp(problem->option, "api") == 0 ? "must start with http:// or https://" : "is empty");
    return problem->option != NULL;
}

/* NUMBER:LETTERS, which also is what may stand in a path as it is. */
static int is_token(const char *token)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    const size_t number = strspn(token, "0123456789");

    return number > 0 && token[number] == ':' && token[number + 1] && token[number + 1 + strspn(token + number + 1, letters)] == '\0';
}

/* A group that became a supergroup has a new number, and the API says which. */
static void refused(struct talon_run *run, const struct talon_response *got, const cJSON *answer, const char *words)
{
    const double moved = json_number(answer, "parameters.migrate_to_chat_id", 0);
    const unsigned status = got->status;

    if (status == 400 && moved < 0 && moved > -1e15)
        notify_end(run, TALON_FAIL, "notify.refused", "the group has become a supergroup: write `chat: %.0f`", moved);
    else if (status == 401 || status == 404)
        notify_end(run, TALON_UNKNOWN, "auth.rejected", "Telegram does not know the bot's token%s", words);
    else if (status == 403)
        notify_end(run, TALON_FAIL, "notify.refused", "Telegram lets the bot not write to this chat%s", words);
    else if (status == 409)
        notify_end(run, TALON_FAIL, "notify.busy", "another program uses the bot just now%s", words);
    else if (status == 429)
        notify_busy(run, json_number(answer, "parameters.retry_after", notify_retry_after(run, got)), words);
    else
        notify_by_status(run, got, words);
}

static void judge(struct talon_run *run, const struct talon_response *got)
{
    const char *problem = "", *words;
    const cJSON *answer = json_parse(run, got->body, got->body_len, &problem);

    words = json_string(answer, "description", "");
    words = notify_words(run, words, strlen(words));
    if (got->status != 200)
        refused(run, got, answer, words);
    else if (!json_is_true(answer, "ok")) {
        run->host->metric(run, "perhaps_sent", 1, "");
        notify_end(run, TALON_FAIL, "protocol.bad", "this is no Bot API that answers: %s", answer ? talon_text(run, "`ok` is not true%s", words) : problem);
    } else {
        notify_end(run, TALON_OK, "notify.sent", "Telegram has taken the message");
    }
}

static const char *body_of(struct talon_run *run)
{
    const struct notify_telegram *conf = run->conf;
    cJSON *root = cJSON_CreateObject();

    cJSON_AddStringToObject(root, "chat_id", conf->chat);
    cJSON_AddStringToObject(root, "text", notify_text(run, &conf->note, BOUND, 0));
    cJSON_AddBoolToObject(root, "disable_notification", conf->note.level == NOTIFY_DIGEST);
    cJSON_AddTrueToObject(cJSON_AddObjectToObject(root, "link_preview_options"), "is_disabled");
    if (conf->thread > 0)
        cJSON_AddNumberToObject(root, "message_thread_id", (double)conf->thread);
    return notify_json(run, root);
}

void notify_telegram_start(struct talon_run *run)
{
    static const char *const headers[] = { "Content-Type: application/json", NULL };
    const struct notify_telegram *conf = run->conf;
    struct notify *notify = run->state;
    const char *secret = strchr(conf->token, ':'), *body;

    notify->who = "Telegram";
    notify_hide(run, secret ? secret + 1 : conf->token); /* the number before it is known to all, and part of chats' numbers by chance */
    if (!is_token(conf->token)) {
        notify_end(run, TALON_UNKNOWN, "auth.rejected", "the token is none of a bot's: it must be a number, a colon, and letters");
        return;
    }
    body = body_of(run);
    notify_send(run,
                TALON_REQUEST(talon_http, .method = "POST", .url = talon_text(run, "%s/bot%s/sendMessage", conf->api, conf->token), .headers = headers,
                              .body = body, .body_len = strlen(body)),
                judge);
}
