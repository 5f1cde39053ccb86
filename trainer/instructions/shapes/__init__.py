"""Query shapes, phrasings and words: data, not code."""
