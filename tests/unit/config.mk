# tests/unit/config.mk: unit tests, see the sources for what they hold.
