"""Encoders: real-valued sequences to external spikes.

| encoder | a spike says | channels of an input |
|---|---|---|
| `RateEncoder` | by its rate, how high or low a value is | 2 |
| `PopulationEncoder` | by its channel, where in the range a value is | n_neurons |
| `LatencyEncoder` | by its time in the frame, how large a value is | 1 |
| `LevelCrossingEncoder` | a change beyond a threshold, or a level crossed | 2 a threshold |
| `StepForwardEncoder` | a step of a baseline that follows the value | 2 |
| `BSAEncoder` | one more impulse response of a filter | 1 |

Sound goes through `MelBands` first.  `base.py` tells what all of them share.
"""
