/*
 * Fuzz target: what the core says to a plugin host. The input is the core's lines; its plugin is fuzz_plugin.c. A host that cannot believe what it was told
 * ends: here it is taken down as at any other end, and what had been begun for that line is given back. The system's limits, its processes and shared
 * objects are left out: limits.c, plugin.c and die.c of the host and process_linux.c have their stand-ins here.
 */
#define _GNU_SOURCE 1
#include "fuzz.h"
#include "fuzz_plugin.h"

#include "base/os/process.h"

#include "../../plugins/host/children.h"
#include "../../plugins/host/die.h"
#include "../../plugins/host/host.h"
#include "../../plugins/host/limits.h"
#include "../../plugins/host/owner.h"
#include "../../plugins/host/plugins.h"
#include "../../plugins/host/turn.h"
#include "../../plugins/host/wire.h"

#include <ev.h>
#include <fcntl.h>
#include <sanitizer/allocator_interface.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static jmp_buf end_of_host;

/* ---- die.c: memory that nobody holds any more after a jump is found by remembering what was taken */

enum { NOTED = 1 << 16 };

static const volatile void *noted[NOTED];
static bool noting;

static size_t slot_of(const volatile void *at)
{
    size_t i = ((uintptr_t)at >> 4) * 2654435761u % NOTED;

    while (noted[i] && noted[i] != at)
        i = (i + 1) % NOTED;
    return i;
}

static void on_malloc(const volatile void *at, size_t size)
{
    (void)size;
    if (noting && at)
        noted[slot_of(at)] = at;
}

/* Closes the gap, so that others are still found. */
static void on_free(const volatile void *at)
{
    size_t gap = noting && at ? slot_of(at) : 0;

    if (!noting || !at || !noted[gap])
        return;
    noted[gap] = NULL;
    for (size_t i = (gap + 1) % NOTED; noted[i]; i = (i + 1) % NOTED) {
        const volatile void *moved = noted[i];

        noted[i] = NULL;
        noted[slot_of(moved)] = moved;
    }
}

static void give_back(void)
{
    noting = false;
    for (size_t i = 0; i < NOTED; i++) {
        if (noted[i])
            free((void *)(uintptr_t)noted[i]);
        noted[i] = NULL;
    }
}

void die(const char *format, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    MUST(!owner_now(), "the host ends within a call of a plugin that does nothing wrong");
    wire_last_word(text);
    longjmp(end_of_host, 1);
}

void *must_alloc(size_t size)
{
    void *at = calloc(1, size ? size : 1);

    MUST(at != NULL, "more memory is wanted than an input may cost");
    return at;
}

void *must_resize(void *old, size_t size)
{
    void *at = realloc(old, size ? size : 1);

    MUST(at != NULL, "more memory is wanted than an input may cost");
    return at;
}

char *must_copy(const void *bytes, size_t n)
{
    char *copy = must_alloc(n + 1);

    if (n > 0)
        memcpy(copy, bytes, n);
    return copy;
}

char *must_string(const char *text)
{
    return text ? must_copy(text, strlen(text)) : NULL;
}

void wipe(void *bytes, size_t n)
{
    memset(bytes, 0, n);
}

void wipe_string(char *text)
{
    free(text);
}

/* ---- limits.c */

static const struct limits limits = { .memory = UINT64_MAX, .fds = 64, .children = 2, .timers = 4 };
static unsigned timers, children;

void limits_begin(void)
{
    timers = children = 0;
}

void limits_set(const struct limits *wanted)
{
    (void)wanted;
}

const struct limits *limits_now(void)
{
    return &limits;
}

void limits_lift(void)
{
}

void limits_lower(void)
{
}

bool limits_take_timer(void)
{
    return timers < limits.timers && ++timers > 0;
}

void limits_give_timer(void)
{
    MUST(timers-- > 0, "a timer was given back twice");
}

bool limits_take_child(void)
{
    return children < limits.children && ++children > 0;
}

void limits_give_child(void)
{
    MUST(children-- > 0, "a child was given back twice");
}

const char *limits_text(enum limit limit)
{
    (void)limit;
    return "the limit is reached";
}

/* A host that is told to quit would be ended by this if a plugin's last call hung. */
unsigned alarm(unsigned seconds)
{
    (void)seconds;
    return 0;
}

/* ---- process_linux.c: there are no other processes */

void process_adopt_orphans(void)
{
}

size_t process_children(pid_t *pids, size_t room)
{
    (void)pids, (void)room;
    return 0;
}

size_t process_marked(pid_t *pids, size_t room)
{
    (void)pids, (void)room;
    return 0;
}

bool process_mark(pid_t pid, const char *beginning, char *rest, size_t room)
{
    (void)pid, (void)beginning, (void)rest, (void)room;
    return false;
}

uint64_t process_started(pid_t pid)
{
    (void)pid;
    return 0;
}

bool process_is(pid_t pid, const char *name)
{
    (void)pid, (void)name;
    return false;
}

uint64_t process_memory(void)
{
    return 0;
}

bool process_size(pid_t pid, uint64_t *bytes, unsigned *descriptors)
{
    (void)pid, (void)bytes, (void)descriptors;
    return false;
}

const char *process_state(pid_t pid)
{
    (void)pid;
    return "";
}

bool process_is_stopped(pid_t pid)
{
    (void)pid;
    return false;
}

/* ---- plugin.c */

static struct plugin *loaded;

struct plugin *plugins_load(const char *name, const char *path, char why[PLUGIN_WHY])
{
    struct plugin *plugin;

    if (strcmp(name, fuzz_plugin.name) != 0) {
        snprintf(why, PLUGIN_WHY, "there is no %.64s in %.64s", name, path);
        return NULL;
    }
    if (loaded)
        return loaded;
    plugin = must_alloc(sizeof *plugin);
    plugin->path = must_string(path);
    MUST(descriptor_copy(plugin, &fuzz_plugin, why), "the plugin of this target is refused");
    loaded = plugin;
    return plugin;
}

struct operation *plugins_operation(const char *name)
{
    for (size_t i = 0; loaded && i < loaded->n_operations; i++)
        if (strcmp(loaded->operations[i].name, name) == 0)
            return &loaded->operations[i];
    return NULL;
}

void plugins_free(void)
{
    if (!loaded)
        return;
    descriptor_free(loaded);
    free(loaded->path);
    free(loaded);
    loaded = NULL;
}

/* ---- */

/* Turns the loop once; what the host has written is read away. */
static void turn(int core)
{
    char bytes[4096];

    ev_run(turn_loop(), EVRUN_NOWAIT);
    while (recv(core, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        ;
}

static void say(int core, char *text, char *end)
{
    while (text < end) {
        char *newline = memchr(text, '\n', (size_t)(end - text));

        if (!newline)
            return;
        *newline = '\0';
        wire_message(text, (size_t)(newline - text));
        owners_settle();
        turn(core);
        text = newline + 1;
    }
    turn(core);
}

static void live(int core, int host, char *text, size_t n)
{
    MUST(host_begin(host, false), "the host cannot begin");
    if (setjmp(end_of_host) == 0)
        say(core, text, text + n);
    owners_settle();
    host_end();
}

static void play(const uint8_t *bytes, size_t n)
{
    int ends[2];
    char *text;

    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "there is no socket");
    noting = true;
    text = must_alloc(n + 1);
    if (n > 0)
        memcpy(text, bytes, n);
    live(ends[0], ends[1], text, n);
    free(text);
    give_back();
    close(ends[0]);
}

/* The first hello is answered and later ones are not, and some of what libraries take they keep: all that has happened before the first input. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const char first[] = "{\"type\":\"hello\",\"protocol\":1}\n{\"type\":\"load\",\"plugin\":\"any\",\"path\":\"/x/any.so\"}\n";

    (void)argc, (void)argv;
    for (int i = 0; i < 2; i++)
        play((const uint8_t *)first, sizeof first - 1);
    __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const int free_before = fcntl(0, F_DUPFD_CLOEXEC, 3);
    int free_after;

    close(free_before);
    play(bytes, n);
    free_after = fcntl(0, F_DUPFD_CLOEXEC, 3);
    close(free_after);
    MUST(free_before == free_after, "a descriptor was left open");
    return 0;
}
