"""Numbers in, Plotly figure out: one function per figure, one style for all of them.

The same figures serve the report, the dashboard and notebooks. Colours of text and grid come
from the template alone (`style`), so that a page can swap it for the dark one.
"""
