/* One question of JSON-RPC, see jsonrpc.h. */
#include "jsonrpc.h"

#include "json.h"

enum { MAX_ANSWER = 65536, WORDS = 160, MOST_NOTES = 64 };

struct question {
    struct jsonrpc_question asked;
    jsonrpc_fn *answered;
    talon_op link;
    uint64_t sent_ns;
    int up, over; /* over: judged; what still comes in the same turn is not looked at */
    int notes;    /* lines that were no answer */
};

static const char *who(struct talon_run *run, const struct question *question)
{
    const struct talon_address *to = &question->asked.to;

    if (to->unix_path)
        return talon_text(run, "%s (%s)", question->asked.who, to->unix_path);
    return talon_text(run, strchr(to->host, ':') ? "%s ([%s]:%u)" : "%s (%s:%u)", question->asked.who, to->host, to->port);
}

/* An event that the daemon sends by itself has a method and no answer in it. */
static int is_note(const cJSON *message)
{
    return json_at(message, "method") && !json_at(message, "result") && !json_at(message, "error");
}

/* Any number may stand there, also one that is no error's. */
static int code_of(const cJSON *error)
{
    const double code = json_number(error, "code", 0);

    return code >= -1e9 && code <= 1e9 ? (int)code : 0;
}

static void take_message(struct talon_run *run, struct question *question, const cJSON *message)
{
    const cJSON *error = json_at(message, "error"), *result = json_at(message, "result");
    struct jsonrpc_answer answer = { .result = result, .message = "", .took_ns = run->host->now_ns(run) - question->sent_ns };

    if (is_note(message) && ++question->notes <= MOST_NOTES)
        return;
    question->over = 1;
    if (error && !cJSON_IsNull(error)) {
        answer.result = NULL;
        answer.code = code_of(error);
        answer.message = json_string(error, "message", "no reason given");
        answer.message = talon_quote(run, answer.message, strlen(answer.message), WORDS);
    } else if (!result) {
        talon_done(run, TALON_FAIL, "protocol.bad", "%s answered %s with neither a result nor an error", who(run, question), question->asked.method);
        return;
    }
    question->answered(run, &answer);
}

static void take_line(struct talon_run *run, struct question *question, const char *line, size_t n)
{
    const char *problem;
    const cJSON *message = json_parse(run, line, n, &problem);

    if (message && cJSON_IsObject(message)) {
        take_message(run, question, message);
        return;
    }
    question->over = 1;
    talon_done(run, TALON_FAIL, "protocol.bad", "%s does not speak JSON-RPC, it answered %s with \"%s\"", who(run, question), question->asked.method,
               talon_quote(run, line, n, 80));
}

static void closed(struct talon_run *run, struct question *question, size_t n)
{
    question->over = 1;
    if (n > 0)
        talon_done(run, TALON_FAIL, "protocol.short", "%s closed the connection within its answer to %s", who(run, question), question->asked.method);
    else
        talon_done(run, TALON_FAIL, "connect.closed", "%s closed the connection without answering %s", who(run, question), question->asked.method);
}

static size_t heard(struct talon_run *run, void *arg, const char *bytes, size_t n, int last)
{
    struct question *question = arg;
    size_t used = 0;

    while (!question->over && used < n) {
        const char *line = bytes + used, *newline = memchr(line, '\n', n - used);

        if (!newline)
            break;
        if (newline > line)
            take_line(run, question, line, (size_t)(newline - line));
        used = (size_t)(newline - bytes) + 1;
    }
    if (question->over)
        return n;
    if (last)
        closed(run, question, n - used);
    return used;
}

static void linked(struct talon_run *run, void *arg, const struct talon_link *link)
{
    struct question *question = arg;
    const char *text;

    if (question->over)
        return;
    question->over = link->error.code != TALON_E_NONE;
    if (link->error.code && !question->up) {
        talon_failed(run, &link->error, "cannot connect to %s", who(run, question));
        return;
    }
    if (link->error.code) {
        talon_failed(run, &link->error, "connected to %s, but it did not answer %s", who(run, question), question->asked.method);
        return;
    }
    question->up = 1;
    question->sent_ns = run->host->now_ns(run);
    text = talon_text(run, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}\n", question->asked.method, question->asked.params);
    run->host->send(run, question->link, text, strlen(text));
}

void jsonrpc_ask(struct talon_run *run, const struct jsonrpc_question *asked, jsonrpc_fn *answered)
{
    struct question *question = run->host->alloc(run, sizeof *question);

    question->asked = *asked;
    question->answered = answered;
    question->link = run->host->connect(
        run, TALON_REQUEST(talon_connect, .max_input = asked->max_answer ? asked->max_answer : MAX_ANSWER, .to = asked->to, .data = heard), linked, question);
}
