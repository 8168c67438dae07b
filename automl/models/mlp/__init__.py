"""The multilayer perceptron: its configuration, its module, its first weights, its dropout."""
