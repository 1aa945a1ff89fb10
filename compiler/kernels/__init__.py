"""The compiled loops of partition and placement."""
