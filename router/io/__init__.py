"""Files and what goes into them: problems, run directories, summaries, data files of this package."""
