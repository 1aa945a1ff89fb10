"""A liquid that learns: nine speakers told by their vowels, the readout on the chip, and what it costs there."""

from pathlib import Path

import numpy as np

import neurosim as ns

data = np.load(Path(__file__).parent / "data/japanese_vowels.npz")  # values [frame, coefficient], length [sample], ...
utterances = np.split(data["values"], np.cumsum(data["length"])[:-1])
label, is_test = data["label"], data["is_test"]
train, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)[::4]
X, y = [utterances[i] for i in train], label[train]
X_test, y_test = [utterances[i] for i in test], label[test]

model = ns.LiquidClassifier(
    shape=(4, 4, 4),
    encoder=ns.PopulationEncoder(n_neurons=5, steps_per_frame=8),
    target_rate=0.05,  # spikes per neuron and step, calibrated on training samples, on the chip's integers
    balance=1.0,  # as much inhibitory as excitatory charge
    chip="loihi1",
)
model.fit(X, y)
print(f"{model.score(X_test, y_test):.1%} of {len(test)} utterances right, decided on the chip")
agreement = model.agreement(X_test, y_test)
print(f"float readout {agreement.float_accuracy:.1%}; chip and host's integers differ in", end=" ")
print(f"{agreement.chip_differs_from_integer} of {agreement.samples}")
print(model.cost(X_test))

# What the liquid is worth: the same readout on a liquid without recurrence.
model.set_params(recurrence=0.0, balance=None).fit(X, y)
print(f"without recurrence {model.score(X_test, y_test):.1%}")
