/*
 * A configuration as one text, as it was written, never expanded: what the daemon keeps as the last good one. Lengths stand before the bytes, so that
 * no text needs escaping, and a sum over all of it, so that a damaged copy is not run.
 */
#include "base/shortage.h"
#include "base/text.h"
#include "config/source.h"
#include "config/work.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char mark[] = "talon-configuration 1";

struct config_source {
    size_t n;
    struct packed_file *files;
    char *bytes;
};

size_t pack_count(const struct config_source *packed)
{
    return packed->n;
}

const struct packed_file *pack_file(const struct config_source *packed, size_t i)
{
    return &packed->files[i];
}

/* "talon-configuration 1 COUNT SUM\n", then for each file "KIND LENGTH-OF-PATH LENGTH-OF-SHOWN LENGTH\n" and the three. */
void config_pack(const struct config *config, struct buffer *out)
{
    struct buffer body = buffer_make(0);

    for (size_t i = 0; i < config->listed.n; i++) {
        const struct source *s = source_at(config, i);
        const struct config_file *file = VECTOR_AT(&config->listed, struct config_file, i);

        buffer_printf(&body, "%u %zu %zu %zu\n", s->kind, strlen(s->path), strlen(s->shown), file->n);
        buffer_text(&body, s->path);
        buffer_text(&body, s->shown);
        buffer_add(&body, file->text, file->n);
    }
    buffer_printf(out, "%s %zu %llx\n", mark, config->listed.n, text_hash(TEXT_HASH, buffer_string(&body), body.len));
    buffer_add(out, buffer_string(&body), body.len);
    if (body.failed)
        out->failed = true;
    buffer_free(&body);
}

/* Copies n bytes out and puts a NUL behind them. */
static char *cut(char **to, const char **from, const char *end, unsigned long long n)
{
    char *part = *to;

    if (n > (unsigned long long)(end - *from))
        return NULL;
    memcpy(part, *from, (size_t)n);
    part[n] = '\0';
    *to += n + 1;
    *from += n;
    return part;
}

/* A number in that base and the byte behind it. */
static bool number(const char **from, int base, char behind, unsigned long long *value)
{
    char *end;

    if (**from < '0' || **from > 'f')
        return false;
    errno = 0;
    *value = strtoull(*from, &end, base);
    if (errno != 0 || *end != behind)
        return false;
    *from = end + 1;
    return true;
}

static bool unpack_file(struct packed_file *file, char **to, const char **from, const char *end)
{
    unsigned long long kind, path, shown, n;

    if (!number(from, 10, ' ', &kind) || !number(from, 10, ' ', &path) || !number(from, 10, ' ', &shown) || !number(from, 10, '\n', &n) || kind >= SOURCE_KINDS)
        return false;
    file->kind = (enum source_kind)kind;
    file->n = (size_t)n;
    file->path = cut(to, from, end, path);
    file->shown = file->path ? cut(to, from, end, shown) : NULL;
    file->text = file->shown ? cut(to, from, end, n) : NULL;
    return file->text != NULL;
}

static bool unpack(struct config_source *source, const char *from, const char *end)
{
    char *to = source->bytes;

    for (size_t i = 0; i < source->n; i++) {
        if (!unpack_file(&source->files[i], &to, &from, end))
            return false;
        if ((source->files[i].kind == SOURCE_MAIN) != (i == 0)) /* without one, it would be taken for a good configuration that watches nothing */
            return false;
    }
    return from == end;
}

/* The lines' own bytes are never copied, and each is longer than the three NULs of its file: the text's length is room enough. */
static struct config_source *make(size_t files, size_t bytes)
{
    struct config_source *source = calloc(1, sizeof *source);

    if (!source)
        return NULL;
    source->n = files;
    source->files = calloc(files, sizeof *source->files);
    source->bytes = malloc(bytes + 1);
    if (source->files && source->bytes)
        return source;
    shortage_note();
    config_source_free(source);
    return NULL;
}

static struct config_source *unpack_all(const char *text, const char *end)
{
    const char *from = text + sizeof mark - 1;
    struct config_source *source;
    unsigned long long files, sum;

    if (strncmp(text, mark, sizeof mark - 1) != 0 || *from++ != ' ')
        return NULL;
    if (!number(&from, 10, ' ', &files) || !number(&from, 16, '\n', &sum) || files == 0 || files > WORK_FILES)
        return NULL;
    if (text_hash(TEXT_HASH, from, (size_t)(end - from)) != sum)
        return NULL;
    source = make((size_t)files, (size_t)(end - text));
    if (!source || unpack(source, from, end))
        return source;
    config_source_free(source);
    return NULL;
}

struct config_source *config_unpack(const char *text, size_t n)
{
    struct config_source *source;
    char *copy = malloc(n + 1); /* numbers are read up to a NUL */

    if (!copy) {
        shortage_note();
        return NULL;
    }
    memcpy(copy, text, n);
    copy[n] = '\0';
    source = unpack_all(copy, copy + n);
    free(copy);
    return source;
}

void config_source_free(struct config_source *source)
{
    if (!source)
        return;
    free(source->files);
    free(source->bytes);
    free(source);
}
