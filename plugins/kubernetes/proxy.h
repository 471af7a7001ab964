/*
 * Asking a service of the cluster that no port is published of: the API server passes the request on to one of its pods. What comes back is either the
 * service's own answer, or the API server's word that it could not be asked; the two are told apart here.
 */
#ifndef KUBERNETES_PROXY_H
#define KUBERNETES_PROXY_H

#include "client.h"

struct proxy_target {
    const char *space, *service, *port;
};

#define PROXY_OPTIONS(S)                                                                                                            \
    { .name = "namespace",                                                                                                          \
      TALON_STRING_AT(S, target.space),                                                                                             \
      .fallback = "default",                                                                                                        \
      .help = "The namespace of the service." },                                                                                    \
    { .name = "service", TALON_STRING_AT(S, target.service), .flags = TALON_REQUIRED, .help = "The name of the service." },          \
    { .name = "port",                                                                                                               \
      TALON_STRING_AT(S, target.port),                                                                                              \
      .flags = TALON_REQUIRED,                                                                                                      \
      .help = "Its port, by number or name." }

int proxy_target_validate(const struct proxy_target *target, struct talon_problem *problem);
/* Sends a GET of the path; done() as in client_ask(). */
void proxy_ask(struct talon_run *run, const struct proxy_target *target, const char *path, struct client_call *call, client_done_fn *done);
/* 1: the answer is the service's own, whatever it says; 0: it was not asked, and the run has ended. */
int proxy_reached(struct talon_run *run, const struct proxy_target *target, const struct client_call *call, const struct talon_response *got);

#endif
