"""A Gaussian process over configuration and epoch: where unfinished learning curves lead to."""
