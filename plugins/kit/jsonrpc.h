/*
 * One question of JSON-RPC 2.0 to a daemon of this machine: a connection of its own, the question in a line, the answer in a line. What goes wrong on the way
 * is judged here, in the same words for all who ask so; what the daemon says is left to who asked.
 */
#ifndef KIT_JSONRPC_H
#define KIT_JSONRPC_H

#include <cjson/cJSON.h>
#include <talon/plugin.h>

struct jsonrpc_question {
    const char *who;            /* for people: "the daemon of secrets" */
    struct talon_address to;
    const char *method, *params; /* params: JSON */
    uint32_t max_answer;        /* bytes; 0: 64 KiB */
};

struct jsonrpc_answer {
    const cJSON *result; /* NULL: an error, of which the rest tells */
    int code;
    const char *message; /* never NULL */
    uint64_t took_ns;    /* from the question to the answer */
};

typedef void jsonrpc_fn(struct talon_run *run, const struct jsonrpc_answer *answer);

/* Asks, and calls `answered` once, unless it has ended the run because there was no answer. */
void jsonrpc_ask(struct talon_run *run, const struct jsonrpc_question *question, jsonrpc_fn *answered);

#endif
