"""What a person can choose: the options of a search, and how their values are made plain."""
