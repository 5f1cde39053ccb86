"""Adapters that come with the package, one a base model."""
