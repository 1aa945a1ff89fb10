"""neurosim: build spiking networks, compile them to neuromorphic chips, run them exactly, price what happened.

A user imports this package alone.  Names are loaded when first used, so that `import neurosim` and the command
line's help need neither numpy nor a compiler of Python code.
"""

from typing import TYPE_CHECKING

from neurosim._lazy import loader
from neurosim._neighbours import check_neighbours

__project__ = "neurosim-toolchain"
__version__ = "0.1.0"

check_neighbours()

if TYPE_CHECKING:
    from chips import (
        CannotRepresent,
        ChipProfile,
        DoesNotFit,
        ExperimentError,
        MappingError,
        NetworkError,
        NeurosimError,
        ProfileError,
        ProgramError,
        RunError,
        StudyError,
        list_chips,
        load_chip,
    )
    from compiler import (
        CrossbarNetwork,
        Mapping,
        Moves,
        Network,
        Program,
        ShortTermPlasticity,
        Tolerance,
        Usage,
        compile,
        moves,
        usage,
    )
    from neurosim.batches import run_batches
    from neurosim.calibration import Calibration, calibrate
    from neurosim.comparison import Comparison, compare
    from neurosim.continuous.closed_form import ClosedFormCell
    from neurosim.continuous.echo_state import EchoState, check_echo_state, echo_state
    from neurosim.continuous.from_ncps import cfc_from_ncps, ltc_from_ncps
    from neurosim.continuous.ode import LiquidODE, LiquidTimeConstant
    from neurosim.counts import Counts
    from neurosim.debugging.attribution import Attribution, attribute, leaky_kernel
    from neurosim.debugging.decision import attribute_decision
    from neurosim.debugging.divergence import Divergence, first_divergence
    from neurosim.debugging.faults import Fault, Upset, find_fault, with_flipped_bit
    from neurosim.debugging.float_result import FloatProbes, FloatResult
    from neurosim.debugging.float_run import run_float
    from neurosim.debugging.lowered_run import run_lowered
    from neurosim.debugging.pictures import draw_attribution, draw_raster, draw_trajectory, trajectory_pca
    from neurosim.debugging.run_comparison import RunComparison, compare_runs
    from neurosim.debugging.stepper import Stepper, replay
    from neurosim.encoders.base import Encoder
    from neurosim.encoders.bens_spiker import BSAEncoder
    from neurosim.encoders.latency import LatencyEncoder
    from neurosim.encoders.level_crossing import LevelCrossingEncoder
    from neurosim.encoders.mel_bands import MelBands
    from neurosim.encoders.onset_offset import OnsetOffset
    from neurosim.encoders.population import PopulationEncoder
    from neurosim.encoders.proportional import ProportionalEncoder
    from neurosim.encoders.rate import RateEncoder
    from neurosim.encoders.step_forward import StepForwardEncoder
    from neurosim.exchange.from_nir import from_nir
    from neurosim.exchange.spike_files import read_spikes, write_spikes
    from neurosim.exchange.spike_neo import to_neo
    from neurosim.exchange.to_brian2 import to_brian2
    from neurosim.exchange.to_nir import to_nir
    from neurosim.exchange.to_sanafe import SanafeExport, to_sanafe
    from neurosim.explaining.advice import Advice, advise
    from neurosim.explaining.explanation import Explanation, explain
    from neurosim.explaining.picture import draw_mesh, save_mesh
    from neurosim.faults.curve import FaultCurve, fault_curve
    from neurosim.faults.faults import Faults
    from neurosim.faults.faulty_program import with_faults
    from neurosim.generators.column import maass_column
    from neurosim.generators.graphs import erdos_renyi, layered
    from neurosim.generators.liquids import liquid
    from neurosim.generators.rings import ring, small_world
    from neurosim.generators.wiring import Wiring
    from neurosim.metrics.report import LiquidReport, inspect_liquid
    from neurosim.noc.network_time import NetworkTime, network_time
    from neurosim.noc.parting import NetworkComparison, compare_network_models
    from neurosim.pricing import Energy, energy
    from neurosim.rates import quick_rates, rates_of
    from neurosim.readouts.classifier import LiquidClassifier
    from neurosim.readouts.features import Feature
    from neurosim.readouts.online import LeastMeanSquares, RecursiveLeastSquares
    from neurosim.readouts.regressor import LiquidRegressor
    from neurosim.readouts.validation import Validation, validate_on_chip
    from neurosim.recordings.atrial_fibrillation import load_afdb
    from neurosim.recordings.spoken_digits import load_fsdd
    from neurosim.reporting.report import report
    from neurosim.result import RunResult
    from neurosim.simulate import run
    from neurosim.spikes import SpikeTrains
    from neurosim.streaming.streamed_run import ChunkCost, StreamedRun
    from neurosim.streaming.to_disk import run_to_disk
    from neurosim.studies.result import StudyResult
    from neurosim.studies.store import read_study
    from neurosim.studies.sweep import sweep
    from neurosim.timing import Latency, latency

_HOME = {
    "chips": (
        "CannotRepresent ChipProfile DoesNotFit ExperimentError MappingError NetworkError "
        "NeurosimError ProfileError ProgramError RunError StudyError list_chips load_chip"
    ),
    "compiler": "CrossbarNetwork Mapping Moves Network Program ShortTermPlasticity Tolerance Usage compile moves usage",
    "neurosim.batches": "run_batches",
    "neurosim.calibration": "Calibration calibrate",
    "neurosim.comparison": "Comparison compare",
    "neurosim.continuous.closed_form": "ClosedFormCell",
    "neurosim.continuous.echo_state": "EchoState check_echo_state echo_state",
    "neurosim.continuous.from_ncps": "cfc_from_ncps ltc_from_ncps",
    "neurosim.continuous.ode": "LiquidODE LiquidTimeConstant",
    "neurosim.counts": "Counts",
    "neurosim.debugging.attribution": "Attribution attribute leaky_kernel",
    "neurosim.debugging.decision": "attribute_decision",
    "neurosim.debugging.divergence": "Divergence first_divergence",
    "neurosim.debugging.faults": "Fault Upset find_fault with_flipped_bit",
    "neurosim.debugging.float_result": "FloatProbes FloatResult",
    "neurosim.debugging.float_run": "run_float",
    "neurosim.debugging.lowered_run": "run_lowered",
    "neurosim.debugging.pictures": "draw_attribution draw_raster draw_trajectory trajectory_pca",
    "neurosim.debugging.run_comparison": "RunComparison compare_runs",
    "neurosim.debugging.stepper": "Stepper replay",
    "neurosim.encoders.base": "Encoder",
    "neurosim.encoders.bens_spiker": "BSAEncoder",
    "neurosim.encoders.latency": "LatencyEncoder",
    "neurosim.encoders.level_crossing": "LevelCrossingEncoder",
    "neurosim.encoders.mel_bands": "MelBands",
    "neurosim.encoders.onset_offset": "OnsetOffset",
    "neurosim.encoders.population": "PopulationEncoder",
    "neurosim.encoders.proportional": "ProportionalEncoder",
    "neurosim.encoders.rate": "RateEncoder",
    "neurosim.encoders.step_forward": "StepForwardEncoder",
    "neurosim.exchange.from_nir": "from_nir",
    "neurosim.exchange.spike_files": "read_spikes write_spikes",
    "neurosim.exchange.spike_neo": "to_neo",
    "neurosim.exchange.to_brian2": "to_brian2",
    "neurosim.exchange.to_nir": "to_nir",
    "neurosim.exchange.to_sanafe": "SanafeExport to_sanafe",
    "neurosim.explaining.advice": "Advice advise",
    "neurosim.explaining.explanation": "Explanation explain",
    "neurosim.explaining.picture": "draw_mesh save_mesh",
    "neurosim.faults.curve": "FaultCurve fault_curve",
    "neurosim.faults.faults": "Faults",
    "neurosim.faults.faulty_program": "with_faults",
    "neurosim.generators.column": "maass_column",
    "neurosim.generators.graphs": "erdos_renyi layered",
    "neurosim.generators.liquids": "liquid",
    "neurosim.generators.rings": "ring small_world",
    "neurosim.generators.wiring": "Wiring",
    "neurosim.metrics.report": "LiquidReport inspect_liquid",
    "neurosim.noc.network_time": "NetworkTime network_time",
    "neurosim.noc.parting": "NetworkComparison compare_network_models",
    "neurosim.pricing": "Energy energy",
    "neurosim.rates": "quick_rates rates_of",
    "neurosim.readouts.classifier": "LiquidClassifier",
    "neurosim.readouts.features": "Feature",
    "neurosim.readouts.online": "LeastMeanSquares RecursiveLeastSquares",
    "neurosim.readouts.regressor": "LiquidRegressor",
    "neurosim.readouts.validation": "Validation validate_on_chip",
    "neurosim.recordings.atrial_fibrillation": "load_afdb",
    "neurosim.recordings.spoken_digits": "load_fsdd",
    "neurosim.reporting.report": "report",
    "neurosim.result": "RunResult",
    "neurosim.simulate": "run",
    "neurosim.spikes": "SpikeTrains",
    "neurosim.streaming.streamed_run": "ChunkCost StreamedRun",
    "neurosim.streaming.to_disk": "run_to_disk",
    "neurosim.studies.result": "StudyResult",
    "neurosim.studies.store": "read_study",
    "neurosim.studies.sweep": "sweep",
    "neurosim.timing": "Latency latency",
}
__all__ = [
    "Advice",
    "Attribution",
    "BSAEncoder",
    "Calibration",
    "CannotRepresent",
    "ChipProfile",
    "ChunkCost",
    "ClosedFormCell",
    "Comparison",
    "Counts",
    "CrossbarNetwork",
    "Divergence",
    "DoesNotFit",
    "EchoState",
    "Encoder",
    "Energy",
    "ExperimentError",
    "Explanation",
    "Fault",
    "FaultCurve",
    "Faults",
    "Feature",
    "FloatProbes",
    "FloatResult",
    "Latency",
    "LatencyEncoder",
    "LeastMeanSquares",
    "LevelCrossingEncoder",
    "LiquidClassifier",
    "LiquidODE",
    "LiquidRegressor",
    "LiquidReport",
    "LiquidTimeConstant",
    "Mapping",
    "MappingError",
    "MelBands",
    "Moves",
    "Network",
    "NetworkComparison",
    "NetworkError",
    "NetworkTime",
    "NeurosimError",
    "OnsetOffset",
    "PopulationEncoder",
    "ProfileError",
    "Program",
    "ProgramError",
    "ProportionalEncoder",
    "RateEncoder",
    "RecursiveLeastSquares",
    "RunComparison",
    "RunError",
    "RunResult",
    "SanafeExport",
    "ShortTermPlasticity",
    "SpikeTrains",
    "StepForwardEncoder",
    "Stepper",
    "StreamedRun",
    "StudyError",
    "StudyResult",
    "Tolerance",
    "Upset",
    "Usage",
    "Validation",
    "Wiring",
    "advise",
    "attribute",
    "attribute_decision",
    "calibrate",
    "cfc_from_ncps",
    "check_echo_state",
    "compare",
    "compare_network_models",
    "compare_runs",
    "compile",
    "draw_attribution",
    "draw_mesh",
    "draw_raster",
    "draw_trajectory",
    "echo_state",
    "energy",
    "erdos_renyi",
    "explain",
    "fault_curve",
    "find_fault",
    "first_divergence",
    "from_nir",
    "inspect_liquid",
    "latency",
    "layered",
    "leaky_kernel",
    "liquid",
    "list_chips",
    "load_afdb",
    "load_chip",
    "load_fsdd",
    "ltc_from_ncps",
    "maass_column",
    "moves",
    "network_time",
    "quick_rates",
    "rates_of",
    "read_spikes",
    "read_study",
    "replay",
    "report",
    "ring",
    "run",
    "run_batches",
    "run_float",
    "run_lowered",
    "run_to_disk",
    "save_mesh",
    "small_world",
    "sweep",
    "to_brian2",
    "to_neo",
    "to_nir",
    "to_sanafe",
    "trajectory_pca",
    "usage",
    "validate_on_chip",
    "with_faults",
    "with_flipped_bit",
    "write_spikes",
]


__getattr__ = loader(__name__, _HOME, globals())


def __dir__() -> list[str]:
    """Public names, loaded or not."""
    return sorted([*__all__, "__project__", "__version__"])
