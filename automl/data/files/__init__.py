"""Files of rows, by their kinds: what they begin with, how they are written, what they hold."""
