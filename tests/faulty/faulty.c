/*
 * The faulty plugin: by the name of the file under which it was loaded it chooses what it does wrong, so that one shared object under many names is
 * many plugins. Its descriptor is written when it is loaded, since in one that is constant nothing could be wrong in more than one way.
 */
#define _GNU_SOURCE /* dladdr() */
#include "faulty.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { OPTIONS = 1000, OPERATIONS = 2, METRICS = 2, NAME = 64 };

#define NAME_OF(prefix, symbol) NAME_OF_TEXT(prefix, symbol)
#define NAME_OF_TEXT(prefix, symbol) #prefix symbol

/* Another name in C, since talon/plugin.h declares that one constant. */
extern struct talon_plugin faulty_plugin __asm__(NAME_OF(__USER_LABEL_PREFIX__, "talon_plugin_descriptor")) TALON_PUBLIC;
struct talon_plugin faulty_plugin;

static char name[NAME];
static const struct fault *chosen;
static int64_t runs;
static struct talon_option options[OPTIONS];
static struct talon_metric metrics[METRICS] = { { .name = "turns", .unit = "", .help = "How often it was run." } };
static struct talon_operation operations[OPERATIONS];

void faulty_raise(int number)
{
    sigset_t it;

    signal(number, SIG_DFL);
    sigemptyset(&it);
    sigaddset(&it, number);
    sigprocmask(SIG_UNBLOCK, &it, NULL);
    raise(number);
    _exit(99);
}

void faulty_loop(void)
{
    for (volatile unsigned turns = 0;; turns++)
        ;
}

void faulty_good(struct talon_run *run)
{
    talon_done(run, TALON_OK, "faulty.good", "nothing was wrong");
}

static void start(struct talon_run *run)
{
    const struct faulty_conf *conf = run->conf;

    if (chosen->start && runs++ >= conf->after)
        chosen->start(run);
    else
        faulty_good(run);
}

static const struct fault *find_in(const struct fault *faults)
{
    while (faults->name && strcmp(faults->name, name) != 0)
        faults++;
    return faults->name ? faults : NULL;
}

static const struct fault *find(void)
{
    static const struct fault none = { .name = "none" }, *const all[] = { faulty_descriptors, faulty_ends, faulty_greedy, faulty_results };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (find_in(all[i]))
            return find_in(all[i]);
    return &none;
}

/* "crash_start" of "/x/crash_start.so" */
static void read_name(void)
{
    Dl_info info;
    const char *slash;

    if (dladdr(&faulty_plugin, &info) == 0 || !info.dli_fname)
        return;
    slash = strrchr(info.dli_fname, '/');
    snprintf(name, sizeof name, "%s", slash ? slash + 1 : info.dli_fname);
    name[strcspn(name, ".")] = '\0';
}

static void write_descriptor(const struct fault *fault)
{
    options[0] = (struct talon_option){ .name = "path", TALON_STRING_AT(struct faulty_conf, path), .help = "A file." };
    options[1] = (struct talon_option){ .name = "after", TALON_INT_AT(struct faulty_conf, after), .help = "How many runs are good." };
    operations[0] = (struct talon_operation){
        .kind = TALON_CHECK,
        .flags = fault->flags,
        .name = name,
        .summary = "Does one thing wrong.",
        .options = options,
        .metrics = metrics,
        .conf_size = sizeof(struct faulty_conf),
        .run_size = sizeof(struct faulty_state),
        .instance_size = sizeof(struct faulty_state),
        .validate = fault->validate,
        .setup = fault->setup,
        .start = start,
    };
    operations[1] = operations[0];
    operations[1].name = "other";
    faulty_plugin = (struct talon_plugin){
        TALON_PLUGIN_HEAD, .name = name, .version = "1.0.0", .license = "MIT", .summary = "A faulty plugin.", .operations = operations, .n_operations = 1
    };
}

__attribute__((constructor)) static void begin(void)
{
    read_name();
    chosen = find();
    write_descriptor(chosen);
    if (chosen->spoil)
        chosen->spoil(&(struct faulty_descriptor){ .plugin = &faulty_plugin, .operations = operations, .options = options, .metrics = metrics });
    if (chosen->load)
        chosen->load();
}
