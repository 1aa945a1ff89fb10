"""Beginning: a folder with an experiment that runs, a chip of one's own, and made-up data, all to be changed."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt

from chips import NeurosimError
from compiler.npz import Array, write_npz, write_text

TEMPLATES = ("experiment.yaml", "chip.yaml")
DATA = "data.npz"
SAMPLES, FRAMES, INPUTS, CLASSES = 60, 20, 4, 3


def begin(folder: str | Path) -> list[Path]:
    """Write the files of a first experiment; those that were there stay.

    Returns:
        The paths written.

    Raises:
        NeurosimError: one of the files is there already, or cannot be written.
    """
    folder = Path(folder)
    paths = [folder / name for name in (*TEMPLATES, DATA)]
    for path in paths:
        if path.exists():
            raise NeurosimError(f"{path} is there already and is left as it is: choose another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NeurosimError(f"cannot make the folder {folder}: {error.strerror}; choose another") from error
    for name in TEMPLATES:
        write_text(folder / name, files("neurosim").joinpath("templates", name).read_text(encoding="utf-8"))
    write_npz(folder / DATA, {}, _gestures())
    return paths


def _gestures() -> dict[str, Array]:
    """Sines of a frequency and a phase for each class, in noise; always the same."""
    draw = np.random.default_rng(1)
    label: npt.NDArray[np.int64] = np.arange(SAMPLES, dtype=np.int64) % CLASSES
    time, sensor = np.arange(FRAMES)[None, :, None] / FRAMES, np.arange(INPUTS)[None, None, :]
    wave = np.sin(2 * np.pi * ((label[:, None, None] + 1) * time + sensor * label[:, None, None] / INPUTS))
    values = wave + draw.normal(0.0, 0.3, wave.shape)
    return {
        "values": values.reshape(-1, INPUTS),
        "length": np.full(SAMPLES, FRAMES, np.int64),
        "label": label,
        "is_test": np.arange(SAMPLES) >= SAMPLES // 2,
    }
