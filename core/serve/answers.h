/*
 * The answers: each is rendered at most once for a snapshot (and for whether the loop stands still), by the first request that wants it, and shared by all
 * that follow, so that what clients cost does not grow with the checks. Private to serve; the serving thread's alone but for answers_publish().
 */
#ifndef SERVE_ANSWERS_H
#define SERVE_ANSWERS_H

#include "serve/request.h"
#include "serve/snapshot.h"

struct answers;

/* NULL: no memory. */
struct answers *answers_create(void);
/* When no thread uses it any more. NULL: nothing. */
void answers_free(struct answers *answers);
/* Any thread. Takes the caller's user. */
void answers_publish(struct answers *answers, struct snapshot *snapshot);

struct answer {
    unsigned status;
    struct MHD_Response *response; /* borrowed: until the next call; or */
    bool owned;                    /* the caller's, to be destroyed */
};

/* For a request that is good, and not of the past (past.h). response NULL: no memory. */
struct answer answers_get(struct answers *answers, const struct request *request, bool stalled);
/* For one that is not. */
struct answer answers_refuse(const struct answers *answers, enum judgement judgement);

/* The newest snapshot, one more user: the caller's. NULL: none yet. */
struct snapshot *answers_snapshot(struct answers *answers);
/* JSON as an answer, the caller's: takes the bytes. response NULL: no memory. */
struct answer answers_json(unsigned status, struct buffer *body);
/* {"ok":false,"error":"...","message":"..."} as one. */
struct answer answers_refusal(unsigned status, const char *error, const char *message);

#endif
