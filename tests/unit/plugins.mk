# tests/unit/plugins.mk: unit tests, see the sources for what they hold.
