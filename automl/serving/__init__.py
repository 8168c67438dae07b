"""A model at work: found by the name of its study or its folder, asked in files and over HTTP."""
