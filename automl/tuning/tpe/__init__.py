"""Tree-structured Parzen estimation: what the trials so far say of where to try next."""
