# docs: manual pages and what is read in the source.
