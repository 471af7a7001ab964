/* What the two halves of conditions share: when.c reads the language, when_term.c finds what its words mean. */
#ifndef CONFIG_WHEN_PRIVATE_H
#define CONFIG_WHEN_PRIVATE_H

#include "config/when.h"

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_COMPARE, TOKEN_OPEN, TOKEN_CLOSE };

struct token {
    enum token_kind kind;
    size_t at, n;     /* in the text */
    const char *text; /* a copy, variables put in */
    const char *shown; /* the same, as it may stand in a sentence: without what came out of the environment */
    bool filled;      /* what a variable stands for is never a word of the language */
    enum model_comparison comparison;
};

struct when {
    struct config *c;
    const struct service_plan *service;
    const struct node *node;
    size_t pos;
    struct token token; /* the next one */
    unsigned depth;
    struct vector nodes; /* struct model_when */
    bool wrong, unknown;
    bool judges;         /* it asks at least one check that is no witness */
};

/* A sentence about the condition at that token; false, for returning. */
__attribute__((format(printf, 3, 4))) bool when_tell(struct when *w, const struct token *at, const char *format, ...);
/* Fills in what "CHECK VERDICT" and "CHECK.METRIC < VALUE" mean. False: told. */
bool when_verdict(struct when *w, const struct token *name, const struct token *verdict, struct model_when *term);
bool when_metric(struct when *w, const struct token *name, const struct token *value, struct model_when *term);

#endif
