/* The runs of the fake host, and how they misbehave: see fake_talon.h. */
#include "fake_talon.h"

#include "base/os/clock.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HUGE_LINE = 5 << 20 };

static char old_id[64]; /* of a run that is over */

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
    add_pair(details, "path", text_of(fake.hello, "path"));
    add_json(details, "protocol", cJSON_GetObjectItemCaseSensitive(fake.hello, "protocol"));
    add_pair(details, "version", text_of(fake.hello, "version"));
    add_json(details, "limits", cJSON_GetObjectItemCaseSensitive(fake.hello, "limits"));
    add_number(details, "hellos", fake.hellos);
    add_number(details, "cancels", fake.cancels);
    add_number(details, "teardowns", fake.teardowns);
    add_number(details, "setups", fake.setups);
    add_number(details, "pings", fake.pings);
    add_number(details, "refusals", fake.refusals);
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

void end_due(struct run *run)
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

/* `crumb`: what is written there, "run" or "setup" (of the instance, between fake.runs). */
static void drop_crumb(const struct run *run)
{
    const char *how = text_of(run->instance->conf, "crumb");

    if (!fake.crumb || how[0] == '\0')
        return;
    snprintf(fake.crumb->plugin, sizeof fake.crumb->plugin, "%.40s", text_of(run->instance->message, "operation"));
    snprintf(fake.crumb->check, sizeof fake.crumb->check, "%.100s", text_of(run->instance->message, "name"));
    snprintf(fake.crumb->run, sizeof fake.crumb->run, "%.32s", strcmp(how, "run") == 0 ? run->id : "");
    atomic_store(&fake.crumb->since, clock_awake());
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

void on_start(const cJSON *message)
{
    struct instance *instance = find(text_of(message, "instance"));
    int i = 0;

    if (!instance) {
        fprintf(stderr, "start of an instance that was never set up\n");
        exit(77);
    }
    while (fake.runs[i].id[0] != '\0')
        i++;
    snprintf(fake.runs[i].id, sizeof fake.runs[i].id, "%s", text_of(message, "run"));
    fake.runs[i].instance = instance;
    fake.runs[i].message = cJSON_Duplicate(message, 1);
    fake.runs[i].due = -1;
    start(&fake.runs[i]);
}

void on_cancel(const cJSON *message)
{
    fake.cancels++;
    for (int i = 0; i < MOST; i++)
        if (fake.runs[i].id[0] && strcmp(fake.runs[i].id, text_of(message, "run")) == 0 && strcmp(text_of(fake.runs[i].instance->conf, "cancel"), "ignore") != 0)
            end(&fake.runs[i], "unknown", "cancelled");
}

void on_teardown(const cJSON *message)
{
    struct instance *instance = find(text_of(message, "instance"));

    fake.teardowns++;
    if (!instance)
        return;
    for (int i = 0; i < MOST; i++)
        if (fake.runs[i].id[0] && fake.runs[i].instance == instance)
            end(&fake.runs[i], "unknown", "torn_down");
    cJSON_Delete(instance->message);
    memset(instance, 0, sizeof *instance);
}
