# tests/unit/engine.mk: core/engine: the simulator with its judges, and the rules one by one in unit tests that stand on it.
SIM = \
	tests/sim/build.c tests/sim/build.h tests/sim/judge.c tests/sim/judge.h tests/sim/judge_causes.c \
	tests/sim/judge_overall.c tests/sim/judge_runs.c tests/sim/judge_verdicts.c tests/sim/sim.c tests/sim/sim.h
SIM_LIBS = core/engine/libengine.la core/base/libbase.la -lm

check_PROGRAMS += tests/sim/test_sim
TESTS += tests/sim/test_sim
tests_sim_test_sim_SOURCES = \
	tests/sim/chain.c tests/sim/chain.h tests/sim/dice.h tests/sim/history.c tests/sim/history.h \
	tests/sim/spec.c tests/sim/spec.h tests/sim/test_sim.c $(SIM)
tests_sim_test_sim_LDADD = $(SIM_LIBS)
