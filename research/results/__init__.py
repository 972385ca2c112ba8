"""What the shipped sweeps show, as Markdown: `python -m research results`. `python -m research again` runs a
slice of them again."""
