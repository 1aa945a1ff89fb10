"""The packaged profiles: complete, sourced, and with the published numbers."""

import json
import subprocess
import sys

import pytest

import chips
from chips.keys import KEYS, has_key, has_section, value_at, with_values
from chips.packing import list_bits, smallest_width, synapse_bits

NAMES = chips.list_chips()


def test_the_packaged_chips_are_listed() -> None:
    assert {"ideal", "loihi1", "loihi1_sanafe", "loihi2", "odin", "tiny", "truenorth"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_packaged_profile_loads_under_its_own_name(name: str) -> None:
    assert chips.load_chip(name).name == name


@pytest.mark.parametrize("name", NAMES)
def test_each_number_has_a_source_and_nothing_else_has(name: str) -> None:
    chip = chips.load_chip(name)
    numbers = {path for path, key in KEYS.items() if key.is_number and has_section(chip, path)}
    unused = {path for path in numbers if not KEYS[path].is_required and value_at(chip, path) == KEYS[path].default}
    assert numbers - unused <= set(chip.sources) <= numbers
    assert all(source.source.strip() for source in chip.sources.values())


@pytest.mark.parametrize(
    ("weight", "index", "delay", "capacity"),
    [
        (1, 0, 0, 524_288),
        (8, 0, 0, 116_480),
        (8, 6, 0, 69_888),
        (8, 8, 0, 61_440),
        (8, 10, 0, 55_040),
        (8, 10, 6, 41_728),
    ],
)
def test_a_loihi_core_holds_the_published_number_of_synapses(
    weight: int, index: int, delay: int, capacity: int
) -> None:
    chip = chips.load_chip("loihi1")
    assert chip.core.synapse_memory_bits is not None
    each = list_bits(256, synapse_bits(weight, index, delay), chip.synapse)
    assert chip.core.synapse_memory_bits // each * 256 == capacity


def test_the_smallest_legal_width_is_chosen() -> None:
    legal = chips.load_chip("loihi1").synapse.weight_bits
    assert [smallest_width(bits, legal) for bits in (1, 6, 7, 8, 9)] == [1, 6, 8, 8, None]


def test_loihi_has_the_prices_of_the_paper() -> None:
    chip = chips.load_chip("loihi1")
    assert chip.mesh.n_cores == 128
    assert chip.energy.synaptic_event_pj == 23.6
    assert chip.energy.neuron_update_pj + chip.energy.spike_pj == 81
    assert chip.time.barrier.time_ns == (113, 465)
    assert chip.sources["energy.synaptic_event_pj"].kind == "simulated"
    assert chip.sources["energy.spike_pj"].kind == "assumed"


def test_the_two_loihis_differ_in_prices_only() -> None:
    vendor, fitted = chips.load_chip("loihi1"), chips.load_chip("loihi1_sanafe")
    assert vendor.limits_hash == fitted.limits_hash
    assert vendor.energy != fitted.energy
    assert vendor.power == fitted.power


def test_the_fitted_prices_give_the_published_golden_energy() -> None:
    """64 neurons, all firing for 10 steps, onto 64 in the same tile: 1.662656 uJ in SANA-FE 2.2.9."""
    price = chips.load_chip("loihi1_sanafe").energy
    updates = 10 * 128 * price.neuron_update_pj
    spikes = 640 * (price.spike_pj + price.packet_out_pj + 64 * price.synaptic_event_dense_pj)
    assert updates + spikes == pytest.approx(1_662_656, abs=1e-6)


def test_the_ideal_chip_has_no_limit_and_no_cost() -> None:
    chip, loihi = chips.load_chip("ideal"), chips.load_chip("loihi1")
    assert chip.cuba_lif == loihi.lif
    assert [chip.core.neurons, chip.core.input_axons, chip.core.output_axons] == [None] * 3
    assert chip.core.synapse_memory_bits is None
    assert chip.core.delay_steps_max == 255
    assert set(chip.energy.model_dump().values()) == {0}
    assert chip.power.static_mw == 0
    assert chip.time.barrier.time_ns == (0,)
    assert {value for key, value in chip.time if key.endswith("_ns")} == {0, None}


def test_the_tiny_chip_is_tight() -> None:
    chip = chips.load_chip("tiny")
    assert chip.mesh.n_cores == 4
    assert chip.core.neurons == 16
    assert chip.core.delay_steps_max == 8


@pytest.mark.parametrize("name", NAMES)
def test_a_chip_survives_json(name: str) -> None:
    settings = {"time.barrier.tiles": (2,), "core.neurons": 100, "title": "mine"}
    settings |= {"time.barrier.time_ns": (5,)}
    chip = chips.load_chip(name, settings)
    again = chips.profile_from_json(json.loads(json.dumps(chips.profile_to_json(chip))))
    assert again == chip
    assert again.limits_hash == chip.limits_hash
    assert again.overrides == {key: list(v) if isinstance(v, tuple) else v for key, v in settings.items()}


def test_a_key_of_a_section_that_the_chip_lacks_is_refused() -> None:
    with pytest.raises(chips.ProfileError, match="truenorth has no section synapse"):
        chips.load_chip("truenorth", {"synapse.weight_bits": [4]})
    with pytest.raises(chips.ProfileError, match="loihi1 has no section crossbar"):
        chips.override_chip(chips.load_chip("loihi1"), {"crossbar.axon_types": 3})


@pytest.mark.parametrize("name", NAMES)
def test_rows_show_every_key_with_its_source(name: str) -> None:
    chip = chips.load_chip(name)
    rows = {row.path: row for row in chips.profile_rows(chip)}
    assert set(rows) == {path for path, key in KEYS.items() if key.section and has_key(chip, path)}
    assert rows["mesh.routing"][1:] == ("xy", "", "", "")
    assert rows["core.neurons"].value == chip.core.neurons
    assert rows["core.neurons"].source == chip.sources["core.neurons"].source


def test_the_package_imports_nothing_heavy() -> None:
    heavy = ["numba", "numpy", "scipy", "networkx", "matplotlib", "sklearn"]
    code = f"import sys, chips; chips.load_chip('loihi1'); print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_package_says_whose_it_is() -> None:
    assert chips.__project__ == "neurosim-toolchain"


def test_prices_may_be_set_beyond_what_a_file_may_say_and_nothing_else_changes() -> None:
    chip = chips.load_chip("loihi1")
    other = with_values(chip, {"energy.spike_pj": 1e16, "time.barrier.time_ns": (1e16, 2e16), "power.static_mw": 3.0})
    assert (other.energy.spike_pj, other.time.barrier.time_ns, other.power.static_mw) == (1e16, (1e16, 2e16), 3.0)
    assert other.time.barrier.tiles == chip.time.barrier.tiles
    assert other.limits_hash == chip.limits_hash
    assert chips.load_chip("loihi1") == chip
