"""The compiled loops, and what they work on."""
