/* A configuration read as the daemon reads it, but for the plugins: their descriptions come from files (tests/unit/config/descriptions). */
#ifndef CONFIG_SUPPORT_H
#define CONFIG_SUPPORT_H

#include "config/config.h"

/* Where the fixtures are: "$srcdir/tests/unit/config/NAME". Valid until the next call. */
const char *support_fixture(const char *name);
/* Our own folder for files that tests write; made at the first call, removed at exit. */
const char *support_folder(void);
/* Writes a file there (with folders for slashes in its name) and returns its path, valid until the next call. */
const char *support_write(const char *name, const char *text, size_t n);
/* Reads the file and checks it. */
struct config *support_load(const char *file);
/* The same from a packed configuration. */
struct config *support_load_packed(const char *file, const struct config_source *source);
/* From a text that is written to NAME in our folder. */
struct config *support_load_text(const char *name, const char *text);
/* Without describing and checking. */
struct config *support_read(const char *file, const struct config_source *source);
void support_describe(struct config *config, bool tolerate);
/* The description of a plugin, NULL: there is none. To be freed. */
char *support_description(const char *plugin);
/* Adds all problems as a person sees them, with paths as if the folder were the working one. */
void support_problems(const struct config *config, const char *folder, struct buffer *out);
/* The model of a text that has nothing wrong with it, not even a warning; else the test fails and shows what is told. */
struct model *support_model(const char *name, const char *text);
/* The text's problems, as a person sees them, in lines; valid until the next call. */
const char *support_told(const char *name, const char *text);
/* The check of that full name, which must be there. */
const struct model_check *support_check(const struct model *model, const char *full_name);
/* The bytes of a file. */
bool support_slurp(const char *path, struct buffer *out);

#endif
