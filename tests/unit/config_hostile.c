/* The hostile files themselves: see config_hostile.h. Each takes what one of the reader's bounds is for to its limit. */
#include "config_hostile.h"

#include "config_support.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { FULL = 1 << 20 }; /* bytes that a file may have */

static void fill(struct buffer *b, const char *text)
{
    const size_t n = strlen(text);

    while (b->len + n <= FULL)
        buffer_add(b, text, n);
}

static void many(struct buffer *b, const char *text, size_t n)
{
    while (n-- > 0)
        buffer_text(b, text);
}

static void billion_laughs(struct buffer *b)
{
    buffer_text(b, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 12; i++) {
        buffer_printf(b, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++)
            buffer_printf(b, "%s*a%d", k > 0 ? ", " : "", i - 1);
        buffer_text(b, "]\n");
    }
}

static void merge_laughs(struct buffer *b)
{
    buffer_text(b, "m0: &m0 {");
    for (int i = 0; i < 900; i++)
        buffer_printf(b, "k%d: x, ", i);
    buffer_text(b, "z: x}\n");
    for (int i = 1; i < 900; i++)
        buffer_printf(b, "m%d: &m%d {<<: *m%d, n%d: x}\n", i, i, i - 1, i);
}

static void merge_list(struct buffer *b)
{
    buffer_text(b, "m: &m {a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8}\nall:\n  <<: [*m");
    many(b, ", *m", 40000);
    buffer_text(b, "]\n");
}

static void too_large(struct buffer *b)
{
    fill(b, "# a line of comment\n");
    buffer_text(b, "# and one more line than there may be\n");
}

static void flat_list(struct buffer *b)
{
    buffer_text(b, "exec_path: [a");
    many(b, ",a", 100001);
    buffer_text(b, "]\n");
}

static void flat_map(struct buffer *b)
{
    buffer_text(b, "vars:\n");
    for (int i = 0; i < 60000; i++)
        buffer_printf(b, " a%d: x\n", i);
}

static void flow_lists(struct buffer *b)
{
    buffer_text(b, "include: ");
    fill(b, "[");
}

static void flow_maps(struct buffer *b)
{
    buffer_text(b, "include: ");
    fill(b, "{a: ");
}

static void flow_lines(struct buffer *b)
{
    fill(b, "[\n");
}

static void flow_keys(struct buffer *b)
{
    fill(b, "? [");
}

static void block_lists(struct buffer *b)
{
    fill(b, "- ");
}

static void block_keys(struct buffer *b)
{
    fill(b, "? ");
}

static void just_too_deep(struct buffer *b)
{
    buffer_text(b, "include: ");
    many(b, "[", 64);
    many(b, "]", 64);
}

static void deep_by_alias(struct buffer *b)
{
    buffer_text(b, "a: &a ");
    many(b, "[", 40);
    many(b, "]", 40);
    buffer_text(b, "\nb: ");
    many(b, "[", 30);
    buffer_text(b, "*a");
    many(b, "]", 30);
}

static void directives(struct buffer *b)
{
    for (int i = 0; b->len + 30 < FULL; i++)
        buffer_printf(b, "%%TAG !t%d! x\n", i);
}

static void late_directives(struct buffer *b)
{
    buffer_text(b, "state: /tmp\n...\n");
    for (int i = 0; b->len + 30 < FULL; i++)
        buffer_printf(b, "%%TAG !t%d! x\n", i);
}

static void blanks(struct buffer *b)
{
    buffer_text(b, "state: \"a");
    many(b, " ", FULL / 2);
    many(b, "a ", FULL / 4 - 10);
    buffer_text(b, "\"\n");
}

static void plain_blanks(struct buffer *b)
{
    buffer_text(b, "state: a");
    many(b, "\t", FULL / 2);
    many(b, "a ", FULL / 4 - 10);
}

static void empty_lines(struct buffer *b)
{
    buffer_text(b, "state: \"a");
    many(b, "\n", FULL / 2);
    many(b, " a\n", FULL / 6 - 10);
    buffer_text(b, "\"\n");
}

static void allowed_blanks(struct buffer *b) /* the most that is let through to libyaml */
{
    buffer_text(b, "listen: \"a");
    many(b, " ", 1000);
    many(b, "\n", 999);
    while (b->len + 8 < FULL)
        buffer_text(b, "a \n b");
    buffer_text(b, "\"\n");
}

static void long_text(struct buffer *b)
{
    buffer_text(b, "listen: ");
    while (b->len < FULL - 1)
        buffer_char(b, 'x');
}

static void long_key(struct buffer *b)
{
    while (b->len < FULL - 10)
        buffer_char(b, 'x');
    buffer_text(b, ": a\n");
}

static void long_quoted_key(struct buffer *b)
{
    buffer_text(b, "? \"");
    while (b->len < FULL - 10)
        buffer_char(b, 'x');
    buffer_text(b, "\"\n: a\n");
}

static void anchors(struct buffer *b)
{
    buffer_text(b, "include:\n");
    for (int i = 0; i < 60000; i++)
        buffer_printf(b, "- &a%d x\n", i);
}

static void aliases(struct buffer *b)
{
    buffer_text(b, "include:\n");
    for (int i = 0; i < 1000; i++)
        buffer_printf(b, "- &a%d x\n", i);
    while (b->len < FULL - 10)
        buffer_text(b, "- *a0\n");
}

static void same_keys(struct buffer *b)
{
    buffer_text(b, "vars: {a: x");
    many(b, ", a: x", 45000);
    buffer_text(b, "}\n");
}

static void unknown_keys(struct buffer *b)
{
    for (int i = 0; i < 49000; i++)
        buffer_printf(b, "listen%d: x\n", i);
}

static void unknown_check_keys(struct buffer *b)
{
    buffer_text(b, "services: {a: {checks: {b: {");
    for (int i = 0; i < 49000; i++)
        buffer_printf(b, "htpt%d: x, ", i);
    buffer_text(b, "c: x}}}}\n");
}

static void many_checks(struct buffer *b)
{
    buffer_text(b, "services:\n s:\n  checks:\n   c0: &c {tcp: {address: a:1}}\n");
    for (int i = 1; i < 14000; i++)
        buffer_printf(b, "   c%d: *c\n", i);
    buffer_text(b, " t:\n  checks:\n   each: {for_each: [");
    for (int i = 0; i < 7000; i++)
        buffer_printf(b, "%d, ", i);
    buffer_text(b, "x], tcp: {address: a:1}}\n");
}

static void many_each(struct buffer *b)
{
    buffer_text(b, "services:\n s:\n  checks:\n   c0: &c {tcp: {address: a:1}, for_each: &e [");
    for (int i = 0; i < 900; i++)
        buffer_printf(b, "%d, ", i);
    buffer_text(b, "x]}\n");
    for (int i = 1; i < 100; i++)
        buffer_printf(b, "   c%d: {tcp: {address: a:1}, for_each: *e}\n", i);
}

static void doubled_variables(struct buffer *b)
{
    buffer_text(b, "vars:\n  a0: xxxxxxxxxxxxxxxx\n");
    for (int i = 1; i < 60; i++)
        buffer_printf(b, "  a%d: \"${vars.a%d}${vars.a%d}\"\n", i, i - 1, i - 1);
}

static void large_confs(struct buffer *b)
{
    buffer_text(b, "services:\n s:\n  checks:\n   c0: &c {tcp: {address: a:1, send: \"");
    many(b, "0123456789", 50000);
    buffer_text(b, "\"}}\n");
    for (int i = 1; i < 9000; i++)
        buffer_printf(b, "   c%d: *c\n", i);
}

static void unknown_needs(struct buffer *b)
{
    buffer_text(b, "services:\n");
    for (int i = 0; i < 9000; i++)
        buffer_printf(b, " service-%d: {enabled: false, needs: [service-x%d, service-y%d]}\n", i, i, i);
}

static void long_cycle(struct buffer *b)
{
    buffer_text(b, "services:\n");
    for (int i = 0; i < 15000; i++)
        buffer_printf(b, " s%d: {enabled: false, needs: [s%d]}\n", i, (i + 1) % 15000);
}

static void dense_cycles(struct buffer *b)
{
    buffer_text(b, "services:\n");
    for (int i = 0; i < 280; i++) {
        buffer_printf(b, " s%d: {enabled: false, needs: [s0", i);
        for (int k = 1; k < 280; k++)
            buffer_printf(b, ", s%d", k);
        buffer_text(b, "]}\n");
    }
}

static void deep_condition(struct buffer *b)
{
    buffer_text(b, "services: {a: {checks: {b: {tcp: {address: a:1}}}, heal: [{run: x, when: \"");
    many(b, "(", 8000);
    buffer_text(b, "\"}]}}\n");
}

static void many_conditions(struct buffer *b)
{
    buffer_text(b, "services:\n a:\n  checks: {b: {tcp: {address: a:1}}}\n  heal:\n");
    while (b->len < FULL - 200)
        buffer_text(b, "  - {run: x, when: not b ok and (c failed or b.time < 1s)}\n");
}

static void long_condition(struct buffer *b)
{
    buffer_text(b, "services: {a: {checks: {b: {tcp: {address: a:1}}}, heal: [{run: x, when: b ok");
    many(b, " and b ok", 100000);
    buffer_text(b, "}]}}\n");
}

static void include_devices(struct buffer *b)
{
    char fifo[1024];

    snprintf(fifo, sizeof fifo, "%.900s/hostile.fifo", support_folder());
    mkfifo(fifo, 0600);
    buffer_text(b, "include: [hostile.fifo, /dev/zero, /dev/tty, ., hostile.yaml]\n");
}

/* ---- bytes that are no text, in masses ---- */

static void wide(struct buffer *b)
{
    buffer_add(b, "\xff\xfe", 2);
    while (b->len + 2 <= FULL)
        buffer_add(b, "a\0", 2);
}

static void carriage_returns(struct buffer *b)
{
    fill(b, "a: b\r");
}

static void nuls(struct buffer *b)
{
    buffer_text(b, "a: b\n");
    while (b->len < FULL)
        buffer_char(b, '\0');
}

static void continuations(struct buffer *b)
{
    fill(b, "\x80");
}

static void documents(struct buffer *b)
{
    fill(b, "---\na: b\n");
}

static void tags(struct buffer *b)
{
    fill(b, "- !x y\n");
}

static void known_tags(struct buffer *b)
{
    fill(b, "- !!str y\n");
}

static void open_quote(struct buffer *b)
{
    buffer_text(b, "state: \"");
    fill(b, "a: b\n");
}

static void one_line(struct buffer *b)
{
    buffer_text(b, "exec_path: [");
    fill(b, "a b,");
}

/* ---- much times much ---- */

static void wide_defaults(struct buffer *b) /* each check looks for its settings in them */
{
    buffer_text(b, "defaults:\n");
    for (int i = 0; i < 30000; i++)
        buffer_printf(b, " d%d: x\n", i);
    buffer_text(b, "services:\n s:\n  checks:\n   c0: &c {tcp: {address: a:1}}\n");
    for (int i = 1; b->len + 20 < FULL && i < 6000; i++)
        buffer_printf(b, "   c%d: *c\n", i);
}

static void wide_type_defaults(struct buffer *b)
{
    buffer_text(b, "defaults:\n tcp:\n");
    for (int i = 0; i < 30000; i++)
        buffer_printf(b, "  d%d: x\n", i);
    buffer_text(b, "services:\n s:\n  checks:\n   c0: &c {tcp: {address: a:1}}\n");
    for (int i = 1; b->len + 20 < FULL && i < 6000; i++)
        buffer_printf(b, "   c%d: *c\n", i);
}

static void wrong_default_of_all(struct buffer *b) /* each check writes the whole list before it comes to the wrong end */
{
    buffer_text(b, "defaults: {exec: {command: [a");
    many(b, ", a", 30000);
    buffer_text(b, ", [b]]}}\nservices:\n s:\n  checks:\n   c0: &c {exec: {}}\n");
    for (int i = 1; i < 14000; i++)
        buffer_printf(b, "   c%d: *c\n", i);
}

static void empty_references(struct buffer *b)
{
    buffer_text(b, "vars:\n");
    for (int i = 0; i < 999; i++)
        buffer_printf(b, " v%d: \"\"\n", i);
    buffer_text(b, "services: {s: {checks: {c: {tcp: {address: \"");
    many(b, "${vars.v998}", 70000);
    buffer_text(b, "\"}, for_each: [a");
    for (int i = 0; i < 900; i++)
        buffer_printf(b, ", %d", i);
    buffer_text(b, "]}}}}\n");
}

static void secret_references(struct buffer *b)
{
    buffer_text(b, "secrets:\n");
    for (int i = 0; i < 999; i++)
        buffer_printf(b, " v%d: {env: A}\n", i);
    buffer_text(b, "services: {s: {checks: {c: {http: {url: x, bearer: \"");
    many(b, "${secrets.v998}", 50000);
    buffer_text(b, "\"}, for_each: [a");
    for (int i = 0; i < 900; i++)
        buffer_printf(b, ", %d", i);
    buffer_text(b, "]}}}}\n");
}

static void large_variables(struct buffer *b) /* one conf that would be hundreds of MiB */
{
    buffer_text(b, "vars: {v: \"");
    many(b, "0123456789abcdef", 4000);
    buffer_text(b, "\"}\nservices: {s: {checks: {c: {exec: {command: [x");
    many(b, ", \"${vars.v}\"", 9000);
    buffer_text(b, "]}}}}}\n");
}

static void long_wrong_names(struct buffer *b) /* each is compared with each */
{
    static const char long_name[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcd";

    buffer_text(b, "services:\n");
    for (int i = 0; b->len + 200 < FULL; i++)
        buffer_printf(b, " %s%d: {enabled: false, needs: [%s-%d]}\n", long_name, i, long_name, i);
}

static void dotted_wrong_types(struct buffer *b)
{
    buffer_text(b, "services: {a: {checks: {b: {");
    for (int i = 0; b->len + 40 < FULL; i++)
        buffer_printf(b, "kubernets.workload%d: {}, ", i);
    buffer_text(b, "c: x}}}}\n");
}

static void cut_character(struct buffer *b)
{
    buffer_text(b, "state: /tmp/\xc3");
}

const struct hostile_file hostile_files[] = {
    { "billion-laughs", billion_laughs }, { "merge-laughs", merge_laughs }, { "merge-list", merge_list }, { "too-large", too_large },
    { "flat-list", flat_list }, { "flat-map", flat_map }, { "flow-lists", flow_lists }, { "flow-maps", flow_maps }, { "flow-lines", flow_lines },
    { "flow-keys", flow_keys }, { "block-lists", block_lists }, { "block-keys", block_keys }, { "just-too-deep", just_too_deep },
    { "deep-by-alias", deep_by_alias }, { "directives", directives }, { "late-directives", late_directives }, { "blanks", blanks },
    { "plain-blanks", plain_blanks }, { "empty-lines", empty_lines }, { "allowed-blanks", allowed_blanks }, { "long-text", long_text },
    { "long-key", long_key }, { "long-quoted-key", long_quoted_key }, { "anchors", anchors }, { "aliases", aliases }, { "same-keys", same_keys },
    { "unknown-keys", unknown_keys }, { "unknown-check-keys", unknown_check_keys }, { "many-checks", many_checks }, { "many-each", many_each },
    { "doubled-variables", doubled_variables }, { "large-confs", large_confs }, { "unknown-needs", unknown_needs }, { "long-cycle", long_cycle },
    { "dense-cycles", dense_cycles }, { "deep-condition", deep_condition }, { "many-conditions", many_conditions }, { "long-condition", long_condition },
    { "include-devices", include_devices }, { "cut-character", cut_character }, { "wide", wide }, { "carriage-returns", carriage_returns },
    { "nuls", nuls }, { "continuations", continuations }, { "documents", documents }, { "tags", tags }, { "known-tags", known_tags },
    { "open-quote", open_quote }, { "one-line", one_line }, { "wide-defaults", wide_defaults }, { "wide-type-defaults", wide_type_defaults },
    { "wrong-default-of-all", wrong_default_of_all }, { "empty-references", empty_references }, { "secret-references", secret_references },
    { "large-variables", large_variables }, { "long-wrong-names", long_wrong_names }, { "dotted-wrong-types", dotted_wrong_types },
};
const size_t n_hostile_files = sizeof hostile_files / sizeof *hostile_files;
