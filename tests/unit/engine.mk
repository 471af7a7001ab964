# tests/unit/engine.mk: unit tests, see the sources for what they hold.
