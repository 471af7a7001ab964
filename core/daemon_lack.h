/*
 * What this process lacks of what it lives on: memory, descriptors, room for its log. None of it ends the daemon, so somebody has to say it: looked at once
 * a second, said in status for as long as it lasts, and in the log when it begins and ends.
 */
#ifndef DAEMON_LACK_H
#define DAEMON_LACK_H

#include <stdbool.h>
#include <stdint.h>

enum { DAEMON_LACK_TEXT = 384 };

struct daemon_lack {
    uint64_t refused;            /* shortage_count() at the last look */
    uint64_t refused_before;     /* at the last one at which nothing lacked */
    uint64_t refused_at;         /* awake; of the last look that found more. 0: memory does not lack */
    char memory[DAEMON_LACK_TEXT], descriptors[DAEMON_LACK_TEXT], log[DAEMON_LACK_TEXT]; /* sentences; "": it does not lack */
};

/* Once a second. */
void daemon_lack_look(struct daemon_lack *lack, uint64_t awake);

#endif
