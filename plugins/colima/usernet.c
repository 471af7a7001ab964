/*
 * The action `colima.usernet-clean`: ends the `limactl usernet` processes that crashes of VMs have left behind, and takes their sockets away, of which the next start
 * fails. They are known by the folder of Lima's networks in their arguments, so that no other program of that name is meant; and nothing is done while a VM of this
 * folder of Lima lives, which needs the one that serves it.
 */
#include "colima.h"
#include "forwarder.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST = 64 };

#define LOOK_AGAIN_NS UINT64_C(100000000)
#define GENTLE_NS UINT64_C(5000000000)
#define GIVE_UP_NS UINT64_C(8000000000)

const struct talon_option usernet_options[] = {
    { .name = "folder",
      TALON_PATH_AT(struct usernet_conf, folder),
      .fallback = "~/.colima/_lima/colima",
      .help = "The folder of the Lima instance; the default is that of Colima's default profile." },
    { .name = NULL },
};

const struct talon_metric usernet_metrics[] = {
    { .name = "ended", .unit = "", .help = "Processes that were ended." },
    { .name = "removed", .unit = "", .help = "Sockets and pid files that were left, and are removed." },
    { .name = NULL },
};

/* ---- does a VM need it? */

/* The folder that the instance stands in, or of the networks beside it. */
static const char *beside(struct talon_run *run, const char *name)
{
    const struct usernet_conf *conf = run->conf;
    const char *slash = strrchr(conf->folder, '/');

    return talon_text(run, "%.*s/%s", slash ? (int)(slash - conf->folder) : 0, conf->folder, name);
}

/* The name of an instance of which a process lives; NULL: none does. */
static const char *living(struct talon_run *run)
{
    const char *found = NULL;
    const struct dirent *entry;
    struct lima lima;
    DIR *folder = opendir(beside(run, "."));

    while (folder && !found && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.' || entry->d_name[0] == '_' || !lima_look(run, beside(run, entry->d_name), &lima))
            continue;
        if (lima.agent.alive || lima.driver.alive)
            found = talon_text(run, "%s", entry->d_name);
    }
    if (folder)
        closedir(folder);
    return found;
}

/* ---- the end */

static unsigned remove_left(struct talon_run *run)
{
    static const char *const names[] = { "user-v2_ep.sock", "user-v2_fd.sock", "user-v2_qemu.sock", "usernet_user-v2.pid" };
    unsigned removed = 0;
    struct stat st;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *path = beside(run, talon_text(run, "_networks/user-v2/%s", names[i]));

        if (lstat(path, &st) == 0 && (S_ISSOCK(st.st_mode) || S_ISREG(st.st_mode)) && unlink(path) == 0)
            removed++;
    }
    return removed;
}

static void conclude(struct talon_run *run)
{
    const struct usernet_state *state = run->state;
    const unsigned removed = remove_left(run);

    run->host->metric(run, "ended", state->found, "");
    run->host->metric(run, "removed", removed, "");
    if (state->found == 0 && removed == 0)
        talon_done(run, TALON_OK, "colima.already", "nothing of usernet was left");
    else
        talon_done(run, TALON_OK, "colima.done", "ended %u processes of limactl usernet, removed %u sockets and pid files that they left", state->found, removed);
}

/* ---- the processes */

static long left(struct talon_run *run, pid_t *pids)
{
    return forwarder_find("limactl", "usernet", beside(run, "_networks/"), pids, MOST);
}

static void tell_all(const pid_t *pids, long n, int number)
{
    for (long i = 0; i < n && i < MOST; i++)
        if (pids[i] > 1)
            kill(pids[i], number);
}

static void look_again(struct talon_run *run, void *arg)
{
    struct usernet_state *state = run->state;
    const uint64_t waited = run->host->now_ns(run) - state->began_ns;
    pid_t pids[MOST];
    const long n = left(run, pids);

    (void)arg;
    if (n == 0) {
        conclude(run);
    } else if (waited >= GIVE_UP_NS) {
        talon_done(run, TALON_FAIL, "process.lives", "%ld processes of limactl usernet still live %s after they were told to end, the first is %ld", n,
                   talon_show_time(run, waited), (long)pids[0]);
    } else {
        if (waited >= GENTLE_NS)
            tell_all(pids, n, SIGKILL);
        run->host->timer(run, LOOK_AGAIN_NS, look_again, NULL);
    }
}

void usernet_start(struct talon_run *run)
{
    const char *vm = living(run);
    struct usernet_state *state = run->state;
    pid_t pids[MOST];
    const long n = vm ? 0 : left(run, pids);

    if (vm) {
        talon_done(run, TALON_UNKNOWN, "refused.running", "not done, %s lives, and its network is served by one of them", vm);
    } else if (n < 0) {
        talon_done(run, TALON_UNKNOWN, "process.hidden", "cannot see the processes of this machine: %s", strerror(errno));
    } else if (n == 0) {
        conclude(run);
    } else {
        state->found = (unsigned)n;
        state->began_ns = run->host->now_ns(run);
        tell_all(pids, n, SIGTERM);
        look_again(run, NULL);
    }
}
