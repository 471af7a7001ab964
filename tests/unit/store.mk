# tests/unit/store.mk: unit tests, see the sources for what they hold.
