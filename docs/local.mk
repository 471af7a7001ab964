# docs: manual pages and what is read in the source.
dist_man_MANS += docs/talon.1 docs/talon-plugin.3 docs/talon.yaml.5
EXTRA_DIST += docs/architecture.md docs/decisions.md
dist_doc_DATA = docs/plugin-guide.md docs/plugin-protocol.md
