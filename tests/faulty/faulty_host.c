/*
 * A plugin over the protocol (docs/plugin-protocol.md) that keeps to it but for one thing: faulty-host FAULT AFTER, where the fault of a run comes after so many
 * good runs. It is a program of its own, in C because fifty of them are started at once.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINE = 1 << 20, ID = 64, WIRE = 0, LONG = 5 << 20, DEEP = 100000, FLOOD = 20000 };

static const char *fault;
static char line[LINE], run[ID], instance[ID];

static bool is(const char *name)
{
    return strcmp(fault, name) == 0;
}

static void put(const char *bytes, size_t n)
{
    while (n > 0) {
        const ssize_t written = write(WIRE, bytes, n);

        if (written <= 0)
            exit(1);
        bytes += written;
        n -= (size_t)written;
    }
}

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    static char text[LINE];
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(text, sizeof text - 1, format, ap);
    va_end(ap);
    text[n] = '\n';
    put(text, (size_t)n + 1);
}

static void put_many(char byte, size_t n)
{
    char *bytes = malloc(n);

    if (!bytes)
        exit(1);
    memset(bytes, byte, n);
    put(bytes, n);
    free(bytes);
}

static void put_binary(void)
{
    char bytes[256];

    for (int i = 0; i < 256; i++)
        bytes[i] = (char)i;
    for (int i = 0; i < 64; i++)
        put(bytes, sizeof bytes);
    put("\n", 1);
}

static _Noreturn void hang(void)
{
    for (;;)
        pause();
}

/* ---- hello and load */

static void say_hello(int protocol)
{
    say("{\"type\":\"hello\",\"protocol\":%d,\"name\":\"faulty-host\",\"version\":\"1\",\"pid\":%ld}", protocol, (long)getpid());
}

static void begin(void)
{
    if (is("never_hello"))
        hang();
    if (is("close_at_once"))
        exit(0);
    if (is("speaks_first"))
        say("{\"type\":\"pong\",\"sequence\":1}");
    if (is("binary_hello"))
        put_binary();
    say_hello(is("other_protocol") ? 2 : 1);
    if (is("hello_twice"))
        say_hello(1);
}

static void describe(void)
{
    const char *name = is("described_other") ? "Not A Name" : fault;
    const char *options = is("described_types") ? "{\"name\":\"a\",\"type\":\"soup\"}" : "";

    if (is("never_described"))
        return;
    if (is("described_without"))
        say("{\"type\":\"described\",\"plugin\":\"%s\"}", fault);
    else if (is("described_nothing"))
        say("{\"type\":\"described\",\"plugin\":\"%s\",\"description\":{}}", fault);
    else if (is("described_list"))
        say("{\"type\":\"described\",\"plugin\":\"%s\",\"description\":[1,2,3]}", fault);
    else if (is("described_numbers"))
        say("{\"type\":\"described\",\"plugin\":\"%s\",\"description\":{\"name\":7,\"operations\":\"many\"}}", fault);
    else
        say("{\"type\":\"described\",\"plugin\":\"%s\",\"description\":{\"name\":\"%s\",\"version\":\"1.0.0\",\"license\":\"MIT\",\"summary\":\"Faulty.\",\"abi\":\"1.0\","
            "\"operations\":[{\"kind\":\"check\",\"name\":\"%s\",\"summary\":\"Faulty.\",\"options\":[%s],\"metrics\":[]}]}}",
            is("described_stranger") ? "stranger" : fault, fault, name, options);
}

/* ---- runs */

static void end(const char *of, const char *status, const char *more)
{
    say("{\"type\":\"done\",\"run\":%s,\"status\":\"%s\",\"reason\":\"wire.good\",\"summary\":\"nothing was wrong\"%s}", of, status, more);
}

static void end_well(void)
{
    end(run, "ok", "");
}

static void end_hugely(void)
{
    static char text[LINE], word[5001];
    size_t n = 0;

    memset(word, 'y', sizeof word - 1);
    n += (size_t)snprintf(text + n, sizeof text - n, ",\"metrics\":[[\"m\",1,\"\"]");
    for (int i = 0; i < 1000; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, ",[\"m%d\",%d,\"\"]", i, i);
    n += (size_t)snprintf(text + n, sizeof text - n, "],\"details\":[[\"d\",\"\"]");
    for (int i = 0; i < 100; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, ",[\"d%d\",\"%s\"]", i, word);
    snprintf(text + n, sizeof text - n, "]");
    end(run, "ok", text);
}

static void half_a_line(void)
{
    put("{\"type\":\"done\",\"run\":\"", 22);
    hang();
}

static void long_line(void)
{
    put_many('x', LONG);
}

static void deep(void)
{
    put("{\"type\":", 8);
    put_many('[', DEEP);
    put("\n", 1);
}

static void bad_text(void)
{
    static const char text[] = "{\"type\":\"\xff\xfe\"}\n";

    put(text, sizeof text - 1);
}

static void no_json(void)
{
    say("hello?");
}

static void no_object(void)
{
    say("[1,2,3]");
}

static void no_type(void)
{
    say("{\"run\":\"1\"}");
}

static void type_number(void)
{
    say("{\"type\":7}");
}

static void empty_line(void)
{
    say("%s", "");
}

static void unknown_type(void)
{
    say("{\"type\":\"launch_missiles\"}");
}

static void unknown_run(void)
{
    end("\"never\"", "ok", "");
}

static void number_run(void)
{
    end("7", "ok", "");
}

static void no_run(void)
{
    say("{\"type\":\"done\",\"status\":\"ok\"}");
}

static void instance_as_run(void)
{
    end(instance, "ok", "");
}

static void done_twice(void)
{
    end_well();
    end(run, "fail", "");
}

static void bad_status(void)
{
    end(run, "splendid", "");
}

static void bad_metrics(void)
{
    end(run, "ok", ",\"metrics\":[[\"a\",\"b\",\"c\"],7]");
}

static void bad_duration(void)
{
    end(run, "ok", ",\"duration_ns\":\"1e9 or so\"");
}

static void odd_numbers(void)
{
    end(run, "ok", ",\"metrics\":[[\"a\",1e999,\"s\"],[\"b\",-1e999,\"\"],[\"c\",3,\"\"]]");
}

static void leave(void)
{
    exit(5);
}

static void close_it(void)
{
    shutdown(WIRE, SHUT_RDWR);
    hang();
}

static void bad_save(void)
{
    say("{\"type\":\"save\",\"instance\":%s,\"bytes\":\"!!!\"}", instance);
}

static void foreign_pong(void)
{
    say("{\"type\":\"pong\",\"sequence\":1000000}");
}

static void flood(void)
{
    for (int i = 0; i < FLOOD; i++)
        say("{\"type\":\"progress\",\"run\":%s,\"text\":\"on and on\"}", run);
    end_well();
}

static void stay_silent(void)
{
}

static void start(void)
{
    static const struct {
        const char *name;
        void (*act)(void);
    } faults[] = {
        { "binary", put_binary }, { "no_json", no_json }, { "no_object", no_object }, { "no_type", no_type }, { "type_number", type_number },
        { "empty_line", empty_line }, { "deep", deep }, { "long_line", long_line }, { "bad_text_wire", bad_text }, { "half_line", half_a_line },
        { "unknown_type", unknown_type }, { "unknown_run", unknown_run }, { "number_run", number_run }, { "no_run", no_run },
        { "instance_as_run", instance_as_run }, { "done_twice_wire", done_twice }, { "bad_status_wire", bad_status }, { "bad_metrics_wire", bad_metrics },
        { "bad_duration_wire", bad_duration }, { "odd_numbers", odd_numbers }, { "huge_done", end_hugely }, { "exits", leave }, { "closes", close_it },
        { "never_done_wire", stay_silent }, { "bad_save", bad_save }, { "foreign_pong", foreign_pong }, { "progress_flood_wire", flood },
    };

    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        if (is(faults[i].name)) {
            faults[i].act();
            return;
        }
    }
    end_well();
}

/* ---- what it is told */

/* The string of that field, with its quotes, or a number; "": none. */
static void find(const char *field, char value[ID])
{
    const char *at = strstr(line, field);
    size_t n = 0;

    if (at)
        for (at += strlen(field); n < ID - 1 && at[n] && !strchr(",}", at[n]); n++)
            value[n] = at[n];
    value[n] = '\0';
}

static bool told(const char *type)
{
    char wanted[ID];

    snprintf(wanted, sizeof wanted, "\"type\":\"%s\"", type);
    return strstr(line, wanted) != NULL;
}

static void take(long after)
{
    static long runs;
    char id[ID];

    find("\"run\":", run);
    find("\"instance\":", instance);
    if (told("load")) {
        describe();
    } else if (told("setup") && !is("never_ready")) {
        say("{\"type\":\"ready\",\"instance\":%s}", instance);
    } else if (told("start")) {
        if (runs++ < after)
            end_well();
        else
            start();
    } else if (told("ping") && !is("no_pong")) {
        find("\"sequence\":", id);
        say("{\"type\":\"pong\",\"sequence\":%s}", id);
    } else if (told("quit")) {
        exit(0);
    }
}

int main(int argc, char **argv)
{
    FILE *wire = fdopen(WIRE, "r");

    if (argc != 3 || !wire)
        return 2;
    fault = argv[1];
    begin();
    while (fgets(line, sizeof line, wire))
        take(strtol(argv[2], NULL, 10));
    return 0;
}
