# core/agents: what an agent is told. Pure: base, model and the engine's face.
noinst_LIBRARIES += core/agents/libagents.a
core_agents_libagents_a_SOURCES = core/agents/diagnosis.c core/agents/diagnosis.h
