"""The rules of evaluation as pure functions: no I/O, no clock, no database."""
