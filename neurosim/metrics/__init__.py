"""Metrics: how good a liquid is before anything is trained on it."""
