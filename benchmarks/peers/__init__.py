"""The peers: what ensue is measured against."""
