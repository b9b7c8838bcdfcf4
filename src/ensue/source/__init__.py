"""The application's own source: what its steps reach, whether it was edited since it was published, what it causes."""
