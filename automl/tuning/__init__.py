"""The policy of a search: what is tried, for how long, and what is kept. Start at `search.py`."""
