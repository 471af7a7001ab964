/* What this process lacks: see daemon_lack.h. */
#include "daemon_lack.h"

#include "base/moment.h"
#include "base/os/log.h"
#include "base/shortage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SHOWN (3 * (uint64_t)NS_PER_S) /* so long after the last refusal: what comes every few seconds is one trouble, not many */

static void look_at_memory(struct daemon_lack *lack, uint64_t awake)
{
    const uint64_t refused = shortage_count();

    if (refused != lack->refused) {
        if (lack->refused_at == 0)
            log_warn("memory is refused: what needs it is left out or tried again", NULL);
        lack->refused = refused;
        lack->refused_at = awake;
    }
    if (lack->refused_at != 0 && awake - lack->refused_at < SHOWN) {
        snprintf(lack->memory, sizeof lack->memory, "there is not enough memory: it was refused %" PRIu64 " times, and what needed it was left out or is tried again",
                 lack->refused - lack->refused_before);
        return;
    }
    if (lack->refused_at != 0)
        log_info("memory is no longer refused", NULL);
    lack->refused_at = 0;
    lack->refused_before = refused;
    lack->memory[0] = '\0';
}

/* What the next child, file or client would be told. */
static void look_at_descriptors(struct daemon_lack *lack)
{
    const bool before = lack->descriptors[0] != '\0';
    const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct rlimit limit = { 0, 0 };

    if (fd >= 0)
        close(fd);
    if (fd >= 0 || (errno != EMFILE && errno != ENFILE)) {
        if (before)
            log_info("there are descriptors again", NULL);
        lack->descriptors[0] = '\0';
        return;
    }
    if (errno == EMFILE && getrlimit(RLIMIT_NOFILE, &limit) == 0)
        snprintf(lack->descriptors, sizeof lack->descriptors, "no descriptor is left of the %llu that this process may have: new clients wait, and what needs one is tried again",
                 (unsigned long long)limit.rlim_cur);
    else
        snprintf(lack->descriptors, sizeof lack->descriptors, "no descriptor is left on this host: new clients wait, and what needs one is tried again");
    if (!before)
        log_error(lack->descriptors, NULL);
}

void daemon_lack_look(struct daemon_lack *lack, uint64_t awake)
{
    look_at_memory(lack, awake);
    look_at_descriptors(lack);
    log_try_again();
    if (!log_trouble(lack->log, sizeof lack->log))
        lack->log[0] = '\0';
}
