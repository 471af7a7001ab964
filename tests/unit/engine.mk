# tests/unit/engine.mk: core/engine: the simulator with its judges, and the rules one by one in unit tests that stand on it.
check_LIBRARIES += tests/sim/libsim.a
tests_sim_libsim_a_SOURCES = \
	tests/sim/build.c tests/sim/build.h tests/sim/judge.c tests/sim/judge.h tests/sim/judge_causes.c \
	tests/sim/judge_overall.c tests/sim/judge_people.c tests/sim/judge_restart.c tests/sim/judge_runs.c tests/sim/judge_verdicts.c tests/sim/restart.c tests/sim/sim.c tests/sim/sim.h
EXTRA_DIST += tests/sim/histories
SIM_LIBS = tests/sim/libsim.a core/memory/libmemory.a core/engine/libengine.a core/base/libbase.a -lm

check_PROGRAMS += tests/sim/test_sim
TESTS += tests/sim/test_sim
tests_sim_test_sim_SOURCES = \
	tests/sim/chain.c tests/sim/chain.h tests/sim/dice.h tests/sim/history.c tests/sim/history.h tests/sim/profile.c tests/sim/profile.h tests/sim/shrink.c tests/sim/shrink.h \
	tests/sim/spec.c tests/sim/spec.h tests/sim/test_sim.c
tests_sim_test_sim_LDADD = tests/sim/libsim.a core/memory/libmemory.a core/config/libconfig.a core/engine/libengine.a core/base/os/libos.a core/base/libbase.a $(YAML_LIBS) $(CJSON_LIBS) $(EV_LIBS) -lm

engine_tests = \
	tests/unit/test_engine_cause tests/unit/test_engine_gaps tests/unit/test_engine_overall tests/unit/test_engine_paths \
	tests/unit/test_engine_doubt tests/unit/test_engine_keep tests/unit/test_engine_people \
	tests/unit/test_engine_recovery tests/unit/test_engine_reload tests/unit/test_engine_schedule tests/unit/test_engine_streaks tests/unit/test_engine_why
check_PROGRAMS += $(engine_tests)
TESTS += $(engine_tests)

ENGINE_TEST_LIBS = $(SIM_LIBS) $(CMOCKA_LIBS)

tests_unit_test_engine_cause_SOURCES = tests/unit/test_engine_cause.c tests/unit/engine_support.h
tests_unit_test_engine_cause_LDADD = $(ENGINE_TEST_LIBS)

tests_unit_test_engine_gaps_SOURCES = tests/unit/test_engine_gaps.c tests/unit/engine_support.h
tests_unit_test_engine_gaps_LDADD = $(ENGINE_TEST_LIBS)

tests_unit_test_engine_overall_SOURCES = tests/unit/test_engine_overall.c tests/unit/engine_support.h
tests_unit_test_engine_overall_LDADD = $(ENGINE_TEST_LIBS)

tests_unit_test_engine_paths_SOURCES = tests/unit/test_engine_paths.c tests/unit/engine_support.h
tests_unit_test_engine_paths_LDADD = $(ENGINE_TEST_LIBS)

tests_unit_test_engine_doubt_SOURCES = tests/unit/test_engine_doubt.c tests/unit/engine_support.h
tests_unit_test_engine_doubt_LDADD = $(ENGINE_TEST_LIBS)

tests_unit_test_engine_keep_SOURCES = tests/unit/test_engine_keep.c tests/unit/engine_support.h
tests_unit_test_engine_keep_LDADD = $(ENGINE_TEST_LIBS)

tests_unit_test_engine_people_SOURCES = tests/unit/test_engine_people.c tests/unit/engine_support.h
tests_unit_test_engine_people_LDADD = $(ENGINE_TEST_LIBS)

tests_unit_test_engine_recovery_SOURCES = tests/unit/test_engine_recovery.c tests/unit/engine_support.h
tests_unit_test_engine_recovery_LDADD = $(ENGINE_TEST_LIBS)

tests_unit_test_engine_reload_SOURCES = tests/unit/test_engine_reload.c tests/unit/engine_support.h
tests_unit_test_engine_reload_LDADD = $(ENGINE_TEST_LIBS)

tests_unit_test_engine_schedule_SOURCES = tests/unit/test_engine_schedule.c tests/unit/engine_support.h
tests_unit_test_engine_schedule_LDADD = $(ENGINE_TEST_LIBS)

tests_unit_test_engine_streaks_SOURCES = tests/unit/test_engine_streaks.c tests/unit/engine_support.h
tests_unit_test_engine_streaks_LDADD = $(ENGINE_TEST_LIBS)

tests_unit_test_engine_why_SOURCES = tests/unit/test_engine_why.c tests/unit/engine_support.h
tests_unit_test_engine_why_LDADD = $(ENGINE_TEST_LIBS)
