/* Ids on the wire: found in constant time, over ones told from ones that were never given out, those of another kind or connection refused. */
#include "hosts/ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

enum { MANY = 20000 };

static void finds_what_it_gave(void **state)
{
    static int owners[MANY];
    static uint64_t given[MANY];
    struct ids ids;
    char text[ID_TEXT];
    uint64_t id;
    void *owner = NULL;

    (void)state;
    ids_init(&ids);
    for (int i = 0; i < MANY; i++)
        given[i] = ids_give(&ids, &owners[i]);
    for (int i = 0; i < MANY; i += 2) /* half of them are over: the gaps must not hide the others */
        ids_take(&ids, given[i]);
    for (int i = 0; i < MANY; i++) {
        ids_write(&ids, ID_RUN, given[i], text);
        assert_int_equal(strlen(text), 32);
        assert_int_equal(ids_find(&ids, ID_RUN, text, &id, &owner), i % 2 ? ID_KNOWN : ID_OVER);
        assert_int_equal(id, given[i]);
        if (i % 2)
            assert_ptr_equal(owner, &owners[i]);
    }
    for (int i = 0; i < MANY; i++)
        ids_take(&ids, given[i]);
    assert_int_equal(ids.n, 0);
    ids_free(&ids);
}

static void refuses_what_it_never_gave(void **state)
{
    static const char *const wrong[] = { "", "7", "0123456789abcdef0123456789abcdef", "00000000000000000000000000000000", "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
                                         "0123456789ABCDEF0123456789ABCDEF", "0123456789abcdef0123456789abcdef0" };
    struct ids ids, others;
    char text[ID_TEXT];
    uint64_t id;
    void *owner = NULL;

    (void)state;
    ids_init(&ids);
    ids_init(&others);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(ids_find(&ids, ID_RUN, wrong[i], &id, &owner), ID_NEVER);
    ids_write(&ids, ID_RUN, ids_give(&ids, text), text);
    assert_int_equal(ids_find(&ids, ID_RUN, text, &id, &owner), ID_KNOWN);
    assert_int_equal(ids_find(&ids, ID_INSTANCE, text, &id, &owner), ID_NEVER);
    assert_int_equal(ids_find(&others, ID_RUN, text, &id, &owner), ID_NEVER);
    text[5] = text[5] == 'a' ? 'b' : 'a';
    assert_int_equal(ids_find(&ids, ID_RUN, text, &id, &owner), ID_NEVER);
    ids_free(&ids);
    ids_free(&others);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_it_gave),
        cmocka_unit_test(refuses_what_it_never_gave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
