# core/engine: the judgement. Pure: base and model alone.
noinst_LTLIBRARIES += core/engine/libengine.la
core_engine_libengine_la_SOURCES = core/engine/engine.h core/model.c core/model.h
