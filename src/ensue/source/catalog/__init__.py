"""The catalog: what an application declares, gathered from its classes, steps and source, and written in every format."""
