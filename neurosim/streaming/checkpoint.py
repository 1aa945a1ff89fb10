"""Checkpoint: the state between two chunks of one sample, as plain arrays.

State, the loop's number of the step, and the channels that fired in the step before are all that a sample carries from
step to step; random numbers are drawn from the seed, which is part of the state, and the step.
"""

from pathlib import Path

import numpy as np

from chips import RunError
from compiler.npz import read_npz, write_npz
from neurosim.simulation.sample_loop import SampleLoop

FORMAT = "neurosim-checkpoint/1"
NAME = "checkpoint.npz"
MOST_LOCAL = 2**16  # the loop's number of a step is kept below: see sample_loop.py


def write_checkpoint(folder: Path, loop: SampleLoop, program_digest: str, chunk: int) -> None:
    """Keep the state before chunk `chunk`.

    Raises:
        NeurosimError: the file cannot be written.
    """
    header = {"format": FORMAT, "program_digest": program_digest, "chunk": chunk, "local": loop.local}
    arrays = {f"state_{name}": array for name, array in loop.arrays().items()}
    write_npz(folder / NAME, header, {**arrays, "channels": loop.channels})


def drop_checkpoint(folder: Path) -> None:
    """Forget it: the next chunk begins a sample."""
    (folder / NAME).unlink(missing_ok=True)


def restore_checkpoint(folder: Path, loop: SampleLoop, program_digest: str, n_channels: int) -> int | None:
    """Take over the state; returns the chunk that it stands before, None where no state is kept.

    Raises:
        RunError: the file is damaged, or of another program.
    """
    path = folder / NAME
    if not path.exists():
        return None
    header, arrays = read_npz(path, FORMAT, RunError)
    remedy = "delete it, and resuming begins the sample anew"
    channels = arrays.pop("channels", np.zeros((0, 0), np.int32))
    state = {f"state_{name}": array for name, array in loop.arrays().items()}
    if header.get("program_digest") != program_digest or set(state) != set(arrays):
        raise RunError(f"{path} is of another program: {remedy}")
    for name, array in state.items():
        if (array.shape, array.dtype) != (arrays[name].shape, arrays[name].dtype):
            raise RunError(f"{path} holds {name!r} as {arrays[name].dtype} {arrays[name].shape}: {remedy}")
    local, chunk = header.get("local"), header.get("chunk")
    known = channels.dtype == np.int32 and channels.ndim == 1 and ((channels >= 0) & (channels < n_channels)).all()
    if not (known and isinstance(chunk, int) and isinstance(local, int) and 0 <= local < MOST_LOCAL):
        raise RunError(f"{path} is damaged: {remedy}")
    for name, array in state.items():
        array[...] = arrays[name]
    loop.local, loop.channels = local, channels
    return chunk
