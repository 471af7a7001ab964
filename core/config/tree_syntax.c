/* libyaml's complaints, said in the words of a person who writes configuration, at the place where one has to look. */
#include "config/problems.h"
#include "config/tree_private.h"
#include "config/work.h"

#include <string.h>

enum where { AT_PROBLEM, AT_CONTEXT };

struct words {
    const char *theirs;
    enum where where;
    const char *ours;
};

static const char tag_words[] = "a tag that is not used here: remove it, or put the text that begins with `!` into quotes";

static const struct words known[] = {
    { "mapping values are not allowed", AT_PROBLEM, "a `:` cannot stand here: put the text into quotes if the `:` belongs to it, else look at the indentation" },
    { "block sequence entries are not allowed", AT_PROBLEM, "a `-` cannot stand here: begin the list on a line of its own, or look at the indentation" },
    { "mapping keys are not allowed", AT_PROBLEM, "a `?` cannot stand here: put the text into quotes" },
    { "could not find expected ':'", AT_CONTEXT, "this is no `key: value`: is the `:` missing, or the blank behind it?" },
    { "found unexpected ':'", AT_PROBLEM, "a `:` cannot stand here: put the text into quotes" },
    { "found unexpected end of stream", AT_CONTEXT, "this quoted text has no end: is the closing quote missing, or the file cut short?" },
    { "found unexpected document indicator", AT_CONTEXT, "this quoted text has no end: is the closing quote missing?" },
    { "found unknown escape character", AT_PROBLEM, "an unknown escape: in double quotes write `\\\\` for a backslash, or use single quotes" },
    { "did not find expected hexdecimal number", AT_PROBLEM, "an escape without its digits: write `\\x41` or `\\u0041`" },
    { "found invalid Unicode character escape code", AT_PROBLEM, "an escape that stands for no character" },
    { "found a tab character", AT_PROBLEM, "a tab cannot indent: use blanks" },
    { "did not find expected comment or line break", AT_PROBLEM, "behind `|` or `>` the line must end: the text begins on the next one" },
    { "found undefined tag handle", AT_PROBLEM, tag_words },
    { "found an indentation indicator equal to 0", AT_PROBLEM, "`|0` and `>0` are no indentation: leave out the number" },
    { "did not find expected '-' indicator", AT_PROBLEM, "this does not fit here: the list's next `-` is expected, as far indented as the others" },
    { "did not find expected key", AT_PROBLEM, "this does not fit here: a `key: value` as far indented as the others is expected" },
    { "did not find expected ',' or ']'", AT_PROBLEM, "this does not fit here: a `,` or `]` is expected" },
    { "did not find expected ',' or '}'", AT_PROBLEM, "this does not fit here: a `,` or `}` is expected" },
    { "did not find expected node content", AT_PROBLEM, "a value is expected here" },
    { "did not find expected <document start>", AT_PROBLEM, "this does not fit here: the file's keys begin in the first column" },
    { "did not find expected alphabetic or numeric character", AT_CONTEXT, "text that begins with `&` or `*` must be put into quotes" },
};

static struct place place_of(const struct source *source, const yaml_mark_t *mark)
{
    return (struct place){ .source = source, .line = (unsigned)mark->line + 1, .column = (unsigned)mark->column + 1 };
}

/* The character there, NUL: the end; and the one before it. libyaml counts characters. */
static char character_at(const struct source *source, size_t index, char *before)
{
    const char *text = source->text + (strncmp(source->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0);

    for (*before = '\0'; *text && index > 0; text++) {
        index -= ((unsigned char)text[1] & 0xc0) != 0x80;
        *before = *text;
    }
    return *text;
}

static void tell_character(struct config *c, struct place at, char character)
{
    if (character == '\t')
        problem_error(c, at, "a tab cannot indent: use blanks");
    else
        problem_error(c, at, "text that begins with `%c` must be put into quotes", character);
}

/* Is the line before that one (from 1) "key:value"? YAML takes that for text and goes on in the next line, which it then complains of. */
static bool tell_missing_blank(struct config *c, const struct source *source, unsigned line)
{
    const char *text = source->text + (strncmp(source->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0);
    size_t blanks, key;

    for (unsigned at = 1; at + 1 < line && text; at++)
        text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL;
    if (!text || line < 2)
        return false;
    blanks = strspn(text, " -");
    key = strspn(text + blanks, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");
    if (key == 0 || text[blanks + key] != ':' || strchr(" \t\r\n", text[blanks + key + 1]))
        return false;
    problem_error(c, (struct place){ .source = source, .line = line - 1, .column = (unsigned)(blanks + key) + 1 }, "behind this `:` a blank is missing");
    return true;
}

/* What is told only because of what stands there. */
static bool tell_by_character(struct config *c, const yaml_parser_t *parser, struct place at, const struct source *source, const struct node *open)
{
    char before;
    const char character = character_at(source, parser->problem_mark.index, &before);
    const bool in_quotes = strstr(parser->problem, "unexpected end of stream") != NULL;

    if (strncmp(parser->problem, "found character that cannot start any token", 43) == 0) {
        tell_character(c, at, character);
    } else if (character == '\0' && open && !in_quotes) {
        problem_error(c, open->place, "this `%c` is not closed: is the `%c` missing, or the file cut short?", open->kind == NODE_MAP ? '{' : '[',
                      open->kind == NODE_MAP ? '}' : ']');
    } else if (strncmp(parser->problem, "mapping values are not allowed", 30) == 0 && tell_missing_blank(c, source, at.line)) {
        return true;
    } else if (character == '{' && before == '$' && open) {
        at.column--;
        problem_error(c, at, "text with `${...}` must be put into quotes within brackets");
    } else {
        return false;
    }
    return true;
}

void tree_syntax(struct config *c, const struct source *source, const yaml_parser_t *parser, const struct node *open)
{
    const struct place problem = place_of(source, &parser->problem_mark), context = place_of(source, &parser->context_mark);

    if (parser->error == YAML_MEMORY_ERROR || !parser->problem) {
        c->lacked = true;
        problem_error(c, (struct place){ .source = source, .line = 1, .column = 1 }, "there is no memory to read this file");
        return;
    }
    if (tell_by_character(c, parser, problem, source, open))
        return;
    if (parser->context && strstr(parser->context, "scanning a directive")) {
        problem_error(c, context, "a line that begins with `%%` is no part of the configuration: remove it, or put the text into quotes");
        return;
    }
    if (parser->context && (strstr(parser->context, "scanning a tag") || strstr(parser->context, "parsing a tag"))) {
        problem_error(c, context, "%s", tag_words);
        return;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strncmp(parser->problem, known[i].theirs, strlen(known[i].theirs)) != 0)
            continue;
        problem_error(c, known[i].where == AT_PROBLEM ? problem : context, "%s", known[i].ours);
        if (known[i].where == AT_PROBLEM && parser->context && strstr(parser->context, "while parsing a") && parser->context_mark.line != parser->problem_mark.line)
            problem_note_at(c, context, "what it should continue begins here");
        return;
    }
    problem_error(c, problem, "this is no YAML: %s", parser->problem);
}
