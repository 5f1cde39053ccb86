"""Rows said in other words by a teacher, and kept when a round trip gives the same results."""
