"""Recordings: labelled sequences from files, and loaders of public collections."""
