# tests/unit/heal.mk: core/heal: each limit by itself at its bounds, the choice of an entry, and random histories against a judge of their own.
heal_tests = tests/unit/test_heal_choose tests/unit/test_heal_history tests/unit/test_heal_limits tests/unit/test_heal_machine tests/unit/test_heal_record
check_PROGRAMS += $(heal_tests)
TESTS += $(heal_tests)

HEAL_TEST_LIBS = core/heal/libheal.a core/base/libbase.a $(CMOCKA_LIBS)

tests_unit_test_heal_choose_SOURCES = tests/unit/test_heal_choose.c tests/unit/heal_support.h
tests_unit_test_heal_choose_LDADD = $(HEAL_TEST_LIBS)

tests_unit_test_heal_history_SOURCES = tests/unit/test_heal_history.c tests/unit/heal_support.h
tests_unit_test_heal_history_LDADD = $(HEAL_TEST_LIBS)

tests_unit_test_heal_limits_SOURCES = tests/unit/test_heal_limits.c tests/unit/heal_support.h
tests_unit_test_heal_limits_LDADD = $(HEAL_TEST_LIBS)

check_LIBRARIES += tests/sim/libhealworld.a
tests_sim_libhealworld_a_SOURCES = tests/sim/build.c tests/sim/build.h tests/sim/heal_world.c tests/sim/heal_world.h

tests_unit_test_heal_machine_SOURCES = tests/unit/test_heal_machine.c
tests_unit_test_heal_machine_LDADD = tests/sim/libhealworld.a core/heal/libheal.a core/engine/libengine.a core/base/libbase.a $(CMOCKA_LIBS)

tests_unit_test_heal_record_SOURCES = tests/unit/test_heal_record.c tests/unit/heal_support.h
tests_unit_test_heal_record_LDADD = $(HEAL_TEST_LIBS)

# core/outbox: random histories against a judge of their own, and single behaviours.
outbox_tests = tests/unit/test_outbox tests/unit/test_outbox_history
check_PROGRAMS += $(outbox_tests)
TESTS += $(outbox_tests)
OUTBOX_TEST_LIBS = core/outbox/liboutbox.a core/base/libbase.a $(CMOCKA_LIBS) -lm
tests_unit_test_outbox_SOURCES = tests/unit/test_outbox.c
tests_unit_test_outbox_LDADD = $(OUTBOX_TEST_LIBS)
tests_unit_test_outbox_history_SOURCES = tests/unit/test_outbox_history.c
tests_unit_test_outbox_history_LDADD = $(OUTBOX_TEST_LIBS)

# core/agents
check_PROGRAMS += tests/unit/test_agents
TESTS += tests/unit/test_agents
tests_unit_test_agents_SOURCES = tests/unit/test_agents.c
tests_unit_test_agents_LDADD = core/agents/libagents.a core/engine/libengine.a core/base/os/libos.a core/base/libbase.a $(CMOCKA_LIBS) -lm

# core/saying.c
check_PROGRAMS += tests/unit/test_saying
TESTS += tests/unit/test_saying
tests_unit_test_saying_SOURCES = tests/unit/test_saying.c
tests_unit_test_saying_LDADD = core/libcore.a core/base/os/libos.a core/base/libbase.a $(CMOCKA_LIBS) -lm
