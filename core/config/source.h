/* The files: found, judged by what they are before they are opened, read whole. From the disk, or from a packed configuration. */
#ifndef CONFIG_SOURCE_H
#define CONFIG_SOURCE_H

#include "config/config.h"
#include "config/tree.h"

enum source_kind { SOURCE_MAIN, SOURCE_SERVICE, SOURCE_RUNBOOK, SOURCE_KINDS };

/* Reads a file and puts it on the list. NULL: it was told at `at` why it cannot be read (or, *again, it is on the list already). at.source NULL: it is told at the
 * file's own beginning. */
const struct source *source_read(struct config *c, const char *path, const char *shown, enum source_kind kind, struct place at, bool *again);
/* Reads what the pattern names (`*` in its last part), in the order of names. `from`: the text with the pattern; folder and shown_folder: what it is relative to. */
void source_include(struct config *c, const char *pattern, const struct node *from, enum source_kind kind,
                    void (*each)(struct config *, const struct source *));
/* All files with that ending in a folder that may be missing. */
void source_folder(struct config *c, const char *folder, const char *pattern, enum source_kind kind, void (*each)(struct config *, const struct source *));
/* The files of a packed configuration of that kind, instead. */
void source_unpacked(struct config *c, enum source_kind kind, void (*each)(struct config *, const struct source *));
/* A folder to be watched for new files, or a file that was refused, to be watched for being mended. */
void source_watch(struct config *c, const char *path);
const struct source *source_at(const struct config *c, size_t i);

/* ---- packed (pack.c) ---- */

struct packed_file {
    enum source_kind kind;
    const char *path, *shown, *text;
    size_t n;
};
size_t pack_count(const struct config_source *packed);
const struct packed_file *pack_file(const struct config_source *packed, size_t i);

#endif
