"""Export: records as files that need no database, in three formats, and records read back from them."""
