# tests: what runs the built programs.
