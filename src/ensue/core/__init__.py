"""Floor 0: words and decisions. Pure: no clock, no randomness, no disk, no environment."""
