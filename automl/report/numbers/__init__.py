"""What several figures and pages show, as numbers computed from `StudyRecords`.

`study` has the table that all start from; the others compute what it keeps, and what the words of
the pages need. What one figure alone shows is in that figure's file. Tests check these numbers.
"""
