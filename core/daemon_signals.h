/* What the daemon is told from outside by signals, and by the end of its guard. */
#ifndef DAEMON_SIGNALS_H
#define DAEMON_SIGNALS_H

struct ev_loop;

struct daemon_signals {
    void (*reload)(void *arg); /* SIGHUP */
    void (*quit)(void *arg);   /* SIGTERM, SIGINT, or the guard has ended. From within the loop */
    void *arg;
};

/* Watches for them. One daemon in a process. */
void daemon_signals_begin(struct ev_loop *loop, const struct daemon_signals *signals);
void daemon_signals_end(struct ev_loop *loop);

#endif
