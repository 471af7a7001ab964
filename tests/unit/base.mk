# tests/unit/base.mk: unit tests, see the sources for what they hold.
