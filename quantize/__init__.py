"""Adapter in, verified GGUF out."""
