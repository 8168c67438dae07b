"""One call of a search, from options to a result. Start at `opening.py`.

opening         options -> data encoded, study settled -> SearchSession
call            what a call brings: data, settings, options, time, memory
search_session  open the study, train, keep the best: iterated over to its end
scoring         the best trial and its references on validation and test rows
publishing      what Optuna Dashboard shows
"""
