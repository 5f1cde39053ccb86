"""The commands, one module a family. Heavy imports happen inside the functions."""
