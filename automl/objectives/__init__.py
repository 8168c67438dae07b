"""A person's own training loop in the place of a network: called, asked on, judged by its losses.

kinds      what an objective is: a generator function, a class, or a plain function
loop       one training of it, between two epochs; its state as tensors
losses     what it gives of an epoch, read
trainer    many of them as a `Trainer`
"""
