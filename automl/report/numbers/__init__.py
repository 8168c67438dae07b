"""What the figures and pages show, as frozen dataclasses computed from `StudyRecords`.

Every figure has its numbers here, in the module of its theme: `trials` (the table that the
others start from), `overview`, `curves`, `parameters`, `importances`, `gradients`, `search`,
`predictions`, `comparison`. Tests check these numbers; figures only draw them.
"""
