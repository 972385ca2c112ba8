"""Fitting the difficulty predictor: `python -m research difficulty --data DIR --out configs/difficulty`.

sources, rollouts  logs of graded answers and annotated problems, read
corpus             who answered what how often; what is known of each problem
rasch              abilities and difficulties from the answers alone
terms              texts as a sparse matrix
regression         difficulty from text: three auxiliary heads, then ridge on the answers
crossfit           the same, blind to the fold it predicts
scale              the discrimination and the uncertainty that make pass@1 calibrated
law                ability from the parameter count and the family
fit                all of it, to one `difficulty.Predictor`
annotations        a predictor that has seen no outcome
refit              a predictor fitted again to one user's sweep: evidence, working, correction, standing
graded             one model's graded answers, read for `compute-router calibrate`
report             how well that works on problems it has not seen: unseen (new models), levels, encoder
"""
