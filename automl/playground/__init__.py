"""What each choice does to a small network in the plane: toy data, training, and the page."""
