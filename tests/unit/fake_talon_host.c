/*
 * A plugin host that speaks docs/plugin-protocol.md and misbehaves on demand, for the tests of core/hosts. Its process is told how by its
 * arguments (a `command` plugin) and by the JSON in the file of a plugin (a shared one); an instance by its options:
 *
 *   setup   refuse, never, twice, die, wrong_id       times  how often (then all is well); `file` counts across processes
 *   run     what happens at `start`, see start()      ms     when the run ends; again  a refused setup may be tried again
 */
#include "base/os/clock.h"
#include "base/os/crumb.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 4096, HUGE_LINE = 5 << 20 };

struct instance {
    char id[64];
    cJSON *conf, *message;
    unsigned starts;
    bool running;
};

struct run {
    char id[64];
    struct instance *instance;
    cJSON *message;
    long long due; /* ms; -1: never */
};

static struct instance instances[MOST];
static struct run runs[MOST];
static const char *mode = "";
static char old_id[64]; /* of a run that is over */
static cJSON *hello;
static struct crumb *crumb;
static int hellos, cancels, teardowns, setups, pings, refusals;

static long long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void put(const char *text, size_t n)
{
    while (n > 0) {
        ssize_t done = write(1, text, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            exit(0);
        text += done;
        n -= (size_t)done;
    }
}

static void say_text(const char *text)
{
    put(text, strlen(text));
    put("\n", 1);
}

static void say(cJSON *message)
{
    char *text = cJSON_PrintUnformatted(message);

    say_text(text);
    free(text);
    cJSON_Delete(message);
}

static const char *text_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsString(item) ? item->valuestring : "";
}

static double number_of(const cJSON *object, const char *name, double otherwise)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsNumber(item) ? item->valuedouble : otherwise;
}

static cJSON *make(const char *type, const char *field, const char *value)
{
    cJSON *message = cJSON_CreateObject();

    cJSON_AddStringToObject(message, "type", type);
    cJSON_AddStringToObject(message, "unknown_field", "to be ignored");
    if (field)
        cJSON_AddStringToObject(message, field, value);
    return message;
}

static _Noreturn void die(int number)
{
    signal(number, SIG_DFL);
    raise(number);
    _exit(99);
}

/* ---- hello and load */

static void on_hello(const cJSON *message)
{
    cJSON *answer;

    cJSON_Delete(hello);
    hello = cJSON_Duplicate(message, 1);
    if (hellos++ > 0 || strcmp(mode, "no-hello") == 0)
        return;
    crumb = crumb_open(text_of(message, "crumb"));
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

/* True while `file` of the options holds fewer than `times` bytes; adds one. So a misbehaviour can end with the death it causes. */
static bool still(const cJSON *options)
{
    const char *path = text_of(options, "file");
    struct stat status;
    FILE *file;

    if (path[0] == '\0')
        return true;
    if (stat(path, &status) == 0 && status.st_size >= (off_t)number_of(options, "times", 1))
        return false;
    file = fopen(path, "a");
    if (file) {
        fputc('x', file);
        fclose(file);
    }
    return true;
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

static struct instance *find(const char *id)
{
    for (int i = 0; i < MOST; i++)
        if (strcmp(instances[i].id, id) == 0)
            return &instances[i];
    return NULL;
}

static void refuse_setup(const struct instance *instance)
{
    cJSON *answer = make("refused", "instance", instance->id);

    refusals++;
    cJSON_AddStringToObject(answer, "reason", "exec.not_found");
    cJSON_AddStringToObject(answer, "text", "the tool is missing");
    cJSON_AddBoolToObject(answer, "again", cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(instance->conf, "again")));
    say(answer);
}

static void on_setup(const cJSON *message)
{
    struct instance *instance = find("");
    const char *how;

    setups++;
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

/* ---- runs */

static void add_pair(cJSON *list, const char *name, const char *value)
{
    cJSON *pair = cJSON_CreateArray();

    cJSON_AddItemToArray(pair, cJSON_CreateString(name));
    cJSON_AddItemToArray(pair, cJSON_CreateString(value));
    cJSON_AddItemToArray(list, pair);
}

static void add_number(cJSON *list, const char *name, int value)
{
    char text[32];

    snprintf(text, sizeof text, "%d", value);
    add_pair(list, name, text);
}

static void add_json(cJSON *list, const char *name, const cJSON *value)
{
    char *text = value ? cJSON_PrintUnformatted(value) : NULL;

    add_pair(list, name, text ? text : "");
    free(text);
}

/* All that this host was told. */
static void report(cJSON *details, const struct run *run)
{
    static const char *const told[] = { "name", "operation", "saved" };

    for (int i = 0; i < 3; i++)
        add_pair(details, told[i], text_of(run->instance->message, told[i]));
    add_json(details, "conf", run->instance->conf);
    add_json(details, "flags", cJSON_GetObjectItemCaseSensitive(run->message, "flags"));
    add_pair(details, "left_ns", text_of(run->message, "left_ns"));
    add_pair(details, "path", text_of(hello, "path"));
    add_json(details, "protocol", cJSON_GetObjectItemCaseSensitive(hello, "protocol"));
    add_pair(details, "version", text_of(hello, "version"));
    add_json(details, "limits", cJSON_GetObjectItemCaseSensitive(hello, "limits"));
    add_number(details, "hellos", hellos);
    add_number(details, "cancels", cancels);
    add_number(details, "teardowns", teardowns);
    add_number(details, "setups", setups);
    add_number(details, "pings", pings);
    add_number(details, "refusals", refusals);
}

static cJSON *make_done(const struct run *run, const char *status, const char *reason)
{
    cJSON *done = make("done", "run", run->id), *metrics, *metric, *details;

    cJSON_AddStringToObject(done, "status", status);
    cJSON_AddStringToObject(done, "reason", reason);
    cJSON_AddStringToObject(done, "summary", "as it was told");
    cJSON_AddStringToObject(done, "duration_ns", "1234567890123456789");
    cJSON_AddNumberToObject(done, "late_ms", number_of(run->instance->conf, "late", 0));
    metrics = cJSON_AddArrayToObject(done, "metrics");
    metric = cJSON_CreateArray();
    cJSON_AddItemToArray(metric, cJSON_CreateString("time"));
    cJSON_AddItemToArray(metric, cJSON_CreateNumber(0.25));
    cJSON_AddItemToArray(metric, cJSON_CreateString("s"));
    cJSON_AddItemToArray(metrics, metric);
    details = cJSON_AddArrayToObject(done, "details");
    if (strcmp(text_of(run->instance->conf, "run"), "report") == 0)
        report(details, run);
    return done;
}

static void end(struct run *run, const char *status, const char *reason)
{
    cJSON *done = make_done(run, status, reason);
    const char *spoil = text_of(run->instance->conf, "spoil");

    if (spoil[0] != '\0') { /* one field of another type */
        cJSON_DeleteItemFromObject(done, spoil);
        cJSON_AddNumberToObject(done, spoil, 7);
    }
    say(done);
    snprintf(old_id, sizeof old_id, "%s", run->id);
    run->instance->running = false;
    cJSON_Delete(run->message);
    memset(run, 0, sizeof *run);
}

static void end_due(struct run *run)
{
    const char *status = text_of(run->instance->conf, "status"), *reason = text_of(run->instance->conf, "reason");

    end(run, status[0] ? status : "ok", reason);
}

static void print_much(const char *how, double n)
{
    for (int i = 0; i < (int)n; i++) {
        if (strcmp(how, "stderr") == 0)
            fprintf(stderr, "line %d of many\n", i);
        else
            say_text("{\"type\":\"log\",\"level\":\"warning\",\"text\":\"line of many\",\"name\":\"a.check\"}");
    }
}

static void say_huge(const char *run)
{
    char *text = malloc(HUGE_LINE);

    if (!text)
        exit(1);
    memset(text, 'x', HUGE_LINE);
    memcpy(text, "{\"type\":\"done\",\"run\":\"", 22);
    memcpy(text + 22, run, 32);
    memcpy(text + 54, "\",\"summary\":\"", 13);
    memcpy(text + HUGE_LINE - 3, "\"}\n", 3);
    put(text, HUGE_LINE);
    free(text);
}

static void say_save(const struct instance *instance)
{
    cJSON *save = make("save", "instance", instance->id);

    cJSON_AddStringToObject(save, "bytes", text_of(instance->conf, "bytes"));
    say(save);
}

static void fill_save(const struct instance *instance, size_t n)
{
    cJSON *save = make("save", "instance", instance->id);
    char *text = malloc(n + 1);

    if (!text)
        exit(1);
    memset(text, 'A', n);
    text[n] = '\0';
    cJSON_AddStringToObject(save, "bytes", text);
    say(save);
    free(text);
}

static void say_progress(const struct run *run)
{
    cJSON *message = make("progress", "run", run->id);

    cJSON_AddStringToObject(message, "text", "half way");
    say(message);
}

/* Things that the run then survives. */
static void act(const struct run *run, const char *how)
{
    const cJSON *conf = run->instance->conf;

    if (strcmp(how, "stderr") == 0 || strcmp(how, "log") == 0)
        print_much(how, number_of(conf, "n", 1));
    else if (strcmp(how, "save") == 0)
        say_save(run->instance);
    else if (strcmp(how, "save_big") == 0)
        fill_save(run->instance, 8192);
    else if (strcmp(how, "progress") == 0)
        say_progress(run);
    for (int i = 0; strcmp(how, "nudge") == 0 && i < (int)number_of(conf, "n", 1); i++)
        say(make("nudge", "instance", run->instance->id));
}

/* `crumb`: what is written there, "run" or "setup" (of the instance, between runs). */
static void drop_crumb(const struct run *run)
{
    const char *how = text_of(run->instance->conf, "crumb");

    if (!crumb || how[0] == '\0')
        return;
    snprintf(crumb->plugin, sizeof crumb->plugin, "%.40s", text_of(run->instance->message, "operation"));
    snprintf(crumb->check, sizeof crumb->check, "%.100s", text_of(run->instance->message, "name"));
    snprintf(crumb->run, sizeof crumb->run, "%.32s", strcmp(how, "run") == 0 ? run->id : "");
    atomic_store(&crumb->since, clock_awake());
}

/* Things that end the process, or should. */
static void misbehave(const struct run *run, const char *how)
{
    if (strcmp(how, "die") == 0)
        die(SIGSEGV);
    if (strcmp(how, "exit") == 0)
        exit(3);
    if (strcmp(how, "garbage") == 0)
        say_text("this is no JSON {");
    if (strcmp(how, "bad_utf8") == 0)
        say_text("{\"type\":\"log\",\"text\":\"\xff\xfe\"}");
    if (strcmp(how, "no_type") == 0)
        say_text("{\"run\":\"x\"}");
    if (strcmp(how, "array") == 0)
        say_text("[1,2]");
    if (strcmp(how, "unknown_type") == 0)
        say(make("surprise", "run", run->id));
    if (strcmp(how, "wrong_id") == 0)
        say(make("done", "run", "0123456789abcdef0123456789abcdef"));
    if (strcmp(how, "instance_as_run") == 0)
        say(make("done", "run", run->instance->id));
    if (strcmp(how, "no_id") == 0)
        say(make("done", NULL, NULL));
    if (strcmp(how, "pong_early") == 0)
        say_text("{\"type\":\"pong\",\"sequence\":1000}");
    if (strcmp(how, "save_bad") == 0)
        say(make("save", "instance", run->instance->id));
    if (strcmp(how, "huge") == 0)
        say_huge(run->id);
    if (strcmp(how, "half_line") == 0) {
        put("{\"type\":\"do", 11);
        exit(0);
    }
    if (strcmp(how, "close") == 0) {
        close(0);
        close(1);
        for (;;)
            pause();
    }
    while (strcmp(how, "spin") == 0)
        pause();
}

static void start(struct run *run)
{
    const cJSON *conf = run->instance->conf;
    const char *how = text_of(conf, "run");

    if (run->instance->running) {
        end(run, "fail", "two_at_once");
        return;
    }
    run->instance->running = true;
    run->instance->starts++;
    if (!still(conf))
        how = "";
    act(run, how);
    if (how[0] != '\0')
        drop_crumb(run);
    misbehave(run, how);
    if (strcmp(how, "old_id") == 0 && old_id[0])
        say(make("done", "run", old_id));
    if (strcmp(how, "never") == 0)
        return;
    if (strcmp(how, "silent") == 0) { /* a peer that says nothing until the deadline */
        run->due = now_ms() + strtoll(text_of(run->message, "left_ns"), NULL, 10) / 1000000;
        return;
    }
    if (number_of(conf, "ms", 0) > 0) {
        run->due = now_ms() + (long long)number_of(conf, "ms", 0);
        return;
    }
    if (strcmp(how, "twice") == 0) {
        say(make_done(run, "ok", ""));
        say(make_done(run, "fail", "second"));
    }
    end_due(run);
}

static void on_start(const cJSON *message)
{
    struct instance *instance = find(text_of(message, "instance"));
    int i = 0;

    if (!instance) {
        fprintf(stderr, "start of an instance that was never set up\n");
        exit(77);
    }
    while (runs[i].id[0] != '\0')
        i++;
    snprintf(runs[i].id, sizeof runs[i].id, "%s", text_of(message, "run"));
    runs[i].instance = instance;
    runs[i].message = cJSON_Duplicate(message, 1);
    runs[i].due = -1;
    start(&runs[i]);
}

static void on_cancel(const cJSON *message)
{
    cancels++;
    for (int i = 0; i < MOST; i++)
        if (runs[i].id[0] && strcmp(runs[i].id, text_of(message, "run")) == 0 && strcmp(text_of(runs[i].instance->conf, "cancel"), "ignore") != 0)
            end(&runs[i], "unknown", "cancelled");
}

static void on_teardown(const cJSON *message)
{
    struct instance *instance = find(text_of(message, "instance"));

    teardowns++;
    if (!instance)
        return;
    for (int i = 0; i < MOST; i++)
        if (runs[i].id[0] && runs[i].instance == instance)
            end(&runs[i], "unknown", "torn_down");
    cJSON_Delete(instance->message);
    memset(instance, 0, sizeof *instance);
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
        pings++;
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
        if (runs[i].id[0] && runs[i].due >= 0 && (first < 0 || runs[i].due < first))
            first = runs[i].due;
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
            if (runs[i].id[0] && runs[i].due >= 0 && runs[i].due <= now)
                end_due(&runs[i]);
    }
}
