# tests/unit/hosts.mk: unit tests, see the sources for what they hold.
