/* What the guard tells systemd (sd_notify(3)): nothing where nobody asked. */
#ifndef GUARD_NOTIFY_H
#define GUARD_NOTIFY_H

#include <stdbool.h>

/* Takes NOTIFY_SOCKET and WATCHDOG_USEC out of the environment, so that no child speaks in our name. */
void notify_begin(void);
/* "READY=1", "STOPPING=1". Never blocks; what is not heard is lost. */
void notify_send(const char *state);
/* The core's heart has beaten: tells the watchdog of systemd, where it is on. */
void notify_beat(void);

#endif
