# tests/unit/heal.mk: core/heal: each limit by itself at its bounds, the choice of an entry, and random histories against a judge of their own.
heal_tests = tests/unit/test_heal_choose tests/unit/test_heal_history tests/unit/test_heal_limits tests/unit/test_heal_machine tests/unit/test_heal_record tests/unit/test_heal_recovery tests/unit/test_heal_refused tests/unit/test_heal_restart \
	tests/sim/test_heal tests/sim/test_heal_mutants
check_PROGRAMS += $(heal_tests)
TESTS += $(heal_tests)

HEAL_TEST_LIBS = core/heal/libheal.a core/base/libbase.a $(CMOCKA_LIBS)

tests_unit_test_heal_choose_SOURCES = tests/unit/test_heal_choose.c tests/unit/heal_support.h
tests_unit_test_heal_choose_LDADD = $(HEAL_TEST_LIBS)

tests_unit_test_heal_history_SOURCES = tests/unit/test_heal_history.c tests/unit/heal_support.h
tests_unit_test_heal_history_LDADD = $(HEAL_TEST_LIBS)

tests_unit_test_heal_limits_SOURCES = tests/unit/test_heal_limits.c tests/unit/heal_support.h
tests_unit_test_heal_limits_LDADD = $(HEAL_TEST_LIBS)

EXTRA_DIST += tests/sim/heal_histories
check_LIBRARIES += tests/sim/libhealworld.a tests/sim/libhealmutants.a
tests_sim_libhealworld_a_SOURCES = tests/sim/build.c tests/sim/build.h tests/sim/heal_build.c tests/sim/heal_through.c tests/sim/heal_world.c tests/sim/heal_world.h

# The same machine with a promise broken on purpose, and the histories that must notice it.
tests_sim_libhealmutants_a_SOURCES = $(core_heal_libheal_a_SOURCES)
tests_sim_libhealmutants_a_CPPFLAGS = $(AM_CPPFLAGS) -DHEAL_MUTANTS
heal_histories = tests/sim/dice.h tests/sim/heal_judge.c tests/sim/heal_judge.h tests/sim/heal_judge_over.c tests/sim/heal_judge_sos.c tests/sim/heal_judge_start.c tests/sim/heal_judge_until.c tests/sim/heal_random.c tests/sim/heal_random.h tests/sim/heal_random_model.c tests/sim/heal_random_model.h tests/sim/shrink.c tests/sim/shrink.h tests/sim/test_heal.c
tests_sim_test_heal_SOURCES = $(heal_histories)
tests_sim_test_heal_LDADD = tests/sim/libhealworld.a core/memory/libmemory.a core/heal/libheal.a core/engine/libengine.a core/base/libbase.a
tests_sim_test_heal_mutants_SOURCES = $(heal_histories)
tests_sim_test_heal_mutants_CPPFLAGS = $(AM_CPPFLAGS) -DHEAL_MUTANTS
tests_sim_test_heal_mutants_LDADD = tests/sim/libhealworld.a core/memory/libmemory.a tests/sim/libhealmutants.a core/engine/libengine.a core/base/libbase.a

HEAL_MACHINE_LIBS = tests/sim/libhealworld.a core/memory/libmemory.a core/heal/libheal.a core/engine/libengine.a core/base/libbase.a $(CMOCKA_LIBS)
tests_unit_test_heal_machine_SOURCES = tests/unit/test_heal_machine.c tests/unit/heal_machine_support.h
tests_unit_test_heal_machine_LDADD = $(HEAL_MACHINE_LIBS)

tests_unit_test_heal_recovery_SOURCES = tests/unit/test_heal_recovery.c tests/unit/heal_machine_support.h
tests_unit_test_heal_recovery_LDADD = $(HEAL_MACHINE_LIBS)

tests_unit_test_heal_refused_SOURCES = tests/unit/test_heal_refused.c tests/unit/heal_machine_support.h
tests_unit_test_heal_refused_LDADD = $(HEAL_MACHINE_LIBS)

tests_unit_test_heal_restart_SOURCES = tests/unit/test_heal_restart.c tests/unit/heal_machine_support.h
tests_unit_test_heal_restart_LDADD = $(HEAL_MACHINE_LIBS)

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
