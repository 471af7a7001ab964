/*
 * The action `notify.imessage`: through imsg, which only a Mac that is signed in has. Its daemon is asked over its socket where one is named; else its
 * command-line tool is run, which is slower, and shows the text (no secret stands in it) in the list of processes.
 */
#include "kit/jsonrpc.h"
#include "notify.h"

#include <strings.h>

enum { BOUND = 4000, MAX_OUTPUT = 4096 };

const struct talon_option notify_imessage_options[] = {
    NOTE_OPTIONS(struct notify_imessage),
    { .name = "to", TALON_STRING_AT(struct notify_imessage, to), .flags = TALON_REQUIRED, .help = "Whom: a telephone number with its country, or an address." },
    { .name = "socket", TALON_PATH_AT(struct notify_imessage, socket), .help = "The socket of imsg's daemon, such as /tmp/imsg.sock. Not given: the command is run." },
    { .name = "command", TALON_STRING_AT(struct notify_imessage, command), .fallback = "imsg", .help = "The program, by its name or path, where no socket is given." },
    { .name = NULL },
};

int notify_imessage_validate(const void *given, struct talon_problem *problem)
{
    const struct notify_imessage *conf = given;

    problem->option = !*conf->note.text ? "text" : !*conf->to || *conf->to == '-' ? "to" : !*conf->command ? "command" : NULL;
    if (problem->option)
        snprintf(problem->text, sizeof problem->text, "%s", *conf->to == '-' && *conf->note.text ? "is neither a telephone number nor an address" : "is empty");
    return problem->option != NULL;
}

/* macOS takes the right away without a word, mostly after an update. */
static int is_permission(const char *message)
{
    static const char *const words[] = { "permissiondenied", "permission denied", "full disk access", "not permitted", "authorization denied", "not authorized", "-1743" };

    for (; *message; message++)
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            if (strncasecmp(message, words[i], strlen(words[i])) == 0)
                return 1;
    return 0;
}

static void failed(struct talon_run *run, const char *words)
{
    if (is_permission(words))
        notify_end(run, TALON_UNKNOWN, "refused.rights", "imsg may not send: a person must give it Automation and Full Disk Access again (System Settings, Privacy)%s",
                   words);
    else
        notify_end(run, TALON_FAIL, "notify.refused", "imsg did not send the message%s", words);
}

/* ---- its daemon */

static void answered(struct talon_run *run, const struct jsonrpc_answer *answer)
{
    run->host->metric(run, "time", (double)answer->took_ns / 1e9, "s");
    if (!answer->result)
        failed(run, talon_text(run, ": %s (%d)", answer->message, answer->code));
    else if (!json_is_true(answer->result, "ok"))
        notify_end(run, TALON_FAIL, "protocol.bad", "imsg's daemon does not say that it has sent the message");
    else
        notify_end(run, TALON_OK, "notify.sent", "imsg has sent the message");
}

static void ask(struct talon_run *run, const char *text)
{
    const struct notify_imessage *conf = run->conf;
    cJSON *params = cJSON_CreateObject();

    cJSON_AddStringToObject(params, "to", conf->to);
    cJSON_AddStringToObject(params, "text", text);
    jsonrpc_ask(run, &(struct jsonrpc_question){ .who = "imsg's daemon", .to = { .unix_path = conf->socket }, .method = "send", .params = notify_json(run, params) },
                answered);
}

/* ---- its tool */

static void exited(struct talon_run *run, void *arg, const struct talon_exit *ended)
{
    const char *words = notify_words(run, ended->err_len ? ended->err : ended->out, ended->err_len ? ended->err_len : ended->out_len);

    (void)arg;
    if (ended->error.code == TALON_E_TIMEOUT)
        run->host->metric(run, "perhaps_sent", 1, "");
    if (ended->error.code) {
        talon_failed(run, &ended->error, "imsg did not send the message");
        return;
    }
    run->host->metric(run, "time", (double)ended->total_ns / 1e9, "s");
    if (ended->signal)
        notify_end(run, TALON_FAIL, "exec.signal", "imsg was killed by signal %d%s", (int)ended->signal, words);
    else if (ended->code != 0)
        failed(run, words);
    else
        notify_end(run, TALON_OK, "notify.sent", "imsg has sent the message");
}

void notify_imessage_start(struct talon_run *run)
{
    const struct notify_imessage *conf = run->conf;
    struct notify *notify = run->state;
    const char *text = notify_text(run, &conf->note, BOUND, 0);
    const char *const argv[] = { conf->command, "send", "--to", conf->to, "--text", text, NULL };

    notify->who = "imsg";
    if (conf->socket)
        ask(run, text);
    else
        run->host->spawn(run, TALON_REQUEST(talon_command, .max_output = MAX_OUTPUT, .argv = argv), exited, NULL);
}
