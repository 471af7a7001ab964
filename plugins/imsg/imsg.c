/*
 * The check type `imsg`: asks imsg's daemon over its socket for one chat, which only works where it may read the messages. Nothing of the answer is told but
 * that there is one: messages are nobody's business here.
 */
#include "kit/json.h"
#include "kit/jsonrpc.h"

#include <strings.h>
#include <talon/plugin.h>

enum { MAX_ANSWER = 262144 };

struct conf {
    const char *socket;
};

static const struct talon_option options[] = {
    { .name = "socket", TALON_PATH_AT(struct conf, socket), .flags = TALON_REQUIRED, .help = "The socket of its daemon, such as /tmp/imsg.sock." },
    { .name = NULL },
};

static const struct talon_metric metrics[] = {
    { .name = "answer_time", .unit = "s", .help = "From the question to its answer." },
    { .name = NULL },
};

static int holds(const char *text, const char *word)
{
    const size_t n = strlen(word);

    for (; *text; text++)
        if (strncasecmp(text, word, n) == 0)
            return 1;
    return 0;
}

/* macOS takes the right away without a word, mostly after an update: a person has to give it again. */
static int is_permission(const char *message)
{
    static const char *const words[] = { "permissiondenied", "permission denied", "full disk access", "not permitted", "authorization denied",
                                         "unable to open database" };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (holds(message, words[i]))
            return 1;
    return 0;
}

static void answered(struct talon_run *run, const struct jsonrpc_answer *answer)
{
    run->host->metric(run, "answer_time", (double)answer->took_ns / 1e9, "s");
    if (!answer->result && is_permission(answer->message))
        talon_done(run, TALON_FAIL, "imsg.permission", "it may not read the messages: a person must give it Full Disk Access again (%s)", answer->message);
    else if (!answer->result)
        talon_done(run, TALON_FAIL, "imsg.error", "it answered with the error %d: %s", answer->code, answer->message);
    else if (!cJSON_IsArray(json_at(answer->result, "chats")))
        talon_done(run, TALON_FAIL, "protocol.bad", "its answer to chats.list has no chats");
    else
        talon_done(run, TALON_OK, "imsg.ok", "answers, and can read the messages");
}

static void start(struct talon_run *run)
{
    const struct conf *conf = run->conf;

    jsonrpc_ask(run,
                &(struct jsonrpc_question){ .who = "imsg's daemon",
                                            .to = { .unix_path = conf->socket },
                                            .method = "chats.list",
                                            .params = "{\"limit\":1}",
                                            .max_answer = MAX_ANSWER },
                answered);
}

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .name = "imsg",
      .summary = "Asks imsg's daemon for a chat, which proves that it may read the messages.",
      .options = options,
      .metrics = metrics,
      .conf_size = sizeof(struct conf),
      .start = start },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,
    .name = "imsg",
    .version = "1.0.0",
    .license = "MIT",
    .summary = "Checks of imsg, the bridge to iMessage.",
    TALON_OPERATIONS(operations),
};
