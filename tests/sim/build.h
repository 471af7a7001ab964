/*
 * Models made by hand, for tests: services, then their checks and needs, in the order of the file that one would write. What is not said is
 * as a configuration without settings has it: every minute, 10 s timeout, three bad results, two good ones.
 */
#ifndef SIM_BUILD_H
#define SIM_BUILD_H

#include "model.h"

#define MS(n) ((uint64_t)(n) * 1000000u)
#define SECONDS(n) ((uint64_t)(n) * 1000000000u)

struct build;

/* Room for so many. Ends the program when there is no memory. */
struct build *build_begin(size_t services, size_t checks);
/* Its index. */
size_t build_path(struct build *b, const char *name, unsigned concurrent);
/* A new service; to be changed as one likes until the next call. */
struct model_service *build_service(struct build *b, const char *name);
/* A new check of the last service, "service.name". */
struct model_check *build_check(struct build *b, const char *name);
/* The last service needs any of these: names with spaces between, of services that are built by the end. */
void build_need(struct build *b, const char *names);
/* Of the model as a whole; to be changed as one likes until build_end(). */
struct model_settings *build_settings(struct build *b);
/* Zeroed, and lives as long as the model. */
void *build_alloc(struct build *b, size_t size);
/* One user, yours to drop. */
const struct model *build_end(struct build *b);

enum { BUILD_PLUGINS = 3 }; /* operations 0 to 2, each of a plugin of its own */

#endif
