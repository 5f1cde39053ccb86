"""Inference: a GGUF and a question in, a checked answer out."""
