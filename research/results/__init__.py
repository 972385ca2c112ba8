"""What the shipped sweep shows: the PRM, the router against fixed arms, by difficulty; as Markdown."""
