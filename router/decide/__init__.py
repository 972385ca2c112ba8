"""From a prediction to a decision: the table and its rows, the arm of a problem, an average budget."""
