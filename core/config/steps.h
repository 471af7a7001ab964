/* The steps from files to model, one file each, in the order in which config.c takes them. */
#ifndef CONFIG_STEPS_H
#define CONFIG_STEPS_H

#include "config/source.h"
#include "config/work.h"

/* ---- config.c: for files of another kind that are read in the same way (core/rehearse) ---- */

/* One into which nothing was read yet; NULL: no memory. */
struct config *config_begin(const struct config_request *request);
/* Takes a step. False: memory ended in it, or in one before. */
bool config_step(struct config *c, void (*step)(struct config *, const void *), const void *argument);

/* ---- config_read() ---- */

/* settings.c: what holds where nothing is said. */
void settings_begin(struct config *c);
/* settings.c: the main file's settings. */
void settings_read(struct config *c, const struct node *root);
/* settings.c: is this a key of the main file? */
bool settings_has(const char *key);
/* secrets_ref.c: `secrets:`: where values come from. */
void secrets_read(struct config *c, const struct node *map);
/* secrets_ref.c: the secret of that name, MODEL_NONE: there is none. */
size_t secrets_find(const struct config *c, const char *name);
/* secrets_ref.c: what stands in the model for a use of that secret, as PEM text or not. */
size_t secrets_use(struct config *c, size_t secret, bool pem);
/* plugins.c: what lies in the plugin folders, and `plugins:`. */
void plugins_find(struct config *c);
void plugins_read(struct config *c, const struct node *map);
/* plugins.c: the plan of a check type's plugin ("kubernetes.workload": kubernetes), made when it is a shipped one that was not used before. NULL: unknown. */
struct plugin_plan *plugins_of_type(struct config *c, const char *type);
/* plugins.c: a plan for a check type that the main file may know, and nobody here. NULL: no name of one. */
struct plugin_plan *plugins_assume(struct config *c, const char *type);
/* plugins.c: the list for config_plugins(). */
void plugins_list(struct config *c);
/* include.c: the files that the main file names, and the services in it. */
void include_read(struct config *c, const struct node *root);
/* plan.c: a service, wherever it stands. */
void plan_service(struct config *c, const char *name, const struct node *key, const struct node *node);
void plan_service_file(struct config *c, const struct source *source);
/* defaults.c: the check types in `defaults:`, whose plugins must be described as well. */
void defaults_plan(struct config *c, const struct node *defaults);
/* plan.c: who came first of two services of one name, and the indexes by name. */
void plan_names(struct config *c);
/* runbooks.c */
void runbooks_file(struct config *c, const struct source *source);
/* runbooks.c: which of them an entry of `heal:` names. */
void runbooks_used(struct config *c);
/* runbook_types.c: calls each() with the name of every operation that the used ones name. */
void runbooks_types(struct config *c, void (*each)(struct config *, const char *));
/* runbooks.c: the model's runbooks; twice the same name is told. */
void runbooks_make(struct config *c);

/* ---- config_check() ---- */

/* describe.c: the operations of a described plugin. */
void describe_read(struct config *c, size_t plugin, const char *description);
/* operations.c: the model's plugins and operations, and the operation of each check. */
void operations_make(struct config *c);
/* paths.c: `paths:` */
void paths_read(struct config *c, const struct node *map);
/* checks.c, services.c: the settings of each, with their defaults, and the options. */
void services_make(struct config *c);
void checks_make(struct config *c);
/* defaults.c: `defaults:` themselves, also where nothing uses them. */
void defaults_check(struct config *c, const struct node *defaults);
/* needs.c: names and cycles. */
void needs_make(struct config *c);
/* heal.c */
void heal_make(struct config *c);
/* maintenance.c: `maintenance:` */
void maintenance_read(struct config *c, const struct node *map);
/* maintenance.c: the time zone of that name (NULL: the machine's own), in the model. Returns the name as it is written, NULL: it is not. */
const char *maintenance_zone(struct config *c, const struct node *node, const struct zone **made);
/* notify.c: calls each() with the names of the actions that channels, agents and heartbeat are. */
void notify_types(struct config *c, void (*each)(struct config *, const char *));
/* notify.c: `notify:` and `heartbeat:`. ladder.c: `ladder:`. */
void notify_read(struct config *c, const struct node *root);
void ladder_read(struct config *c, const struct node *map);
/* notify_service.c: names of channels, of one or a list; false: none. */
bool notify_channels(struct config *c, const struct node *node, const char *what, const size_t **channels, size_t *n);
/* notify_service.c: `notify:` of a service. */
void notify_service(struct config *c, const struct node *node, struct model_service *made);
/* programs.c: `programs:`; and, after the fingerprints, their own. */
void programs_read(struct config *c, const struct node *map);
void programs_finish(struct config *c);
/* prints.c: the fingerprints. */
void prints_make(struct config *c);

/* schema_json.c: for config_schema(). */
void schema_write(struct config *c, const char *const *descriptions, size_t n, struct buffer *out);

#endif
