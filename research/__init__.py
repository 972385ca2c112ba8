"""What made the shipped files and RESULTS.md. Not in the wheel; `python -m research --help` lists all."""
