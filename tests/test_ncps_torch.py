"""Cells imported from ncps, held against ncps' own modules in torch: the same numbers up to float32's rounding.

Needs `pip install ncps torch`; without them the equations are held against the papers only (test_continuous.py).
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neurosim as ns
from chips import NetworkError

_WITHOUT = "not installed, so cells of ncps are held against the papers' equations only: pip install ncps torch"
torch = pytest.importorskip("torch", reason=f"torch is {_WITHOUT}")
cells = pytest.importorskip("ncps.torch", reason=f"ncps is {_WITHOUT}")
wirings = pytest.importorskip("ncps.wirings", reason=f"ncps is {_WITHOUT}")

STEPS, INPUTS = 50, 3
ROUNDING = 5e-6  # some 40 units in the last place of float32 at 1; the largest difference seen was 9e-7
U = np.random.default_rng(0).normal(size=(STEPS, INPUTS))


def drawn(module: Any) -> Any:
    """The module in evaluation, every trainable parameter moved from where ncps starts it, as biases start at 0."""
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.requires_grad:
                parameter.add_(0.1 * torch.rand_like(parameter))
    return module.eval()


def in_torch(module: Any, ts: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Outputs [step, output] and the last state."""
    spans = None if ts is None else torch.full((1, STEPS), ts)
    with torch.no_grad():
        outputs, state = module(torch.tensor(U[None], dtype=torch.float32), timespans=spans)
    return outputs[0].numpy(), state[0].numpy()


@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize("mapping", ["affine", "linear", None])
@pytest.mark.parametrize("wiring", ["units", "fully_connected", "auto_ncp", "ncp", "random"])
def test_ltc(wiring: str, mapping: str | None, implicit: bool) -> None:
    units = {
        "units": lambda: 8,
        "fully_connected": lambda: wirings.FullyConnected(8, 3),
        "auto_ncp": lambda: wirings.AutoNCP(16, 3),
        "ncp": lambda: wirings.NCP(6, 5, 4, 2, 3, 2, 3),
        "random": lambda: wirings.Random(10, 2, 0.5),
    }[wiring]()
    ltc = drawn(
        cells.LTC(INPUTS, units, input_mapping=mapping, output_mapping=mapping, implicit_param_constraints=implicit)
    )
    model = ns.ltc_from_ncps(ltc.state_dict(), implicit_param_constraints=implicit)
    outputs, last = in_torch(ltc)
    states = model.run(U)
    assert states[-1] == pytest.approx(last, abs=ROUNDING)
    assert model.outputs(states)[:, : ltc.output_size] == pytest.approx(outputs, abs=ROUNDING)


def test_ltc_takes_the_time_of_a_step_and_its_unfolds() -> None:
    ltc = drawn(cells.LTC(INPUTS, wirings.AutoNCP(16, 3), ode_unfolds=4, epsilon=1e-3))
    model = ns.ltc_from_ncps(ltc.state_dict(), ode_unfolds=4, epsilon=1e-3, ts=0.3)
    assert model.outputs(model.run(U)) == pytest.approx(in_torch(ltc, 0.3)[0], abs=ROUNDING)


def test_the_constraints_of_a_state_are_the_default_of_the_module_that_it_came_from() -> None:
    ltc = drawn(cells.LTC(INPUTS, 8))
    model = ns.ltc_from_ncps(ltc.state_dict())
    assert model.outputs(model.run(U)) == pytest.approx(in_torch(ltc)[0], abs=ROUNDING)
    wiring = wirings.FullyConnected(8)
    cell, state = drawn(cells.LTCCell(wiring, INPUTS)), torch.zeros(1, 8)
    for now in U:
        with torch.no_grad():
            _, state = cell(torch.tensor(now[None], dtype=torch.float32), state)
    assert ns.ltc_from_ncps(cell.state_dict()).run(U)[-1] == pytest.approx(state[0].numpy(), abs=ROUNDING)


@pytest.mark.parametrize("mode", ["default", "pure", "no_gate"])
@pytest.mark.parametrize("layers", [None, 0, 1, 3])  # None is one of 128 units
@pytest.mark.parametrize("activation", ["lecun_tanh", "tanh", "relu", "silu", "gelu"])
def test_cfc(mode: Any, layers: int | None, activation: str) -> None:
    units, dropout = (None, None) if layers is None else (12, 0.1 if layers == 3 else 0.0)
    cfc = drawn(
        cells.CfC(
            INPUTS,
            8,
            mode=mode,
            activation=activation,
            backbone_units=units,
            backbone_layers=layers,
            backbone_dropout=dropout,
        )
    )
    model = ns.cfc_from_ncps(cfc.state_dict(), mode, activation=activation, ts=0.7)
    assert model.run(U) == pytest.approx(in_torch(cfc, 0.7)[0], abs=ROUNDING)


@pytest.mark.parametrize("mode", ["default", "pure", "no_gate"])
def test_wired_cfc_layer_by_layer(mode: Any) -> None:
    wiring = wirings.AutoNCP(16, 3)
    cfc = drawn(cells.CfC(INPUTS, wiring, mode=mode))
    states = U
    for layer in range(wiring.num_layers):
        states = ns.cfc_from_ncps(cfc.state_dict(), mode, prefix=f"rnn_cell.layer_{layer}.").run(states)
    assert states == pytest.approx(in_torch(cfc)[0], abs=ROUNDING)
    with pytest.raises(NetworkError, match=r"layers of a wired CfC.*prefix='rnn_cell\.layer_0\.'"):
        ns.cfc_from_ncps(cfc.state_dict(), mode)


def test_states_from_files(tmp_path: Path) -> None:
    cfc = drawn(cells.CfC(INPUTS, 8, proj_size=2))  # whose projection is left out
    np.savez(tmp_path / "cell.npz", **{key: value.numpy() for key, value in cfc.state_dict().items()})
    torch.save(cfc.state_dict(), tmp_path / "cell.pt")
    with np.load(tmp_path / "cell.npz") as arrays:
        model = ns.cfc_from_ncps(arrays)
    assert model.run(U)[-1] == pytest.approx(in_torch(cfc)[1], abs=ROUNDING)
    assert (ns.cfc_from_ncps(torch.load(tmp_path / "cell.pt")).run(U) == model.run(U)).all()


@pytest.mark.parametrize("cell", ["LTC", "CfC"])
def test_mixed_memory_and_the_module_itself_are_refused(cell: str) -> None:
    read = {"LTC": ns.ltc_from_ncps, "CfC": ns.cfc_from_ncps}[cell]
    state = getattr(cells, cell)(INPUTS, 8, mixed_memory=True).state_dict()
    with pytest.raises(NetworkError, match="mixed_memory=False"):
        read(state)
    with pytest.raises(NetworkError, match="mixed_memory=False"):
        read({f"body.{key}": value for key, value in state.items()}, prefix="body.rnn_cell.")
    with pytest.raises(NetworkError, match=r"module\.state_dict\(\)"):
        read(getattr(cells, cell)(INPUTS, 8))
