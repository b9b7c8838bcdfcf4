"""Floor 1: bytes in, hashes out. Pure."""
