"""Encoders: real-valued sequences to external spikes."""
