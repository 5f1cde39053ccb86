"""Words for tables and columns, and pools of values, in English and Chinese (data)."""
