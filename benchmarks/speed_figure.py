"""The picture of speed.py."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np


def draw(figures: dict[str, Any], path: Path) -> None:
    """Times of a step, here and in peers, and how they grow; written to `path`."""
    steps = figures["steps"]
    picture, (left, right) = plt.subplots(1, 2, figsize=(13, 5), width_ratios=(2, 1), layout="constrained")
    at = np.arange(len(steps))
    for i, (key, name) in enumerate(
        (("us", "neurosim, all counted"), ("brian2_us", "Brian2 C++"), ("nest_us", "NEST"))
    ):
        left.bar(at + 0.27 * (i - 1), [found.get(key, np.nan) for found in steps.values()], 0.25, label=name)
    left.set_xticks(at, [name.replace(", ", "\n", 1) for name in steps], rotation=90, fontsize=7)
    left.set_yscale("log")
    left.set_ylabel("us a step, one thread")
    left.legend()
    growth = figures["growth"]
    right.loglog(growth["fitted_us"], growth["us"], "o")
    right.loglog(growth["fitted_us"], growth["fitted_us"], "-", lw=0.8)
    right.set_xlabel("us, fitted: linear in neurons, spikes and events")
    right.set_ylabel("us a step, 1k to 1M neurons")
    picture.savefig(path)
    plt.close(picture)
