"""What a person looks at: the HTML report, the comparison, the dashboard's content, figures.

Records in, pages and figures out; nothing here needs torch, the data or a running search.
`numbers` computes, `figures` draws, the `*_part` modules put both into words and panels, and
`page` writes the file.
"""
