"""Instructions in, adapter out."""
