"""Training the embedded PRM on a policy model's own rollouts, and judging it on problems it has not seen.

examples   solved problems with all their samples, from run directories
logistic   a logistic regression with a ridge
fit        weights for open and for answered paths, regularised and calibrated by folds of problems
crossfit   scores by weights that have not seen the problem
figures    what the scores are worth, with intervals
report     all of it by kind of problem, beside the log-probability baseline
run        `compute-router train-prm`
"""
