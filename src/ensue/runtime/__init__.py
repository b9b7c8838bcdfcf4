"""Floor 3: where time passes."""
