"""Large networks are compiled in blocks of sources: nothing of what comes out depends on that."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import compiler.blocks
import neurosim as ns
from chips import ProgramError
from compiler.blocks import blocks
from compiler.check import check_faithful
from compiler.lowering.lower import lower
from compiler.validate import validate

TOGETHER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@TOGETHER
@given(owner=st.lists(st.integers(0, 30), max_size=200), small=st.integers(1, 60))
def test_every_entry_is_in_the_one_block_of_its_owner(
    owner: list[int], small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiler.blocks, "SMALL", small)
    owners, seen, end = np.array(owner, np.int32), np.zeros(len(owner), np.int64), 0
    for first, last, entries in blocks(owners, 31):
        assert first == end
        assert last > first
        assert ((owners[entries] >= first) & (owners[entries] < last)).all()
        seen[entries] += 1
        end = last
    assert end == 31
    assert (seen == 1).all()


@pytest.mark.parametrize("small", [7, 300])
def test_a_network_compiled_in_blocks_is_the_same(small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    network = ns.liquid((4, 5, 6), channels=6, seed=2)
    chip = ns.load_chip("loihi1", {"core.neurons": 32})
    whole = ns.compile(network, chip)
    monkeypatch.setattr(compiler.blocks, "SMALL", small)
    assert ns.compile(network, chip).digest == whole.digest
    tables = whole.lists
    for i in (0, whole.n_synapses - 1):
        weight = tables.synapse_weight.copy()
        weight[i] += 1
        changed = replace(whole, tables=replace(tables, synapse_weight=weight))
        with pytest.raises(ProgramError, match="synapses differ"):
            check_faithful(changed, lower(validate(network), chip))
