"""What may vary: parameters, conditions, TOML files."""
