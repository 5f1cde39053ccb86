"""Rows and words that are there already: in files of SQL, notebooks, documents and views."""
