"""Metrics: how good a liquid is before anything is trained on it.

Functions on arrays or step functions take the states of any system; those whose name begins with `liquid_`, and
`kernel_quality` and `generalisation_rank`, run a compiled program.
"""

from neurosim.metrics.convergence import (
    Convergence,
    echo_state_test,
    fading_memory_test,
    judge_convergence,
    liquid_echo_state,
    liquid_fading_memory,
)
from neurosim.metrics.distances import Separation, class_separation, liquid_separation, normalised_distance
from neurosim.metrics.firing import Activity, activity, recurrent_synapses
from neurosim.metrics.lyapunov import Perturbation, liquid_lyapunov, lyapunov_exponent
from neurosim.metrics.memory import MemoryCapacity, liquid_memory_capacity, memory_capacity
from neurosim.metrics.rank import StateRank, generalisation_rank, kernel_quality, participation_ratio, state_rank
from neurosim.metrics.spectrum import Spectrum, spectral_radius, spectral_report
from neurosim.metrics.states import exponential_filter, final_states, periodic_states, state_trajectory
from neurosim.metrics.stimuli import poisson_trains

__all__ = [
    "Activity",
    "Convergence",
    "MemoryCapacity",
    "Perturbation",
    "Separation",
    "Spectrum",
    "StateRank",
    "activity",
    "class_separation",
    "echo_state_test",
    "exponential_filter",
    "fading_memory_test",
    "final_states",
    "generalisation_rank",
    "judge_convergence",
    "kernel_quality",
    "liquid_echo_state",
    "liquid_fading_memory",
    "liquid_lyapunov",
    "liquid_memory_capacity",
    "liquid_separation",
    "lyapunov_exponent",
    "memory_capacity",
    "normalised_distance",
    "participation_ratio",
    "periodic_states",
    "poisson_trains",
    "recurrent_synapses",
    "spectral_radius",
    "spectral_report",
    "state_rank",
    "state_trajectory",
]
