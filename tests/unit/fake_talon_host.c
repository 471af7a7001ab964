/*
 * A plugin host that speaks docs/plugin-protocol.md and misbehaves on demand, for the tests of core/hosts. Its process is told how by its
 * arguments (a `command` plugin) and by the JSON in the file of a plugin (a shared one); an instance by its options:
 *
 *   setup   refuse, never, twice, die, wrong_id       times  how often (then all is well); `file` counts across processes
 *   run     what happens at `start`, see start()      ms     when the run ends; again  a refused setup may be tried again
 */#include "fake_talon.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fake fake;

static const char *mode = "";

/* ---- fake.hello and load */

static void on_hello(const cJSON *message)
{
    cJSON *answer;

    cJSON_Delete(fake.hello);
    fake.hello = cJSON_Duplicate(message, 1);
    if (fake.hellos++ > 0 || strcmp(mode, "no-hello") == 0)
        return;
    fake.crumb = crumb_open(text_of(message, "crumb"));
    if (strcmp(mode, "early") == 0)
        say_text("{\"type\":\"nudge\",\"instance\":\"x\"}");
    if (strcmp(mode, "log-first") == 0)
        say_text("{\"type\":\"log\",\"level\":\"info\",\"text\":\"I am about to greet\"}");
    answer = make("hello", "name", "fake");
    cJSON_AddNumberToObject(answer, "protocol", strcmp(mode, "bad-protocol") == 0 ? 2 : 1);
    cJSON_AddStringToObject(answer, "version", "0");
    cJSON_AddNumberToObject(answer, "pid", (double)getpid());
    say(answer);
    if (strcmp(mode, "hello-twice") == 0)
        say_text("{\"type\":\"hello\",\"protocol\":1,\"name\":\"fake\"}");
    if (strcmp(mode, "deaf") == 0)
        for (;;)
            pause();
}

static cJSON *read_file(const char *path)
{
    char text[8192];
    FILE *file = path[0] ? fopen(path, "r") : NULL;
    size_t n = file ? fread(text, 1, sizeof text - 1, file) : 0;

    if (file)
        fclose(file);
    text[n] = '\0';
    return cJSON_Parse(text);
}

static void add_options(cJSON *options)
{
    static const struct { const char *name, *type; } all[] = {
        { "run", "string" }, { "validate", "string" }, { "ms", "number" }, { "address", "address" }, { "password", "string" },
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        cJSON *option = cJSON_CreateObject();

        cJSON_AddStringToObject(option, "name", all[i].name);
        cJSON_AddStringToObject(option, "type", all[i].type);
        if (strcmp(all[i].name, "password") == 0)
            cJSON_AddTrueToObject(option, "secret");
        cJSON_AddItemToArray(options, option);
    }
}

static cJSON *describe(const char *plugin, const cJSON *file)
{
    cJSON *description = cJSON_CreateObject(), *operations = cJSON_AddArrayToObject(description, "operations");
    static const char *const kinds[] = { "check", "action" };

    cJSON_AddStringToObject(description, "name", plugin);
    cJSON_AddStringToObject(description, "version", text_of(file, "version"));
    for (int i = 0; i < 2; i++) {
        cJSON *operation = cJSON_CreateObject();

        cJSON_AddStringToObject(operation, "kind", kinds[i]);
        cJSON_AddStringToObject(operation, "name", i == 0 ? plugin : "act");
        cJSON_AddBoolToObject(operation, "validates", i == 0);
        add_options(cJSON_AddArrayToObject(operation, "options"));
        cJSON_AddItemToArray(operations, operation);
    }
    return description;
}

static void on_load(const cJSON *message)
{
    const char *plugin = text_of(message, "plugin");
    cJSON *file = read_file(text_of(message, "path")), *answer;
    const char *how = text_of(file, "load");

    if (strcmp(how, "die") == 0 && still(file))
        die(SIGSEGV);
    if (strcmp(how, "never") == 0) {
        cJSON_Delete(file);
        return;
    }
    if (strcmp(how, "other") == 0) {
        answer = make("described", "plugin", "somebody_else");
    } else if (strcmp(how, "refuse") == 0) {
        answer = make("refused", "plugin", plugin);
        cJSON_AddStringToObject(answer, "reason", "plugin.symbol");
        cJSON_AddStringToObject(answer, "text", "it exports nothing");
    } else {
        answer = make("described", "plugin", plugin);
        if (strcmp(how, "empty") != 0)
            cJSON_AddItemToObject(answer, "description", describe(plugin, file));
    }
    say(answer);
    cJSON_Delete(file);
}

/* ---- validate and setup */

static void on_validate(const cJSON *message)
{
    const cJSON *conf = cJSON_GetObjectItemCaseSensitive(message, "conf");
    const char *how = text_of(conf, "validate");
    const char *id = text_of(message, "id");
    cJSON *answer, *problems, *problem;

    if (strcmp(how, "die") == 0)
        die(SIGABRT);
    if (strcmp(how, "never") == 0)
        return;
    if (strcmp(how, "refuse") != 0 && strcmp(how, "refuse_bare") != 0) {
        say(make("ready", "id", strcmp(how, "wrong_id") == 0 ? "0123456789abcdef0123456789abcdef" : id));
        if (strcmp(how, "twice") == 0)
            say(make("ready", "id", id));
        return;
    }
    answer = make("refused", "id", id);
    cJSON_AddStringToObject(answer, "reason", "config");
    cJSON_AddStringToObject(answer, "text", "this is wrong");
    if (strcmp(how, "refuse") == 0) {
        problems = cJSON_AddArrayToObject(answer, "problems");
        for (int i = 0; i < 2; i++) {
            problem = cJSON_CreateObject();
            cJSON_AddStringToObject(problem, "option", i == 0 ? "tls.key" : "address");
            cJSON_AddStringToObject(problem, "text", i == 0 ? "no key" : text_of(message, "operation"));
            cJSON_AddItemToArray(problems, problem);
        }
    }
    say(answer);
}

struct instance *find(const char *id)
{
    for (int i = 0; i < MOST; i++)
        if (strcmp(fake.instances[i].id, id) == 0)
            return &fake.instances[i];
    return NULL;
}

static void refuse_setup(const struct instance *instance)
{
    cJSON *answer = make("refused", "instance", instance->id);

    fake.refusals++;
    cJSON_AddStringToObject(answer, "reason", "exec.not_found");
    cJSON_AddStringToObject(answer, "text", "the tool is missing");
    cJSON_AddBoolToObject(answer, "again", cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(instance->conf, "again")));
    say(answer);
}

static void on_setup(const cJSON *message)
{
    struct instance *instance = find("");
    const char *how;

    fake.setups++;
    if (!instance)
        exit(78);
    snprintf(instance->id, sizeof instance->id, "%s", text_of(message, "instance"));
    instance->message = cJSON_Duplicate(message, 1);
    instance->conf = cJSON_GetObjectItemCaseSensitive(instance->message, "conf");
    how = text_of(instance->conf, "setup");
    if (how[0] != '\0' && !still(instance->conf))
        how = "";
    if (strcmp(how, "die") == 0)
        die(SIGBUS);
    if (strcmp(how, "never") == 0)
        return;
    if (strcmp(how, "refuse") == 0) {
        refuse_setup(instance);
        cJSON_Delete(instance->message);
        memset(instance, 0, sizeof *instance);
        return;
    }
    say(make("ready", "instance", strcmp(how, "wrong_id") == 0 ? "nobody" : instance->id));
    if (strcmp(how, "twice") == 0)
        say(make("ready", "instance", instance->id));
}

/* ---- the loop */

static void take(const char *line)
{
    cJSON *message = cJSON_Parse(line), *pong;
    const char *type = text_of(message, "type");
    bool quit = false;

    if (strcmp(type, "hello") == 0)
        on_hello(message);
    else if (strcmp(type, "load") == 0)
        on_load(message);
    else if (strcmp(type, "validate") == 0)
        on_validate(message);
    else if (strcmp(type, "setup") == 0)
        on_setup(message);
    else if (strcmp(type, "start") == 0)
        on_start(message);
    else if (strcmp(type, "cancel") == 0)
        on_cancel(message);
    else if (strcmp(type, "teardown") == 0)
        on_teardown(message);
    else if (strcmp(type, "ping") == 0) {
        fake.pings++;
        pong = make("pong", NULL, NULL);
        cJSON_AddNumberToObject(pong, "sequence", number_of(message, "sequence", 0));
        say(pong);
    } else if (strcmp(type, "quit") == 0 && strcmp(mode, "ignore-quit") != 0)
        quit = true;
    cJSON_Delete(message);
    if (quit)
        exit(0);
}

static void read_lines(void)
{
    static char *buffer;
    static size_t n, room;
    char *newline;
    ssize_t got;

    if (room - n < 65536) {
        room = room * 2 + 65536;
        buffer = realloc(buffer, room);
        if (!buffer)
            exit(1);
    }
    got = read(0, buffer + n, room - n);
    if (got <= 0 && strcmp(mode, "ignore-quit") == 0)
        for (;;)
            pause();
    if (got <= 0)
        exit(0);
    n += (size_t)got;
    while ((newline = memchr(buffer, '\n', n))) {
        size_t used = (size_t)(newline - buffer) + 1;

        *newline = '\0';
        take(buffer);
        memmove(buffer, buffer + used, n - used);
        n -= used;
    }
}

static int next_due(void)
{
    long long now = now_ms(), first = -1;

    for (int i = 0; i < MOST; i++)
        if (fake.runs[i].id[0] && fake.runs[i].due >= 0 && (first < 0 || fake.runs[i].due < first))
            first = fake.runs[i].due;
    return first < 0 ? -1 : first <= now ? 0 : (int)(first - now);
}

int main(int argc, char **argv)
{
    struct pollfd fd = { .fd = 0, .events = POLLIN };

    mode = argc > 1 ? argv[1] : "";
    if (strcmp(mode, "exit") == 0)
        return 5;
    if (strcmp(mode, "crash") == 0)
        die(SIGSEGV);
    for (;;) {
        long long now;

        if (poll(&fd, 1, next_due()) > 0)
            read_lines();
        now = now_ms();
        for (int i = 0; i < MOST; i++)
            if (fake.runs[i].id[0] && fake.runs[i].due >= 0 && fake.runs[i].due <= now)
                end_due(&fake.runs[i]);
    }
}
