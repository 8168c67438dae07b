"""Questions to a stored study that take more training: runs beside its search, and answers."""
