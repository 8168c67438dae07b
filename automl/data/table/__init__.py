"""Tables: what a column is, learned once, and applied to every row that comes through any door."""
