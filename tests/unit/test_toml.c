/* The old program's TOML: what is read as what, and what is refused where and with which words. */
#include "cli/toml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define HOLDS(text, part) holds((text), (part), __FILE__, __LINE__)

static struct arena *arena;
static char told[4096]; /* "LINE:COLUMN: SENTENCE\n" for each problem */

static void tell(void *arg, unsigned line, unsigned column, const char *sentence)
{
    const size_t used = strlen(told);

    (void)arg;
    snprintf(told + used, sizeof told - used, "%u:%u: %s\n", line, column, sentence);
}

static struct toml read_bytes(const char *bytes, size_t n)
{
    told[0] = '\0';
    if (setjmp(*arena_guard(arena)))
        fail_msg("no memory");
    return toml_read(arena, bytes, n, tell, NULL);
}

static struct toml read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

static const struct toml_value *value_of(struct toml toml, const char *section, const char *key)
{
    const struct toml_value *value = toml.values;

    while (value && (strcmp(value->section, section) != 0 || strcmp(value->key, key) != 0))
        value = value->next;
    if (!value)
        fail_msg("no %s in [%s]", key, section);
    return value;
}

static void holds(const char *text, const char *part, const char *file, int line)
{
    if (strstr(text, part))
        return;
    print_error("\"%s\" does not hold \"%s\"\n", text, part);
    _fail(file, line);
}

static void reads_every_kind(void **unused)
{
    const struct toml toml = read_text("\xef\xbb\xbf# old\r\n"
                                       "interval = 60 # seconds\n"
                                       "[worker]\n"
                                       "command = [\"bun\", 'run', \"src/serve.ts\",]\n"
                                       "dir='C:\\no escape'\n"
                                       "\ttext = \"a # no comment, \\\"quoted\\\", \\u00e9\\U0001F426\\t.\"\n"
                                       "none = []\n"
                                       "[ http.voice-agent ]\n"
                                       "critical = false\n"
                                       "timeout_secs = -1_000");

    (void)unused;
    assert_string_equal(told, "");
    assert_int_equal(value_of(toml, "", "interval")->integer, 60);
    assert_int_equal(value_of(toml, "", "interval")->line, 2);
    assert_int_equal(value_of(toml, "worker", "command")->n, 3);
    assert_string_equal(value_of(toml, "worker", "command")->texts[1], "run");
    assert_string_equal(value_of(toml, "worker", "dir")->text, "C:\\no escape");
    assert_string_equal(value_of(toml, "worker", "text")->text, "a # no comment, \"quoted\", \xc3\xa9\xf0\x9f\x90\xa6\t.");
    assert_int_equal(value_of(toml, "worker", "text")->column, 2);
    assert_int_equal(value_of(toml, "worker", "none")->n, 0);
    assert_int_equal(value_of(toml, "http.voice-agent", "critical")->kind, TOML_TRUTH);
    assert_false(value_of(toml, "http.voice-agent", "critical")->truth);
    assert_int_equal(value_of(toml, "http.voice-agent", "timeout_secs")->integer, -1000);
    assert_string_equal(toml.sections->name, "worker");
    assert_string_equal(toml.sections->next->name, "http.voice-agent");
    assert_null(toml.sections->next->next);
}

static void refuses_by_name(void **unused)
{
    static const struct {
        const char *line, *problem;
    } cases[] = {
        { "a = \"\"\"x", "1:5: texts of several lines are not read here" },
        { "a = 1.5", "1:5: of numbers, only decimal integers" },
        { "a = 1979-05-27", "1:5: of numbers, only decimal integers" },
        { "a = 0x10", "1:5: of numbers, only decimal integers" },
        { "a = 007", "1:5: an integer has no 0 at its front" },
        { "a = 1__0", "1:6: `_` stands between two digits" },
        { "a = 99999999999999999999", "1:5: the integer is too large" },
        { "a = yes", "1:5: this is no value; texts stand between quotes" },
        { "a = truest", "1:5: this is no value" },
        { "a =", "1:4: `a` has no value" },
        { "a = # nothing", "1:5: `a` has no value" },
        { "a = { b = 1 }", "1:5: tables within a line" },
        { "a = [1]", "1:6: a list may hold texts alone" },
        { "a = [\"b\" \"c\"]", "1:10: between the texts of a list stands a comma" },
        { "a = [\"b\",", "1:10: the list has no end on this line" },
        { "a = \"open", "1:5: the text that begins here has no end" },
        { "a = \"\\q\"", "1:6: TOML knows no escape of that letter" },
        { "a = \"\\ud800\"", "1:6: no text can hold the code point U+D800" },
        { "a = \"\\u00\"", "1:6: \\u needs 4 hexadecimal digits" },
        { "a = \"b\" c", "1:9: nothing but a comment" },
        { "a.b = 1", "1:1: a line is `key = value`" },
        { "\"a\" = 1", "1:1: a line is `key = value`" },
        { "words", "1:1: a line is `key = value`" },
        { "[[a]]", "1:1: lists of sections" },
        { "[a", "1:1: a section is written `[name]`" },
        { "[a] b", "1:1: a section is written `[name]`" },
        { "[]", "1:1: a section is written `[name]`" },
        { "a = 1\na = 2", "2:1: `a` stands in line 1 already" },
        { "[a]\n[a]", "2:1: the section `a` stands in line 1 already" },
        { "a = \"\x01\"", "1:6: a control character" },
        { "a = \"\xff\"", "1:6: this is no UTF-8" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        read_text(cases[i].line);
        HOLDS(told, cases[i].problem);
    }
}

static void goes_on_behind_a_mistake(void **unused)
{
    const struct toml toml = read_text("a = nope\nb = 2\n[bad\nc = 3\n[good]\nd = 4\n");

    (void)unused;
    HOLDS(told, "1:5: ");
    HOLDS(told, "3:1: ");
    assert_int_equal(value_of(toml, "", "b")->integer, 2);
    assert_int_equal(value_of(toml, "?", "c")->integer, 3); /* and not in the section before it */
    assert_int_equal(value_of(toml, "good", "d")->integer, 4);
}

/* Every beginning of a text that has everything in it, also with a NUL at its end: an answer, and no byte beyond it is looked at. */
static void survives_any_end(void **unused)
{
    static const char all[] = "a = \"\\u00e9\\n\" # c\n[b.c]\nd = ['e', \"f\"]\ng = -12\nh = true\n";
    char copy[sizeof all];

    (void)unused;
    for (size_t n = 0; n < sizeof all; n++) {
        memcpy(copy, all, n);
        read_bytes(copy, n);
    }
}

static int begin(void **unused)
{
    (void)unused;
    arena = arena_create(64 << 20);
    return arena == NULL;
}

static int end(void **unused)
{
    (void)unused;
    arena_free(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_kind),
        cmocka_unit_test(refuses_by_name),
        cmocka_unit_test(goes_on_behind_a_mistake),
        cmocka_unit_test(survives_any_end),
    };

    return cmocka_run_group_tests_name("TOML", tests, begin, end);
}
