"""A person's own networks: where the function is that builds them, and the family they make."""
