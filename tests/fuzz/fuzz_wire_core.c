/*
 * Fuzz target: what a plugin host says to the core. The input is that host's lines, answered by a core that has a description, two questions, two
 * instances and their runs open; a line that begins with `!` goes to its standard error. `@run`, `@instance` and `@question` stand for the ids that the core
 * gave out last, since nobody could guess those. No process is started: child_start() is here, and so is chance.
 */
#include "fuzz.h"

#include "base/os/child.h"
#include "base/os/crumb.h"
#include "base/os/loop.h"
#include "base/os/random.h"
#include "base/text.h"
#include "hosts/hosts_private.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NOBODY = 0x7ffffff0, MOST_RUNS = 8, INSTANCES = 2, ID = ID_TEXT - 1 };

static struct ev_loop *loop;
static int talk, errors; /* the host's ends; -1: not started */
static uint64_t chance;
static struct crumb crumb;
static char run[ID_TEXT], instance[ID_TEXT], question[ID_TEXT];

struct use {
    struct hosts_instance *instance;
    struct hosts_run *run;
    unsigned runs;
};

/* ---- instead of the system */

uint64_t random_id(void)
{
    return ++chance;
}

/* The pid is none that a system gives: signals to it go nowhere, and waiting for it ends at once. */
pid_t child_start(const struct child_request *request, char *why, size_t why_size)
{
    (void)why, (void)why_size;
    talk = fcntl(request->in, F_DUPFD_CLOEXEC, 3);
    errors = fcntl(request->err, F_DUPFD_CLOEXEC, 3);
    MUST(talk >= 0 && errors >= 0, "there is no descriptor left");
    return NOBODY;
}

int child_find(const char *program, const char *path, char *found, size_t found_size)
{
    (void)program, (void)path, (void)found, (void)found_size;
    return 0;
}

struct crumb *crumb_create(char name[CRUMB_NAME])
{
    snprintf(name, CRUMB_NAME, "/talon-fuzz");
    return &crumb;
}

void crumb_unlink(const char *name)
{
    (void)name;
}

void crumb_close(struct crumb *shared)
{
    (void)shared;
}

/* It died in the run that it was given last. */
struct crumb crumb_read(const struct crumb *shared)
{
    struct crumb copy = { .plugin = "mine", .check = "mine.0" };

    (void)shared;
    copy.since = run[0] != '\0';
    memcpy(copy.run, run, sizeof run);
    return copy;
}

/* ---- who uses the hosts */

static void on_described(void *arg, const char *plugin, const char *description, const char *why)
{
    (void)arg;
    MUST(strcmp(plugin, "mine") == 0, "another plugin than that which was asked for was described");
    MUST(!description != !why, "a plugin was described and refused, or neither");
}

static void on_validated(void *arg, const struct hosts_problem *problems, size_t n)
{
    (void)arg;
    MUST(!problems == (n == 0), "there are problems and none");
    for (size_t i = 0; i < n; i++)
        MUST(problems[i].text != NULL, "a problem without a sentence");
}

static void on_nudge(void *arg)
{
    (void)arg;
}

static void on_save(void *arg, const void *bytes, size_t n)
{
    (void)arg;
    MUST(n <= HOSTS_SAVED && bytes, "more was saved than may be");
}

static bool is_text(const char *text, size_t most)
{
    const size_t n = strlen(text);

    return n <= most && text_valid_utf8(text, n) == n;
}

static void on_done(void *arg, struct result *result)
{
    struct use *use = arg;

    MUST(result != NULL, "a run ended without a result");
    MUST(result->n_metrics <= RESULT_METRICS && result->n_details <= RESULT_DETAILS, "a result is larger than may be");
    MUST(is_text(result->reason, RESULT_REASON_SIZE) && is_text(result->summary, RESULT_SUMMARY_SIZE), "a result holds what is no text of its size");
    for (size_t i = 0; i < result->n_details; i++)
        MUST(is_text(result->details[i].value, RESULT_DETAIL_SIZE), "a detail is no text of its size");
    result_drop(result);
    use->run = NULL;
}

static void begin_runs(struct use uses[INSTANCES])
{
    for (size_t i = 0; i < INSTANCES; i++)
        if (!uses[i].run && uses[i].runs++ < MOST_RUNS)
            uses[i].run = hosts_start(uses[i].instance, 10 * (uint64_t)NS_PER_S, i == 0 ? HOSTS_ONCE : HOSTS_NUDGED, on_done, &uses[i]);
}

static void begin(struct hosts *hosts, struct use uses[INSTANCES])
{
    static const char *const command[] = { "/fuzz/mine", NULL };
    const struct hosts_plugin plugin = { .name = "mine", .command = command, .own_host = true };
    char name[16];

    MUST(hosts_describe(hosts, &plugin, on_described, NULL), "no memory");
    for (size_t i = 0; i < INSTANCES; i++) {
        const struct hosts_instance_request request = {
            .plugin = "mine", .operation = i == 0 ? "mine" : "mine.act", .name = name, .conf = "{\"a\":1}", .nudge = on_nudge, .save = on_save };

        snprintf(name, sizeof name, "mine.%zu", i);
        hosts_validate(hosts, "mine", "mine", "{}", on_validated, NULL);
        uses[i] = (struct use){ .instance = hosts_setup(hosts, &request) };
        MUST(uses[i].instance != NULL, "no memory");
    }
    begin_runs(uses);
}

/* ---- the wire */

static void note(const char *line, const char *field, char id[ID_TEXT])
{
    const char *found = strstr(line, field);

    if (!found || strlen(found + strlen(field)) < ID)
        return;
    memcpy(id, found + strlen(field), ID);
    id[ID] = '\0';
}

static void on_wire(void *arg, const char *host, bool sent, const char *line, size_t n)
{
    char text[512];

    (void)arg, (void)host;
    if (!sent)
        return;
    snprintf(text, sizeof text, "%.*s", (int)(n < sizeof text ? n : sizeof text - 1), line);
    note(text, "\"run\":\"", run);
    note(text, "\"instance\":\"", instance);
    note(text, "\"id\":\"", question);
}

/* What the core has written goes nowhere. */
static void turn(void)
{
    char bytes[4096];

    ev_run(loop, EVRUN_NOWAIT);
    while (talk >= 0 && recv(talk, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        ;
}

/* Some of it may be refused: a core that has given the host up reads no more. */
static void say(const char *text, size_t n)
{
    while (talk >= 0 && n > 0) {
        const ssize_t written = send(talk, text, n, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (written <= 0)
            return;
        text += written;
        n -= (size_t)written;
        turn();
    }
}

static void say_line(const char *line, size_t n)
{
    static const struct { const char *mark; const char *id; } marks[] = { { "@run", run }, { "@instance", instance }, { "@question", question } };
    const char *end = line + n;

    while (line < end) {
        const char *at = memchr(line, '@', (size_t)(end - line));

        say(line, (size_t)((at ? at : end) - line));
        line = at ? at : end;
        for (size_t i = 0; at && i < sizeof marks / sizeof *marks; i++) {
            if (strncmp(at, marks[i].mark, strlen(marks[i].mark)) == 0) {
                say(marks[i].id, strlen(marks[i].id));
                line += strlen(marks[i].mark);
            }
        }
        if (at && line == at) {
            say("@", 1);
            line++;
        }
    }
}

static void mutter(const char *text, size_t n)
{
    const ssize_t ignored = errors >= 0 && n < 4096 ? write(errors, text, n) : 0;

    (void)ignored;
}

/* ---- */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_no_log();
    loop = loop_create();
    MUST(loop != NULL, "there is no loop");
    return 0;
}

static void close_ends(void)
{
    if (talk >= 0)
        close(talk);
    if (errors >= 0)
        close(errors);
    talk = errors = -1;
}

static void feed(const char *text, size_t n, struct use uses[INSTANCES])
{
    const char *end = text + n;

    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text)), *next = newline ? newline + 1 : end;

        if (*text == '!')
            mutter(text + 1, (size_t)(next - text) - 1);
        else
            say_line(text, (size_t)(next - text));
        turn();
        begin_runs(uses);
        turn();
        text = next;
    }
}

/* Each line is heard, in pieces, as the socket takes them; then all is ended, and nothing may be left. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const struct hosts_settings settings = { .host_program = "/fuzz/host", .wire = on_wire };
    const int free_before = fcntl(0, F_DUPFD_CLOEXEC, 3);
    char *text = malloc(n + 1);
    struct hosts *hosts;
    struct use uses[INSTANCES];
    int free_after;

    close(free_before);
    talk = errors = -1;
    chance = 0;
    run[0] = instance[0] = question[0] = '\0';
    ev_now_update(loop);
    hosts = hosts_create(loop, &settings);
    MUST(text && hosts, "no memory");
    if (n > 0)
        memcpy(text, bytes, n);
    text[n] = '\0';
    begin(hosts, uses);
    turn();
    feed(text, n, uses);
    hosts_free(hosts);
    close_ends();
    turn();
    free(text);
    free_after = fcntl(0, F_DUPFD_CLOEXEC, 3);
    close(free_after);
    MUST(free_before == free_after, "a descriptor was left open");
    return 0;
}
