"""How well networks are mapped: packets beside mt-kahypar and METIS, hops, energy on the mesh, time and memory.

packets   a spike between cores, weighted by lognormal rates, on the fewest cores, when neurons alone are limited; three
          networks of mapping_networks.py; mt-kahypar is the best of its presets, each on two threads with seed 1
Loihi 1   the liquid with all limits of the chip, rates equal
hops      a packet, of 40, 80 and 317 pieces on a mesh of one core a tile with one price of hops, against the best of
          three placements with ten times the moves
energy    of all hops at Loihi 1's prices, cut and placed with rates, 256 neurons a core, against neurons and cores in
          order
growth    blocks of 100 near synapses a neuron, all limits, on one large mesh: seconds of `compile`, and the exponent
          that they grow with; the most memory over what was held before, in a fresh process that has compiled before
threads   the same program from processes with one and two threads

Peers are installed into environments of their own (peers.py).  --quick leaves out large sizes and slow presets.
"""

import functools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bars
import mapping_mesh as on_mesh
import numpy as np
from compile_speed import peak_gb
from mapping_networks import Edges, edges, liquid, local, network, rates
from peers import PeerMissingError, python_or_problem, run_peer

import neurosim as ns
from compiler.lowering.lower import lower
from compiler.partitioning.hypergraph import hypergraph
from compiler.partitioning.partition import partition
from compiler.partitioning.piece_use import Partition
from compiler.placement.place import piece_traffic, place_pieces
from compiler.validate import validate

PRESETS = ("DEFAULT", "QUALITY", "HIGHEST_QUALITY", "LARGE_K")
UNLIMITED = {"core.input_axons": None, "core.output_axons": None, "core.synapse_memory_bits": None, "mesh.tiles_x": 32}
LARGE_MESH = {"mesh.tiles_x": 32, "mesh.tiles_y": 32}
MOST_OF_KAHYPAR = {"liquid": 1.0, "random": 0.98, "conv": 1.03}
SIZES = (10, 30, 100, 300)  # thousands of neurons
MOST_S = {10: 5.0, 100: 60.0}
CUT_FOR_HOPS = (("liquid", 256), ("conv", 256), ("conv", 64))
MOST_HOPS, LONGER, LONGER_SEEDS = 1.02, 10, 3
MOST_ENERGY = {"liquid": 0.30, "conv": 0.27}


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(one(int(sys.argv[2]))))
        return
    if sys.argv[1:2] == ["--digest"]:
        print(ns.compile(network(edges("liquid")), "loihi1").digest)
        return
    args = bars.arguments(__doc__.splitlines()[0])
    figures, checks, problems = {}, [], []
    for part in (packets, loihi, hops, energy, growth, threads):
        figures[part.__name__], promised = part(args, problems)
        checks += promised
    bars.report(args, "mapping", figures, checks, problems)


def packets(args, problems: list[str]) -> tuple[dict, list]:
    kahypar = python_or_problem("mtkahypar", ["mtkahypar==1.7", "numpy"], problems)
    metis = python_or_problem("metis", ["pymetis", "numpy"], problems)
    figures, checks = {}, []
    for name in ("liquid", "conv") if args.quick else ("liquid", "random", "conv"):
        wiring, rate = edges(name), rates(edges(name).n)
        for full in (256, 1024):
            found = {"sequential": {"packets": a_spike(wiring, rate, np.arange(wiring.n) // full)}}
            for method in ("greedy", "multilevel"):
                found[method] = ours(wiring, rate, full, method)
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "edges.npz"
                np.savez(path, sources=wiring.sources, targets=wiring.targets, rates=rate)
                shape = (str(-(-wiring.n // full)), str(full), "1")
                if kahypar:
                    for preset in PRESETS[:2] if args.quick else PRESETS:
                        found[preset] = peer(problems, wiring, rate, kahypar, "kahypar_peer.py", path, preset, *shape)
                if metis:
                    found["metis"] = peer(problems, wiring, rate, metis, "metis_peer.py", path, *shape)
            figures[f"{name} {full}"] = found
            told = ", ".join(f"{tool} {f['packets']:.3f}" for tool, f in found.items() if f)
            bars.say(args, f"{name}, {full} neurons a core: {told}; {found['multilevel']['seconds']:.1f} s")
            made = found["multilevel"]["packets"]
            best = min((found[p]["packets"] for p in PRESETS if found.get(p)), default=None)
            label = f"{name} {full}: packets / best of mt-kahypar"
            checks.append(bars.at_most(label, best and made / best, MOST_OF_KAHYPAR[name]))
            if name == "liquid":
                gone = found["metis"]["packets"] / made if found.get("metis") else None
                checks.append(bars.at_least(f"{name} {full}: packets of METIS / packets", gone, 1.15))
    return figures, checks


def ours(wiring: Edges, rate: np.ndarray, full: int, method: str) -> dict:
    net, graph, chip = limited(wiring, full)
    began = time.perf_counter()
    made = partition(net, graph, chip, rate, method)
    seconds = time.perf_counter() - began
    return {"packets": a_spike(wiring, rate, made.piece_of), "cores": made.n_pieces, "seconds": seconds}


def limited(wiring: Edges, full: int) -> tuple:
    """The network in integers, its hypergraph, and a chip that limits nothing but neurons."""
    chip = ns.load_chip("loihi1", {**UNLIMITED, "core.neurons": full})
    net = lower(validate(network(wiring)), chip, None, False)
    return net, hypergraph(net), chip


def peer(problems: list[str], wiring: Edges, rate: np.ndarray, python: Path, script: str, *words) -> dict | None:
    try:
        found = json.loads(run_peer(python, script, *words).splitlines()[-1])
    except PeerMissingError as error:
        problems.append(f"{' '.join(map(str, words[1:]))}: {error}")
        return None
    part = np.array(found["part"])
    if np.bincount(part).max() > int(words[-2]):
        problems.append(f"{script} {' '.join(map(str, words[1:]))} put too many neurons into a part")
        return None
    return {"packets": a_spike(wiring, rate, part), "cores": len(np.unique(part)), "seconds": found["seconds"]}


def a_spike(wiring: Edges, rate: np.ndarray, part: np.ndarray) -> float:
    """Packets between cores for each spike."""
    n_parts = int(part.max()) + 1
    source, reached = np.divmod(np.unique(wiring.sources * np.int64(n_parts) + part[wiring.targets]), n_parts)
    return float((rate[source] * (reached != part[source])).sum() / rate.sum())


def loihi(args, problems: list[str]) -> tuple[dict, list]:
    net, chip = network(edges("liquid")), ns.load_chip("loihi1")
    figures = {}
    for method in ("greedy", "multilevel"):
        program = ns.compile(net, chip, partition=method)
        figures[method] = {
            "cores": program.n_cores,
            "packets": ns.usage(program).packets_between_cores_per_spike,
            "digest": program.digest,
        }
        bars.say(args, f"liquid on Loihi 1, {method}: {figures[method]}")
    again = ns.compile(net, chip, partition="multilevel").digest
    found = figures["multilevel"]
    return figures, [
        bars.at_most("Loihi 1: cores", found["cores"], 10),
        bars.at_most("Loihi 1: packets a spike", found["packets"], 1.95),
        bars.at_most("Loihi 1: programs of one seed", len({found["digest"], again}), 1),
    ]


@functools.cache
def traffics(name: str, full: int) -> tuple[np.ndarray, np.ndarray]:
    """Packets from piece to piece at the rates: as they are cut, and of neurons in order."""
    wiring = edges(name)
    net, graph, chip = limited(wiring, full)
    rate = rates(wiring.n)
    order = Partition((np.arange(wiring.n) // full).astype(np.int32), -(-wiring.n // full))
    return tuple(piece_traffic(p, graph, rate) for p in (partition(net, graph, chip, rate), order))


def hops(args, problems: list[str]) -> tuple[dict, list]:
    figures, checks, chip = {}, [], on_mesh.mesh(flat=True)
    for name, full in (
        (("liquid", 256), ("conv", 256)) if args.quick else (("liquid", 256), ("conv", 256), ("conv", 64))
    ):
        traffic = traffics(name, full)[0]
        place_pieces(traffic[:5, :5], chip)  # compiles the loops
        began = time.perf_counter()
        core = place_pieces(traffic, chip).core_of
        seconds = time.perf_counter() - began
        seeds = range(1, 2 if args.quick else 1 + LONGER_SEEDS)
        longer = [on_mesh.longer_placed(traffic, chip, seed, LONGER) for seed in seeds]
        cores = {"in order": on_mesh.in_order(traffic, chip), "placed": core}
        found = {key: on_mesh.energy(traffic, at, chip) / traffic.sum() for key, at in cores.items()}
        found["longer"] = min(on_mesh.energy(traffic, at, chip) for at in longer) / traffic.sum()
        busiest = {key: on_mesh.busiest(traffic, at, chip) for key, at in cores.items()}
        figures[f"{len(traffic)} cores"] = {**found, "seconds": seconds, "busiest link": busiest}
        told = ", ".join(f"{key} {value:.3f}" for key, value in found.items())
        bars.say(args, f"{name} on {len(traffic)} cores: hops a packet {told}; {seconds:.2f} s; busiest link {busiest}")
        label = f"{len(traffic)} cores: hops a packet / longer annealing"
        checks.append(bars.at_most(label, found["placed"] / found["longer"], MOST_HOPS))
    return figures, checks


def energy(args, problems: list[str]) -> tuple[dict, list]:
    figures, checks, chip = {}, [], on_mesh.mesh(flat=False)
    for name in MOST_ENERGY:
        cut, order = traffics(name, 256)
        core, base = place_pieces(cut, chip).core_of, on_mesh.in_order(order, chip)
        found = on_mesh.energy(cut, core, chip) / on_mesh.energy(order, base, chip)
        figures[name] = {"energy": found, "packets": cut.sum() / order.sum()}
        bars.say(
            args, f"{name}: energy on the mesh {found:.3f} of that in order, packets {cut.sum() / order.sum():.3f}"
        )
        checks.append(bars.at_most(f"{name}: energy on the mesh / in order", found, MOST_ENERGY[name]))
    return figures, checks


def threads(args, problems: list[str]) -> tuple[dict, list]:
    digests = []
    for n in ("1", "2"):
        alone = {**os.environ, "NUMBA_NUM_THREADS": n, "OMP_NUM_THREADS": n, "OPENBLAS_NUM_THREADS": n}
        command = [sys.executable, __file__, "--digest"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=alone)
        digests.append(done.stdout.strip())
    return {"digests": digests}, [bars.at_most("one and two threads: programs of one seed", len(set(digests)), 1)]


def growth(args, problems: list[str]) -> tuple[dict, list]:
    figures, checks = {}, []
    for size in SIZES[: 2 if args.quick else 4]:
        command = [sys.executable, __file__, "--one", str(size)]
        found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        figures[size] = found
        bars.say(args, f"{size},000 neurons: {found}")
        if size in MOST_S:
            checks.append(bars.at_most(f"{size},000 neurons: seconds", found["seconds"], MOST_S[size]))
        checks.append(bars.at_most(f"{size},000 neurons: bytes a synapse", found["bytes_a_synapse"], 60))
    work = [f["synapses"] * np.log2(f["synapses"]) for f in figures.values()]
    slope = float(np.polyfit(np.log(work), np.log([f["seconds"] for f in figures.values()]), 1)[0])
    figures["seconds grow as (s log s) to the"] = slope
    return figures, [*checks, bars.at_most("growth: exponent over s log s", slope, 1.05)]


def _reset_peak() -> None:
    """Forget the most memory held so far, where the system can: on Linux."""
    path = Path("/proc/self/clear_refs")
    if path.exists():
        path.write_text("5")


def one(size: int) -> dict:
    """A block, compiled after a small one, whose loops are then compiled."""
    chip = ns.load_chip("loihi1", LARGE_MESH)
    ns.compile(network(liquid((10, 10, 25), 3.25)), chip, partition="multilevel")
    net = network(local(1000 * size))
    _reset_peak()
    before, began = peak_gb(), time.perf_counter()
    program = ns.compile(net, chip, partition="multilevel")
    seconds, after = time.perf_counter() - began, peak_gb()
    use = ns.usage(program)
    return {
        "neurons": program.n_neurons,
        "synapses": program.n_synapses,
        "seconds": seconds,
        "cores": program.n_cores,
        "cores_lower_bound": use.cores_lower_bound,
        "packets": use.packets_between_cores_per_spike,
        "bytes_a_synapse": None if after is None else (after - before) * 1e9 / program.n_synapses,
    }


if __name__ == "__main__":
    main()
