"""What routing is worth: policies compared on the same problems, none judged on what it was fitted on.

folds       which problems are held out together
blind       difficulty predicted without the folds that are judged
crossfit    tables fitted on one side of the folds, the router's choices on the other
applied     a finished table on problems that its training has not seen
rivals      fixed arms, oracles, ties
paper       the paper's rule on the arms that a sweep has
outcomes    what a choice came to: accuracy, tokens, FLOPs, utility
bootstrap   intervals over problems, the same resamples for everybody
judge       all of it for one matrix: a Section
gain        the paper's efficiency gain
document    a Section as JSON
report      a Section on a terminal
plot        accuracy against tokens and FLOPs, SVG and PNG
public      every public sweep in one table (`python -m research public-sweeps`)
"""
