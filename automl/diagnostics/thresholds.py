"""The numbers that turn evidence into a verdict, each with where it comes from.

Those marked "calibrated" were set by `benchmarks/verdicts.py` on cases of even seeds; the
figures it reports come from odd seeds that had no part in setting them. Shares of loss are
shares of the trivial baseline's loss (class frequencies, or the mean of the target).
"""

from __future__ import annotations

from typing import Final

# Learning curves

MIN_EPOCHS: Final = 3
"""A curve of fewer epochs shows no course: two points are a line whatever happens."""

Z_95: Final = 1.96
"""Standard errors from the middle to either end of a 95 % interval of a normal variable."""

NOISE_MULTIPLE: Final = 2.0
"""A difference counts from two standard errors on: about 95 % for a normal error."""

CHANCE_GAIN: Final = 0.05
"""Chance that the best of all trials seems better than guessing where nothing can be learned
(Bonferroni over trials, which share their rows and so are fewer in effect)."""

NOT_LEARNING_SHARE: Final = 0.05
"""Calibrated: a network that takes less than this share off the baseline's loss did not learn."""

BIAS_SHARE: Final = 0.12
"""Calibrated: avoidable bias worth a verdict, as a share of what is known to be learnable."""

CERTAIN_BIAS_SHARE: Final = 0.05
"""Calibrated: the same where a reference is certainly better, and the network could be as good
with less: of digits with strong weight decay it was 0.08, and 9.5 standard errors."""

LOST_SHARE: Final = 0.20
"""Calibrated: from here on, too much of what was learned does not hold for new rows; at two
standard errors less it must still be half of this."""

CERTAIN_ERRORS: Final = 3.0
"""Standard errors of a certain lead on one of two sets of rows: of two references one has it by
chance in 0.5 % of studies, and then two on the other set in 2 % of those."""

NEAR_ZERO_SHARE: Final = 0.002
"""Of the baseline's loss: what real tables hardly ever leave. Columns that sum to the target left
a linear model with less than 0.0001."""

LEAST_LEAD_SHARE: Final = 0.03
"""A smaller lead of a reference, as a share of the baseline's loss, is said but is no warning."""

LEAST_ENSEMBLE_SHARE: Final = 0.001
"""Of its validation loss, or of the metric that it was chosen by: an ensemble that gains less over
the best trial alone is not worth its further networks. Where nothing can be learned, networks that
all but guess gain 0.00003 of a loss of 0.693 together."""

LEAST_LUCK_SHARE: Final = 0.005
"""Of a validation loss: what choosing the best of many trials flatters it by less is not worth a
number."""

WEAK_SHARE: Final = 0.20
"""Calibrated: below this share of guessing's loss taken off, little of the target is explained."""

TINY_WIDTH: Final = 4
"""Layers so narrow hold a network back more than any penalty: advice is a wider one."""

MIN_VALID_ROWS: Final = 20
"""With fewer validation rows an error rate is known to no better than about 0.2 (95 %)."""

MIN_TEST_ROWS: Final = 20
"""The same of test rows; and of fewer, a bootstrap's interval is too narrow: where all of 3 rows
are alike it excludes zero, which chance does once in 4 times."""

LEAST_GAP_SHARE: Final = 0.02
"""A smaller gap, as a share of the baseline's loss, is not worth an action however certain."""

RISE_SHARE: Final = 0.25
"""Calibrated: validation loss that takes back this share of what was gained asks for action."""

APART_RISE_SHARE: Final = 0.15
"""Calibrated: the same where at the end train and validation loss are far apart. Healthy networks
took back at most 0.14 of what was gained."""

END_LOST_SHARE: Final = 0.4
"""Calibrated: far apart, of what was learned by the end. Large networks without penalties on
pima, diabetes, credit-g and titanic had lost 0.48 and more, healthy searches of 20 tables at most
0.36."""

IMPROVING_SHARE: Final = 0.10
"""Calibrated: still improving, if the last fifth of the epochs brought this share of it all."""

FEW_EPOCHS: Final = 4
"""Calibrated: a best epoch among so many first ones, and a collapse after it, is of steps that
are far too large."""

PROBED_SHARE: Final = 0.5
"""A single column that explains so much of the target on held-out train rows is a signal."""

SELECTION_ERRORS: Final = 3.0
"""Standard errors of the difference of two independent estimates: by chance in 0.1 % of studies,
more often where many trials were chosen among."""

SELECTION_SHARE: Final = 0.15
"""Of the gain over guessing on validation rows: where test rows lack less, little changes."""

MISMATCH_ERRORS: Final = 4.0
"""The validation rows chose the best trial; that they are this much worse than test rows for it
has a chance below 1 in 10,000."""

MISMATCH_SHARE: Final = 0.5
"""Of the gain on test rows: what validation rows must lack to be other rows."""

# Gradient flow

LITTLE_EXPLAINED: Final = 0.25
"""A network that took a quarter of guessing's loss off was not kept from learning by its steps."""

VANISHING_RATIO: Final = 1e-3
"""Calibrated: gradient norm nearest the input over that of the output layer, at initialization.

Also the largest gradient norm at the end over that at the start, where nothing was learned:
in networks thrown at once it was below 1e-7.
"""

WEAK_RATIO: Final = 1e-2
"""Calibrated: the same ratio where the network did not learn at all; networks that learned have
0.08 and more."""

EXPLODING_RATIO: Final = 1e3
"""The mirror image of VANISHING_RATIO."""

EXPLODING_NORM: Final = 1e4
"""Calibrated: gradients of a loss of about 1 with this norm overshoot at any usual step size."""

DEAD_FRACTION: Final = 0.8
"""Calibrated: from this share of zero units in a layer on, the layer passes too little on."""

SATURATED_FRACTION: Final = 0.5
"""Calibrated: half of a layer's activations at the flat ends, where gradients are near zero."""

SMALL_UPDATE_RATIO: Final = 5e-4
"""Calibrated: half the usual rule of thumb of 1e-3; counts only while the train loss falls.

Source of the rule: Karpathy, CS231n notes, "Ratio of weights:updates".
"""

LARGE_UPDATE_RATIO: Final = 3e-2
"""Calibrated: a step that changes weights by this share overshoots, where loss is not falling."""

WEIGHT_GROWTH: Final = 10.0
"""Calibrated: weights of a network that did not learn, or not at once, thrown to so many times
their size."""

THROWN_LOSS: Final = 3.0
"""Calibrated: with such weights, a train loss of so many times the baseline's. Networks thrown by
a learning rate of 1 to 2 began with 5 times and crept back; healthy ones stay below 1."""

ROUGHNESS: Final = 0.35
"""Calibrated: the upward moves of the train loss, as a share of all its moves; 0.5 is no fall."""

OVERSHOOT: Final = 30.0
"""Calibrated: no usual start has a train loss of so many times the baseline's; a step does."""

CLIMB: Final = 1.0
"""Calibrated: the train loss climbs by the baseline's loss above a level it had reached."""

STEADY_SHARE: Final = 0.02
"""Calibrated: train loss still falls steadily if its last fifth brought this share of the fall."""

HOPELESS_GRADIENT_NORM: Final = 1e-9
"""Below this even Adam stands still: its epsilon of 1e-8 exceeds the gradient."""

HOPELESS_RATIO: Final = 1e-8
"""Gradient nearest the input over that of the output: about float32's precision."""

HOPELESS_EXPLOSION: Final = 1e8
"""Gradient norms from here on overflow float32 within few squared sums."""

# The search

EDGE_SHARE: Final = 0.25
"""The outer quarter of a range, in the scale (linear or log) in which it is searched."""

AT_END_SHARE: Final = 0.005
"""Of a range: nearer its end chance hardly puts one value, nor in a search of 20 ranges often one
of them (in 18 % of those, at both ends)."""

EDGE_SIGNIFICANCE: Final = 0.06
"""Calibrated: chance that so many of the best trials lie there if they lay as all trials do, or
anywhere: 4 of 5, 6 of 10."""

EDGE_FALL_CHANCE: Final = 0.05
"""Chance that, of all ends of all ranges without an optimum beyond, one has a loss that seems
to fall there (Bonferroni); that the best trials must crowd that end too makes it smaller."""

TREND_CHANCE: Final = 0.25
"""Calibrated: chance of a trend of the trials towards an end beyond which all usual values lie. A
range that leaves them all out is asked for less evidence than one that has them."""

CERTAIN_TREND: Final = 0.01
"""Calibrated: the same of any range of learning rates, where the best trial lies in its outer
quarter and others do better: 0.003 and less where the range ended too early, 0.014 and more in
searches of the built-in space."""

TREND_PLACE: Final = 0.4
"""Calibrated: the best trial's least place towards that end, in widths of the range."""

FAR_SHARE: Final = 0.5
"""Of the best trial's epochs: trials that came so far are compared with it. In a search of 55 the
highest learning rates led after two epochs and were the worse ones of those that came to eight."""

FAR_TRIALS: Final = 5
"""Fewer that came far do not speak against what all trials show."""

WELL_INSIDE: Final = 0.05
"""A best trial farther from a range's end, in widths of it, is a value that a new range keeps."""

SLOW_UPDATE_RATIO: Final = 1.5e-3
"""Calibrated: median update ratio of the trials with the largest learning rates. Where larger
ones are needed it is 0.0007 to 0.0013, in wide ranges 0.03 and more."""

SLOW_MIN_TRIALS: Final = 3
"""Fewer trials with the largest learning rates have no typical one."""

EDGE_MIN_TRIALS: Final = 10
"""Fewer trials than Optuna's TPE draws at random (n_startup_trials) show no crowding."""

TOP_SHARE: Final = 0.25
"""The best quarter of the trials: TPE's own order of magnitude for its good group."""

RANDOM_TRIALS: Final = 60
"""1 - 0.95 ** 60 = 95 %: so many random trials reach the best 5 % of a space.

Source: Bergstra & Bengio 2012, Random search for hyper-parameter optimization, section 5.
"""

TRIALS_PER_PARAMETER: Final = 5
"""A rule of thumb between Optuna's ten random trials and Bergstra & Bengio's sixty."""

NO_EFFECT_SIGNIFICANCE: Final = 0.20
"""A parameter without effect: its share of explained rank variance is this likely by chance."""

SAME_LOSS_STANDARD_ERRORS: Final = 1.0
"""The one-standard-error rule. Source: Hastie, Tibshirani & Friedman 2009, section 7.10."""

FAILURE_SHARE: Final = 0.2
"""From every fifth trial on, failures cost enough of the search to be worth a change."""

BUDGET_SHARE: Final = 0.5
"""The epochs are too few if the best epoch of this share of the best trials is the last tenth."""

# The data

LEAKAGE_SHARE: Final = 0.9
"""One column alone explains this share of the target's variance: rarely honest ..."""

LEAKAGE_LEAD: Final = 3.0
"""... where the other columns together leave this many times as much unexplained. Iris, whose
petals are honest, has others that explain as much as the best column."""

LEAKAGE_MARGIN: Final = 0.05
"""And this much of the variance more: three times a rest of nearly nothing is nearly nothing, and
two columns that both know the target all but exactly are an easy problem."""

RENAMED_CLASSES: Final = 0.93
"""A column has the classes under other names but for errors: one value for each class, right in
this share of the rows. Of a copy that is wrong in 5 % of the rows, a sample of 500 rows shows so
many right or more."""

RENAMED_SHARE: Final = 0.6
"""That must explain this share of the variance of the classes' indicators: 5 % of wrong names
leave 0.81 of it among equal classes, 0.76 among three quarters and a quarter, 0.61 beside one of
a tenth. To name the commonest class always explains nothing. The others together may not explain
more: then nothing is too good on account of this column."""

LEAST_OTHERS: Final = 0.05
"""Columns that explain less of the target tell nothing: beside them a column is no leak for what
it knows, but the only one that knows anything."""

EXACT_REST: Final = 1e-6
"""The share of the variance that rounding leaves: with more, sums are nearly exact."""

SHIFT_AUC: Final = 0.65
"""A classifier tells two splits apart, beyond what it does on rows split at random (0.5)."""

STRONG_SHIFT_AUC: Final = 0.8
"""Halfway and more from chance to telling every row: scores there are about other rows."""

DUPLICATE_SHARE: Final = 0.01
"""Repeated rows, from 1 % on: fewer change no score that can be seen."""

MEMORY_SHARE: Final = 0.1
"""From 10 % on scores become memory in part: if all of these rows were right by it, an error of
20 % would read as 18 %."""

VOID_DUPLICATE_SHARE: Final = 0.5
"""From here on most of what a score is made of is memory: it is not one of new rows any more."""

LOOK_ALIKE_SHARE: Final = 0.1
"""Copies of a row agree in the target, but for errors. Where more of the repeated rows differ in
it, they are different things that look alike, as in a table of a few categories; new ones will
look like them too, and the score is honest."""

ROOM_FOR_ROWS: Final = 10.0
"""With fewer different rows possible for each row that there is, rows repeat by chance: of rows
spread evenly over ten times their number of possible ones, 1 - exp(-0.6 / 10) = 6 % of those to
validate are like one of the 60 % to train; with fewer, or spread unevenly, more."""

CONFLICT_SHARE: Final = 0.01
"""Rows that no network can get right all, from 1 % on: a bound on the error worth knowing."""

IMBALANCE_RATIO: Final = 10.0
"""Rows of the commonest class for each of the rarest: never naming it costs under 10 %."""

MIN_CLASS_ROWS: Final = 20
"""With fewer rows a class's error rate is known to no better than about 0.2 (95 %)."""

OUTLIER_WIDTHS: Final = 20.0
"""Middle-half widths from the median: a normal variable never gets beyond 4."""

OUTLIER_VARIANCE_SHARE: Final = 0.5
"""From half of the target's variance on, far values outweigh all other rows in squared errors."""

MISSING_SHARE: Final = 0.5
"""A column that is empty more often than not."""

MIN_ROWS_PER_INPUT: Final = 5.0
"""Fewer rows for each input than a linear model needs; rules of thumb say 5 to 20."""

WORTH_MORE_ROWS_SHARE: Final = 0.02
"""Twice the rows are worth asking for if they take this share of the baseline's loss off."""

# Which columns the answer uses: set by `python -m benchmarks.verdict_columns` (seeds 0, 2 and 4 of
# six cases, 18 searches). On seeds 1, 3 and 5, which set nothing: one column that carries all,
# missed 0 of 3, false alarms 0 of 15; idle columns, 0 of 6 and 0 of 12; columns that are alike,
# 0 of 3 and 0 of 15 (Wilson 1927: 0 of 15 is at most 0.20, of 12 0.24, of 6 0.39, of 3 0.56).

LEAST_COLUMNS: Final = 4
"""Of fewer it is no news that one carries most, or that few do nothing. Not measured."""

LEAST_EXPLAINED: Final = 0.5
"""Of guessing's loss: a leak takes nearly all off, so one column that carries an answer of less
is the best of weak ones. Columns that carry all took off 0.86 to 0.93 (seeds 0, 2, 4)."""

CARRIED_SHARE: Final = 0.8
"""Of what an answer takes off guessing's loss: so much at least is lost with a column shuffled,
by the low end of its interval, where the answer rests on it alone. There it was 3.7 to 16, of the
first of six to eight useful ones 0.28 to 0.84. Of one that is strong among others, or one of two
or three, it is 0.96 to 1.5: these are told by `OTHERS_SHARE` (seeds 0, 2, 4)."""

OTHERS_SHARE: Final = 0.05
"""Of that column's importance: what no other one may exceed. It was at most 0.002 where one
carries all, and 0.12 or more where one is two to three times as strong as each other (seeds 0,
2, 4)."""

IDLE_SHARE: Final = 0.4
"""From more than two fifths of the columns on it is worth a sentence that they change nothing.
Where most columns are noise it was 0.50 to 0.88 of them, where all are of use none (seeds 0, 2,
4); more than a half, as it had been, missed one of these six."""
