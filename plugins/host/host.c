/* The host as a whole: see host.h. */
#include "host.h"

#include "base/os/process.h"
#include "base/os/reserve.h"
#include "base/sanitized.h"
#include "base/shortage.h"
#include "children.h"
#include "die.h"
#include "instance.h"
#include "limits.h"
#include "match.h"
#include "modules_load.h"
#include "op.h"
#include "plugins.h"
#include "resolve.h"
#include "run.h"
#include "services.h"
#include "turn.h"
#include "wire.h"

#include <cjson/cJSON.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* Plugins are promised memory, and one that asks for more than there is ends all of its host: so there is enough for what the runs of a moment need. */
enum { RESERVE = 512 << 10 };

/* A plugin's deferred call may hang, so the end takes no longer than that: a signal sees to it. A build with AddressSanitizer also looks for leaks in it. */
enum { END_SECONDS = ADDRESS_SANITIZED ? 20 : 1 };

static char *child_path;

void host_set_path(const char *path)
{
    if (!path)
        return;
    free(child_path);
    child_path = must_string(path);
}

const char *host_path(void)
{
    return child_path ? child_path : "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
}

bool host_begin(int socket, bool worker)
{
    cJSON_Hooks hooks = { .malloc_fn = must_alloc, .free_fn = free };

    cJSON_InitHooks(&hooks);
    reserve_begin(RESERVE);
    shortage_resize = must_resize; /* what a plugin is to hear must not get lost in silence */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* what is written tells it */
    limits_begin();
    process_adopt_orphans();
    services_begin();
    return turn_init() && children_begin() && wire_open(socket, worker);
}

void host_quit(void)
{
    alarm(END_SECONDS);
    wire_mute();
    turn_stop();
}

void host_end(void)
{
    instances_end_all();
    children_end();
    modules_close();
    resolve_end();
    wire_close();
    plugins_free();
    match_end();
    ops_free();
    runs_free_ids();
    instances_free_ids();
    turn_free();
    free(child_path);
    child_path = NULL;
}
