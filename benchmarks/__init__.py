"""Benchmarks: ensue against what people write by hand and against the raw database, in one run."""
