"""What databases are about: tables and columns by kind (data)."""
