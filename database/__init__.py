"""Databases: open a source read-only, describe it, check a statement, run it."""
