"""What is learned, and how it is judged: sweeps, imported logs, difficulty, tables, PRMs, evaluation."""
