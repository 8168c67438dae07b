"""What formats for people: numbers, counts, scores, settings, the names of references.

Whatever is said of a study, in a message, the terminal, a figure or the report, is put together
with these, so that the same quantity looks the same everywhere. It stands below all layers, since
each of them says something to people; what is a sentence belongs to whoever says it.
"""
