/* What the commands of people (silence, ack, why ...) share: how they take reasons, say what was done and what can be done next. */
#ifndef CLI_PEOPLE_H
#define CLI_PEOPLE_H

#include "cli/command.h"
#include "cli/fields.h"

/* The words joined by blanks; "" for none. Into text. */
void people_join(int n, char **words, struct buffer *text);
/* Appends `"name":"text"` to an object that is being written; nothing for "" or NULL. */
void people_say(struct buffer *said, const char *name, const char *text);
/* Is it spelled as a service, a check or a number is? Others are never put into a path. */
bool people_is_name(const char *text);
/* Is it a duration? Where it is not, and `who` is given, a sentence has been printed. */
bool people_duration(const char *who, const char *text);
/* `next: text`, wrapped, a hint for people. */
__attribute__((format(printf, 2, 3))) void people_next(struct buffer *out, const char *format, ...);
/* Prints `out`, or with json the answer as it came, and frees nothing. Returns the exit code. */
int people_print(const struct buffer *answer, const struct buffer *out, bool json);
/* Prints usage. */
int people_refuse(const char *usage, const char *sentence);

#endif
