/*
 * talon-keeper: the parent of the supervised programs (keeper.h), a small child of the guard. One loop over the guard's socket, the core's lines and the signals'
 * pipe. It starts, signals and reaps, and decides nothing: what should run is the core's to know. Signals to it alone change nothing, since a supervisor that stops
 * all processes of Talon at once tells the guard, too, and that says how.
 */
#include "programs/keeper.h"

#include "base/buffer.h"
#include "base/moment.h"
#include "base/os/clock.h"
#include "base/os/lines.h"
#include "base/os/log.h"
#include "base/os/pass.h"
#include "base/os/process.h"
#include "base/text.h"
#include "programs/held.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { USAGE = 3, ARGUMENTS = 1024, LINES_AT_ONCE = 64 };

static struct {
    struct helds helds;
    struct lines *core; /* NULL: there is none now */
    bool draining, over;
} keeper;

static int signals[2] = { -1, -1 };

/* ---- saying */

static void begin(struct buffer *line, const char *is, const char *name)
{
    *line = buffer_make(KEEPER_LINE);
    buffer_printf(line, "{\"is\":\"%s\",\"name\":", is);
    text_json(line, name, strlen(name));
}

static void add_text(struct buffer *line, const char *key, const char *text)
{
    buffer_printf(line, ",\"%s\":", key);
    text_json(line, text, strlen(text));
}

/* A core that does not read is no reason to stand still: the next one asks for the whole list. */
static bool end(struct buffer *line)
{
    bool said;

    buffer_char(line, '}');
    said = !line->failed && keeper.core && lines_send(keeper.core, line->data, line->len);
    if (!said)
        log_warn("the core does not take what the keeper says", NULL);
    buffer_free(line);
    return said;
}

static void say_why(const char *is, const char *name, const char *why)
{
    struct buffer line;

    begin(&line, is, name);
    add_text(&line, "why", why);
    end(&line);
}

static void say_held(const char *is, const struct held *held)
{
    struct buffer line;

    begin(&line, is, held->name);
    buffer_printf(&line, ",\"pid\":%ld,\"started\":\"%" PRIu64 "\"", (long)held->pid, held->started);
    end(&line);
}

/* Once it is told, its place is free. With no core to hear it, it stays. */
static void say_ended(struct held *held)
{
    struct buffer line;

    if (!keeper.core)
        return;
    begin(&line, "ended", held->name);
    buffer_printf(&line, ",\"pid\":%ld", (long)held->pid);
    add_text(&line, "how", held->how);
    if (end(&line))
        held->name[0] = '\0';
}

static void say_ends(void)
{
    for (size_t i = 0; i < keeper.helds.used; i++)
        if (keeper.helds.all[i].name[0] && keeper.helds.all[i].ended)
            say_ended(&keeper.helds.all[i]);
}

/* ---- what the core asks for */

static const char *text_of(const cJSON *json, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);

    return cJSON_IsString(item) ? item->valuestring : "";
}

static long number_of(const cJSON *json, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);

    return cJSON_IsNumber(item) && item->valuedouble > -1e9 && item->valuedouble < 1e9 ? (long)item->valuedouble : 0;
}

/* NULL-terminated, borrowed from the JSON. */
static void take_list(const cJSON *json, const char *key, const char *list[ARGUMENTS + 1])
{
    const cJSON *item;
    size_t n = 0;

    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(json, key)) if (n < ARGUMENTS && cJSON_IsString(item)) list[n++] = item->valuestring;
    list[n] = NULL;
}

/* A place with all that is kept of it. NULL: why. */
static struct held *place(const cJSON *json, const char **why)
{
    const char *name = text_of(json, "name");
    struct held *held = held_find(&keeper.helds, name);

    *why = keeper.draining ? "Talon is being stopped" : held ? "it is there already" : "the keeper has too many programs";
    if (keeper.draining || held || name[0] == '\0' || strlen(name) >= HELD_NAME)
        return NULL;
    held = held_place(&keeper.helds);
    if (!held)
        return NULL;
    *held = (struct held){ .kill_at = HELD_NEVER, .rotate = strtoull(text_of(json, "rotate"), NULL, 10), .signal = (int)number_of(json, "signal"),
                           .wait = strtoull(text_of(json, "wait"), NULL, 10) };
    snprintf(held->name, sizeof held->name, "%s", name);
    snprintf(held->log, sizeof held->log, "%s", text_of(json, "log"));
    snprintf(held->log_errors, sizeof held->log_errors, "%s", text_of(json, "log_errors"));
    return held;
}

static void do_start(const cJSON *json)
{
    const char *argv[ARGUMENTS + 1], *env[ARGUMENTS + 1], *folder = text_of(json, "folder"), *bad;
    const struct held_start start = { .argv = argv, .env = env, .folder = folder[0] ? folder : NULL };
    struct held *held = place(json, &bad);
    char why[512];

    take_list(json, "argv", argv);
    take_list(json, "env", env);
    if (!held) {
        say_why("refused", text_of(json, "name"), bad);
    } else if (!argv[0] || !held_begin(held, &start, why, sizeof why)) {
        say_why("refused", text_of(json, "name"), argv[0] ? why : "it has no command");
        held->name[0] = '\0';
    } else {
        say_held("started", held);
    }
}

static void do_adopt(const cJSON *json)
{
    const char *bad;
    struct held *held = place(json, &bad);

    if (!held) {
        say_why("refused", text_of(json, "name"), bad);
        return;
    }
    held->pid = (pid_t)number_of(json, "pid");
    held->started = strtoull(text_of(json, "started"), NULL, 10);
    if (held_adopt(held))
        say_held("held", held);
    else
        say_why("refused", text_of(json, "name"), "that process has ended");
}

static void do_stop(const cJSON *json)
{
    struct held *held = held_find(&keeper.helds, text_of(json, "name"));

    if (held)
        held_stop(held, clock_awake(), false);
    else
        say_why("refused", text_of(json, "name"), "it is not there");
}

static void do_list(const cJSON *json)
{
    struct buffer line;

    (void)json;
    say_ends();
    for (size_t i = 0; i < keeper.helds.used; i++)
        if (keeper.helds.all[i].name[0])
            say_held("held", &keeper.helds.all[i]);
    begin(&line, "listed", "");
    end(&line);
}

/* Secrets were in it. */
static void wipe(char *text, size_t n)
{
    volatile char *bytes = text;

    while (n-- > 0)
        *bytes++ = 0;
}

static void wipe_json(cJSON *json)
{
    for (; json; json = json->next) {
        if (json->valuestring)
            wipe(json->valuestring, strlen(json->valuestring));
        wipe_json(json->child);
    }
}

static void on_line(void *arg, char *text, size_t n)
{
    static const struct {
        const char *what;
        void (*call)(const cJSON *json);
    } known[] = { { "start", do_start }, { "stop", do_stop }, { "adopt", do_adopt }, { "list", do_list } };
    cJSON *json = cJSON_ParseWithLength(text, n);
    const char *what = text_of(json, "do");

    (void)arg;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].what, what) == 0)
            known[i].call(json);
    wipe_json(json);
    wipe(text, n);
    cJSON_Delete(json);
}

static void hear_core(void)
{
    enum lines_outcome outcome;

    do {
        outcome = lines_read(keeper.core, LINES_AT_ONCE, on_line, NULL);
    } while (outcome == LINES_MORE && lines_pending(keeper.core));
    if (outcome == LINES_MORE)
        return;
    lines_free(keeper.core);
    keeper.core = NULL;
}

/* ---- what the guard says */

static void take_core(int fd)
{
    struct lines *lines = fd >= 0 ? lines_create(fd, KEEPER_LINE, KEEPER_QUEUE) : NULL;

    if (!lines) {
        log_warn("the keeper cannot take a new core", NULL);
        if (fd >= 0)
            close(fd);
        return;
    }
    lines_free(keeper.core);
    keeper.core = lines;
}

static void drain(bool at_once)
{
    const uint64_t now = clock_awake();

    keeper.draining = true;
    for (size_t i = 0; i < keeper.helds.used; i++)
        held_stop(&keeper.helds.all[i], now, at_once);
}

static void hear_guard(void)
{
    ssize_t n;
    char byte;
    int fd;

    while ((n = pass_receive(STDIN_FILENO, &byte, &fd)) > 0) {
        if (byte == KEEPER_CORE)
            take_core(fd);
        else if (byte == KEEPER_DRAIN || byte == KEEPER_NOW)
            drain(byte == KEEPER_NOW);
    }
    if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
        keeper.over = true;
}

/* ---- the loop */

static void on_signal(int number)
{
    const int error = errno;

    (void)number;
    (void)!write(signals[1], "", 1);
    errno = error;
}

static bool catch_signals(void)
{
    static const int ignored[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGXFSZ, SIGUSR1, SIGUSR2 }, caught[] = { SIGCHLD };
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART | SA_NOCLDSTOP }, ignore = { .sa_handler = SIG_IGN };

    if (pipe(signals) != 0)
        return false;
    for (int i = 0; i < 2; i++) {
        fcntl(signals[i], F_SETFD, FD_CLOEXEC);
        fcntl(signals[i], F_SETFL, O_NONBLOCK);
    }
    sigemptyset(&action.sa_mask);
    sigemptyset(&ignore.sa_mask);
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        sigaction(ignored[i], &ignore, NULL);
    sigaction(caught[0], &action, NULL);
    return true;
}

static void empty_pipe(void)
{
    char bytes[64];

    while (read(signals[0], bytes, sizeof bytes) > 0)
        ;
}

static int next_ms(void)
{
    const uint64_t now = clock_awake(), due = held_due(&keeper.helds, now);

    if (due == HELD_NEVER)
        return -1;
    return due <= now ? 0 : (int)((due - now) / NS_PER_MS) + 1;
}

static void turn(void)
{
    struct pollfd fds[3] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = signals[0], .events = POLLIN }, { .fd = -1 } };

    if (keeper.core) {
        fds[2].fd = lines_fd(keeper.core);
        fds[2].events = (short)(POLLIN | (lines_queued(keeper.core) > 0 ? POLLOUT : 0));
    }
    poll(fds, 3, next_ms());
    empty_pipe();
    hear_guard();
    if (keeper.core)
        hear_core();
    held_reap(&keeper.helds);
    say_ends();
    held_look(&keeper.helds, clock_awake());
    if (keeper.core && lines_flush(keeper.core) == LINES_BROKEN) {
        lines_free(keeper.core);
        keeper.core = NULL;
    }
    keeper.over = keeper.over || (keeper.draining && held_living(&keeper.helds) == 0);
}

int main(int argc, char **argv)
{
    int type;
    socklen_t n = sizeof type;

    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return printf("talon-keeper %s\n", TALON_VERSION) < 0;
    if (argc != 1 || getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &n) != 0) {
        fprintf(stderr, "talon-keeper: is started by `talon run`: use that\n");
        return USAGE;
    }
    log_open(&(struct log_settings){ .level = LOG_LEVEL_INFO, .to_stderr = true });
    if (!catch_signals())
        return USAGE;
    process_adopt_orphans();
    while (!keeper.over)
        turn();
    if (keeper.draining)
        held_settle();
    lines_free(keeper.core);
    log_close();
    return 0;
}
