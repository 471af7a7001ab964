# tests/unit/host.mk: unit tests, see the sources for what they hold.
