"""Every file that we read, and ways to break it: whatever a file holds, the answer is an object or one of our errors.

    python tests/fuzzing.py [INPUTS] [--seed N] [--only KIND]       thousands of inputs; ends with 1 at the first fault

Bytes are flipped, cut, doubled and put in; numbers of texts are made huge, words swapped; archives and HDF5 files are
taken apart, their arrays and headers changed, and put together so that every checksum holds.  A program that is read is
signed anew after it was changed, and whatever then passes its checks is run for some steps.
"""

import argparse
import io
import json
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np
from small_networks import SMALL

import neurosim as ns
from compiler.program import with_digest

MOST_SECONDS = 20  # for one input
MOST_BYTES = 6 * 2**30  # beside what is in use: a file of a few kilobytes must not take more
HUGE = ["-1", "0", "99999999999999999999", "1e999", "2147483648", "-2147483649", "nan", "true", "''", "[]", "1e-320"]


class Subject:
    """A kind of file: what a valid one holds, its suffix, and what reads it."""

    def __init__(self, data: bytes, suffix: str, read: Callable[[Path], object]) -> None:
        self.data, self.suffix, self.read = data, suffix, read

    def try_one(self, rng: random.Random, folder: Path) -> str:
        """Read a broken file; what came of it, in a word."""
        path = folder / f"broken{self.suffix}"
        path.write_bytes(broken(self.data, self.suffix, rng))
        try:
            self.read(path)
        except ns.NeurosimError as error:
            if not str(error).strip():
                raise AssertionError("an error without a message") from error
            return "refused"
        return "read"


def subjects(folder: Path) -> dict[str, Subject]:
    """Kind -> subject; valid files are made in `folder`."""
    made: dict[str, Subject] = {}

    def add(name: str, path: Path, read: Callable[[Path], object]) -> None:
        made[name] = Subject(path.read_bytes(), path.suffix, read)

    root = Path(__file__).parent.parent
    add("profile", root / "chips" / "profiles" / "loihi1_sanafe.yaml", lambda path: ns.load_chip(str(path)))
    add("whole profile", root / "chips" / "profiles" / "loihi2.yaml", lambda path: ns.load_chip(str(path)))
    add("experiment", root / "examples" / "vowels.yaml", read_experiment)
    network = ns.liquid(shape=(2, 2, 3), channels=3, seed=1)
    small = SMALL["lif_delays"]()
    for name, net in (("network", network), ("short network", small)):
        for suffix in (".yaml", ".npz"):
            net.save(folder / f"net{suffix}")
            add(f"{name} {suffix}", folder / f"net{suffix}", ns.Network.load)
    bars = ns.CrossbarNetwork.make(
        np.ones((2, 4, 8), bool), 0, target_core=[[1], [0]], channels=1, inputs=[[0, 0, 0, 1]]
    )
    bars.save(folder / "bars.npz")
    add("crossbar", folder / "bars.npz", ns.CrossbarNetwork.load)
    chips = {"lif_delays": "loihi1", "lif_adaptive": "loihi2", "linear_leak": "odin", "truenorth_ring": "truenorth"}
    for name, chip in (chips | {"mixed": "loihi2"}).items():
        program = ns.compile(SMALL[name](), ns.load_chip(chip))
        program.save(folder / "program.npz")
        add(f"program of {chip}, {name}", folder / "program.npz", read_program)
    trains = ns.SpikeTrains.from_samples([[(0, 1), (3, 0)], [(2, 2)]], [8, 5])
    for suffix in (".npz", ".csv"):
        ns.write_spikes(trains, folder / f"spikes{suffix}")
        add(f"spikes {suffix}", folder / f"spikes{suffix}", ns.read_spikes)
    program = ns.compile(small, ns.load_chip("loihi1"))
    ns.run(program, trains).save(folder / "result.npz")
    add("result", folder / "result.npz", read_result)
    add_streamed(made, folder, program, trains)
    if write_nir(folder / "net.nir"):
        add("NIR", folder / "net.nir", lambda path: ns.from_nir(path, dt_ms=1))
    return made


def write_nir(path: Path) -> bool:
    """A graph of many types of node; False where the package nir is not installed."""
    try:
        import nir
    except ImportError:
        return False
    two, ones = np.array([2, 2]), np.ones(2)
    conv = nir.Conv2d((4, 4), np.ones((2, 1, 3, 3)), 1, 1, 1, 1, np.zeros(2))
    fires = nir.IF(np.full((2, 4, 4), 1000.0), np.ones((2, 4, 4)))
    pool, flat = nir.SumPool2d(two, two, 0 * two), nir.Flatten({"input": np.array([2, 2, 2])}, 0, -1)
    cuba = nir.CubaLIF(0.005 * ones, 0.02 * ones, ones, 0 * ones, ones)
    tail = (nir.Affine(np.ones((2, 8)), ones), nir.Delay(0.002 * ones), cuba, nir.LI(0.02 * ones, ones, 0 * ones))
    graph = nir.NIRGraph.from_list(nir.Input(np.array([1, 4, 4])), conv, fires, pool, flat, *tail)
    graph.nodes |= {"back": nir.Linear(np.eye(2)), "scale": nir.Scale(ones)}
    graph.edges += [("cubalif", "back"), ("back", "scale"), ("scale", "cubalif")]
    graph.nodes["li"] = nir.NIRGraph.from_list(nir.Linear(np.eye(2)), graph.nodes["li"])
    nir.write(path, graph)
    return True


def add_streamed(made: dict[str, Subject], folder: Path, program: ns.Program, trains: ns.SpikeTrains) -> None:
    """The files of a streamed run: each is broken in a folder whose others are sound."""
    whole = folder / "streamed"
    halt = np.zeros(1, np.uint8)

    def stop(done: int, of: int) -> None:
        halt[0] = done >= 6

    ns.run_to_disk(program, trains, None, whole, chunk_steps=3, progress=stop, halt=halt)
    sound = {path.name: path.read_bytes() for path in whole.iterdir() if path.is_file()}
    for name, data in sound.items():

        def read(path: Path, name: str = name) -> object:
            with tempfile.TemporaryDirectory() as there:
                for other, bytes_ in sound.items():
                    (Path(there) / other).write_bytes(bytes_)
                (Path(there) / name).write_bytes(path.read_bytes())
                loaded = ns.StreamedRun.load(there)
                if loaded.n_steps < 10**6:
                    loaded.collect()
                return ns.run_to_disk(program, trains, None, there, chunk_steps=3, resume=True)

        made[f"streamed {name}"] = Subject(data, Path(name).suffix, read)


def read_program(path: Path) -> None:
    """Load a program; whatever its checks let through is run."""
    try:
        program = ns.Program.load(path)
    except ns.ProgramError as error:
        if "digest mismatch" not in str(error):
            raise
        program = signed_anew(path)
    if program.chip.mesh.n_cores * program.n_neurons < 10**8 and program.n_channels < 10**6:
        inputs = [(t, c) for t in range(4) for c in range(min(3, program.n_channels))]
        ns.run(program, inputs, 8, threads=1)


def signed_anew(path: Path) -> ns.Program:
    """The program as whoever made the file on purpose would have signed it."""
    from compiler import program as module
    from compiler.npz import read_npz

    header, arrays = read_npz(path, module.FORMAT, ns.ProgramError)
    with_digest(module._from_parts(header, arrays)).save(path)
    return ns.Program.load(path)


def read_result(path: Path) -> None:
    result = ns.RunResult.load(path)
    repr(result)
    chip = ns.load_chip("loihi1")
    if result.counts.limits_hash == chip.limits_hash:
        ns.energy(result.counts, chip)


def read_experiment(path: Path) -> object:
    from neurosim.experiment import load_experiment

    return load_experiment(path)


# ---------------------------------------------------------------- breaking


def broken(data: bytes, suffix: str, rng: random.Random) -> bytes:
    """A broken copy."""
    whole = {".npz": in_archive, ".nir": in_hdf5}.get(suffix, in_text)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        try:
            data = (whole if rng.random() < 0.75 else in_bytes)(data, rng)
        except Exception:
            data = in_bytes(data, rng)  # no longer what it was
    return data


def in_bytes(data: bytes, rng: random.Random) -> bytes:
    """Flipped, cut, doubled or put in."""
    at, long = rng.randrange(len(data) + 1), rng.choice((1, 2, 8, 64, 1000))
    kind = rng.randrange(5)
    if kind == 0 and data:
        at = min(at, len(data) - 1)
        return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
    if kind == 1:
        return data[:at]
    if kind == 2:
        return data[:at] + data[at + long :]
    if kind == 3:
        return data[:at] + data[at : at + long] * 2 + data[at + long :]
    return data[:at] + bytes(rng.randrange(256) for _ in range(min(long, 8))) + data[at:]


def in_text(data: bytes, rng: random.Random) -> bytes:
    """Another word or number, or a line moved, doubled or left out."""
    lines = data.decode("utf8", "replace").split("\n")
    at = rng.randrange(len(lines))
    kind = rng.randrange(4)
    if kind == 0:
        words = lines[at].split(" ")
        words[rng.randrange(len(words))] = rng.choice(
            [*HUGE, "{a: 1}", "[1, 2]", "- 3", ":", "!!python/object:x", "&a", "*a"]
        )
        lines[at] = " ".join(words)
    elif kind == 1:
        lines[at] = lines[at].replace(rng.choice("0123456789"), rng.choice(HUGE))
    elif kind == 2:
        lines.insert(rng.randrange(len(lines)), lines[at])
    else:
        del lines[at]
    return "\n".join(lines).encode("utf8", "replace")


def in_archive(data: bytes, rng: random.Random) -> bytes:
    """One array or the header changed; the archive's checksums hold."""
    with np.load(io.BytesIO(data)) as loaded:
        arrays = {name: loaded[name] for name in loaded.files}
    name = rng.choice(sorted(arrays))
    if name == "header":
        header = json.loads(arrays["header"].tobytes())
        text = json.dumps(in_json(header, rng)).encode()
        arrays["header"] = np.frombuffer(text, np.uint8)
    else:
        arrays[name] = other_array(arrays[name], rng)
        if arrays[name] is None:
            del arrays[name]
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def in_json(value: object, rng: random.Random) -> object:
    """One value somewhere inside changed."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(sorted(value))
        if rng.random() < 0.1:
            return {k: v for k, v in value.items() if k != key}
        return {**value, key: in_json(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.9:
        at = rng.randrange(len(value))
        return [*value[:at], in_json(value[at], rng), *value[at + 1 :]]
    return rng.choice(
        [None, True, -1, 0, 1, 2**40, 10**30, 1.5, 1e308, float("nan"), float("inf"), "x", "", [], {}, [[1]]]
    )


def other_array(array: np.ndarray, rng: random.Random) -> np.ndarray | None:
    """Of another type, shape or length, with other entries, or none."""
    kind = rng.randrange(8)
    if kind == 0:
        return None
    if kind == 1:
        return array.astype(rng.choice(["float64", "int8", "uint8", "int64", "bool", "U3", "complex128"]))
    if kind == 2:
        return array.reshape(1, -1) if rng.random() < 0.5 else array.ravel()[:0]
    if kind == 3:
        return np.concatenate([array.ravel(), array.ravel()[: rng.randrange(3)]])
    if kind == 4 and array.size:
        return array.ravel()[: rng.randrange(array.size)]
    changed = array.copy().reshape(-1)
    if changed.size and changed.dtype.kind in "iuf":
        at = rng.randrange(changed.size)
        if changed.dtype.kind == "f":
            changed[at] = rng.choice([np.nan, np.inf, -1.0, 0.0, 1e300, -1e-300])
        else:
            limits = np.iinfo(changed.dtype)
            near = int(changed[at]) + rng.choice([-1, 1, 2])
            changed[at] = rng.choice([limits.min, limits.max, 0, min(max(near, limits.min), limits.max)])
    return changed.reshape(array.shape)


def in_hdf5(data: bytes, rng: random.Random) -> bytes:
    """One dataset changed, left out or made huge, or an edge or type renamed."""
    import h5py

    buffer = io.BytesIO(data)
    with h5py.File(buffer, "r+") as file:
        names: list[str] = []
        file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        name = rng.choice(sorted(names))
        value = file[name][()]
        del file[name]
        if isinstance(value, bytes):
            words = ["Affine", "CubaLIF", "NIRGraph", "Conv2d", "I", "Delay", "Flatten", "SumPool2d", "Input", "", "x"]
            file[name] = rng.choice(words)
        elif value.dtype.kind == "O":
            flat = value.copy().reshape(-1)
            flat[rng.randrange(flat.size)] = rng.choice([flat[0], b"nobody", b""])
            file.create_dataset(name, data=flat.reshape(value.shape), dtype=h5py.string_dtype())
        elif rng.random() < 0.1:
            file.create_dataset(name, (10 ** rng.randrange(1, 14),), "f8", chunks=(10,))
        else:
            changed = other_array(np.asarray(value), rng)
            if changed is not None and changed.dtype.kind != "U":
                file[name] = changed
    return buffer.getvalue()


# ---------------------------------------------------------------- the long run


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inputs", nargs="?", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="")
    args = parser.parse_args()

    def too_long(number: int, frame: object) -> None:
        raise AssertionError(f"still reading after {MOST_SECONDS} s")

    signal.signal(signal.SIGALRM, too_long)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kinds = {kind: subject for kind, subject in subjects(folder).items() if args.only in kind}
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MOST_BYTES, resource.RLIM_INFINITY))
        faults: dict[str, str] = {}
        slowest, found = (0.0, ""), {kind: {"read": 0, "refused": 0} for kind in kinds}
        for i in range(args.inputs):
            kind = list(kinds)[i % len(kinds)]
            rng = random.Random(f"{args.seed} {kind} {i}")
            began = time.perf_counter()
            signal.alarm(MOST_SECONDS)
            try:
                found[kind][kinds[kind].try_one(rng, folder)] += 1
            except Exception as error:
                where = traceback.extract_tb(error.__traceback__)[-1]
                what = f"{type(error).__name__} at {where.filename}:{where.lineno}"
                if what not in faults:
                    kept = Path(tempfile.gettempdir()) / f"fuzz_{len(faults)}{kinds[kind].suffix}"
                    kept.write_bytes((folder / f"broken{kinds[kind].suffix}").read_bytes())
                    faults[what] = f"{kind}, input {i}, kept as {kept}: {what}: {str(error)[:200]}"
            finally:
                signal.alarm(0)
            slowest = max(slowest, (time.perf_counter() - began, f"{kind}, input {i}"))
    for kind, n in found.items():
        print(f"{kind:40} {n['refused']:6,} refused  {n['read']:6,} read")
    print("\n".join(faults.values()))
    worst = f"the slowest {slowest[0]:.2f} s ({slowest[1]})"
    print(f"{args.inputs:,} inputs, {worst}; {len(faults)} kinds of error that are not ours")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
