"""The code that is exported with a model: real modules, which know nothing of this project."""
