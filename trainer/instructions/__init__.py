"""Instruction data: constructed from a database, written by hand, imported, and checked."""
