"""Arrays of any shape as a kind of data: images, sequences, whatever a person's network reads."""
