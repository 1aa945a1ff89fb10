"""The chip profile: what a chip can hold, how it counts, and what each event costs.

The models below are the whole vocabulary of a profile.  A number is plain here (`chip.core.neurons`);
where it came from is beside it (`chip.sources["core.neurons"]`).  Units stand in the names.
"""

import hashlib
import json
import re
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

Kind = Literal["measured", "simulated", "specified", "fitted", "inherited", "assumed"]
"""How a number was reached: measured on silicon; simulated by the vendor before silicon; specified as a
property of the design; fitted to measurements by somebody; inherited from another chip; assumed by us."""

Packets = Literal["unicast", "multicast"]
MOST_COST = 1e15  # pJ, mW, or ns of a step: a kilojoule, eleven days; totals of any run then stay finite numbers
MOST_TIME = 1e9  # ns or cycles of one event: a second, of which nine millions fit 64 bits of picoseconds
MOST_COUNT = 2**31 - 1  # of what tables number in 32 bits
MOST_BITS = 10**12  # of one core's memory
LEAST_MHZ, MOST_MHZ = 1e-6, 1e6  # from a cycle a second to one a picosecond
Cost = Annotated[float, Field(ge=0, le=MOST_COST, allow_inf_nan=False)]
Duration = Annotated[float, Field(ge=0, le=MOST_TIME, allow_inf_nan=False)]
Limit = Annotated[int, Field(ge=1, le=MOST_COUNT)] | None  # None: no limit
Width = Annotated[int, Field(ge=1, le=64)]
Below = Annotated[float, Field(ge=0, le=1)]
Above = Annotated[float, Field(ge=0, le=1000)]


class Section(BaseModel):
    """A frozen part of a profile; unknown keys and loose types are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Source(Section):
    """Where a number comes from."""

    kind: Kind
    source: Annotated[str, Field(min_length=1)]
    note: str = ""
    error: tuple[Below, Above] | None = Field(
        default=None, description="how far the true number may be below and above, relative; null: not known"
    )

    def bounds(self, value: float) -> tuple[float, float] | None:
        """The least and the largest that a number of this source may be; None where its error is not known."""
        return None if self.error is None else (value * (1 - self.error[0]), value * (1 + self.error[1]))


class Mesh(Section):
    """Where the cores are.  Tile (x, y) has number x * height + y; core c is on tile c // cores_per_tile.

    Coordinates run over all chips: the tiles of chip (i, j) begin at (i * tiles_x, j * tiles_y).
    """

    chips_x: Annotated[int, Field(ge=1, le=1024)]
    chips_y: Annotated[int, Field(ge=1, le=1024)]
    tiles_x: Annotated[int, Field(ge=1, le=4096)] = Field(description="tiles of one chip, east-west")
    tiles_y: Annotated[int, Field(ge=1, le=4096)] = Field(description="tiles of one chip, north-south")
    cores_per_tile: Annotated[int, Field(ge=1, le=4096)]
    routing: Literal["xy"] = Field(description="xy: east-west first, then north-south")
    packets: Packets = Field(
        default="unicast",
        description="unicast: a spike sends a packet to each destination core; multicast: one, copied where ways part",
    )
    reach_tiles: Limit = Field(default=None, description="hops that a packet can make in one dimension")
    border: Literal["per_tile", "merged"] = Field(
        default="per_tile",
        description="per_tile: each tile at an edge has a link to the next chip; merged: an edge has one for all",
    )
    disabled_cores: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        default=(), description="numbers of cores that hold nothing; their tiles still pass packets on"
    )
    disabled_links: tuple[str, ...] = Field(
        default=(), description="links that carry nothing: '0,0>1,0' from tile (0, 0) to (1, 0), '0,0-1,0' both ways"
    )

    @field_validator("disabled_cores")
    @classmethod
    def _cores_exist(cls, cores: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        if not {"chips_x", "chips_y", "tiles_x", "tiles_y", "cores_per_tile"} <= set(info.data):
            return cores  # a size is faulty, which is told already
        n = cls.model_construct(**info.data).n_cores
        for core in cores:
            if core >= n:
                raise ValueError(f"core {core:,} is not on the mesh, whose cores are 0 to {n - 1:,}")
            if cores.count(core) > 1:
                raise ValueError(f"core {core:,} stands there twice")
        if len(cores) == n:
            raise ValueError(f"all {n:,} cores are disabled, and none is left")
        return cores

    @field_validator("disabled_links")
    @classmethod
    def _links_exist(cls, links: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not {"chips_x", "chips_y", "tiles_x", "tiles_y"} <= set(info.data):
            return links
        mesh = cls.model_construct(**info.data)
        for text in links:
            for x, y, to_x, to_y in _directed(text):
                if not (x < mesh.width and to_x < mesh.width and y < mesh.height and to_y < mesh.height):
                    raise ValueError(f"link {text!r} leaves the mesh of {mesh.width} x {mesh.height} tiles")
                if abs(x - to_x) + abs(y - to_y) != 1:
                    raise ValueError(f"link {text!r} does not join two neighbours")
        return links

    @property
    def cut_links(self) -> frozenset[tuple[int, int, int, int]]:
        """Disabled links, each direction for itself: (x, y, to_x, to_y)."""
        return frozenset(link for text in self.disabled_links for link in _directed(text))

    @property
    def n_chips(self) -> int:
        """Chips of the board."""
        return self.chips_x * self.chips_y

    @property
    def width(self) -> int:
        """Tiles east-west, all chips together."""
        return self.chips_x * self.tiles_x

    @property
    def height(self) -> int:
        """Tiles north-south, all chips together."""
        return self.chips_y * self.tiles_y

    @property
    def n_cores(self) -> int:
        """Cores of all chips."""
        return self.width * self.height * self.cores_per_tile


def _directed(text: str) -> list[tuple[int, int, int, int]]:
    """The one or two directed links that `text` names.

    Raises:
        ValueError: it is not written as "0,0>1,0" or "0,0-1,0".
    """
    found = re.fullmatch(r"\s*(\d{1,6})\s*,\s*(\d{1,6})\s*([>-])\s*(\d{1,6})\s*,\s*(\d{1,6})\s*", text, re.ASCII)
    if not found:
        raise ValueError(f"link {text!r} cannot be read: write it as '0,0>1,0', or '0,0-1,0' for both directions")
    x, y, to_x, to_y = (int(found[i]) for i in (1, 2, 4, 5))
    one = (x, y, to_x, to_y)
    return [one] if found[3] == ">" else [one, (to_x, to_y, x, y)]


class Core(Section):
    """What one core can hold; null is no limit."""

    neurons: Limit
    input_axons: Limit
    output_axons: Limit = Field(description="sum over the core's neurons of their destination cores")
    synapse_memory_bits: Annotated[int, Field(ge=1, le=MOST_BITS)] | None
    delay_steps_max: Annotated[int, Field(ge=1, le=255)] = Field(description="longest synaptic delay, at least 1")
    delay_steps_guaranteed: Annotated[int, Field(ge=1, le=255)] = Field(
        description="longest delay that costs no neurons; beyond it the report warns"
    )

    @model_validator(mode="after")
    def _guaranteed_within_longest(self) -> "Core":
        if self.delay_steps_guaranteed > self.delay_steps_max:
            raise ValueError(
                f"delay_steps_guaranteed is {self.delay_steps_guaranteed}, above delay_steps_max of "
                f"{self.delay_steps_max}"
            )
        return self


class Pool(Section):
    """One memory of a core that neurons, axons and synapses share, on top of the limits of each."""

    memory_bits: Annotated[int, Field(ge=1, le=MOST_BITS)]
    neuron_bits: Annotated[int, Field(ge=0, le=65536)] = Field(description="state and parameters of one neuron")
    input_axon_bits: Annotated[int, Field(ge=0, le=65536)]
    output_axon_bits: Annotated[int, Field(ge=0, le=65536)]
    adaptation_bits: Annotated[int, Field(ge=0, le=65536)] = Field(
        default=0, description="what a LIF neuron with adaptation takes on top of neuron_bits"
    )


class Synapse(Section):
    """How synapses are packed into memory words (see packing.py)."""

    word_bits: Width
    block_synapses: Annotated[int, Field(ge=1, le=65536)]
    block_header_bits: Annotated[int, Field(ge=0, le=1024)]
    weight_bits: Annotated[tuple[Annotated[int, Field(ge=1, le=8)], ...], Field(min_length=1)]
    index_bits: Annotated[tuple[Annotated[int, Field(ge=0, le=32)], ...], Field(min_length=1)] = Field(
        description="legal index widths; 0 is the dense format, which stores no index"
    )
    layout: Literal["list", "row"] = Field(
        default="list",
        description="row: a list is whole blocks with a place for each neuron of the core, has one sign and takes an "
        "input axon of its own; an event reads all of it",
    )


class CubaLif(Section):
    """The arithmetic of the current-based leaky integrate-and-fire neuron, in integers."""

    u_bits: Annotated[int, Field(ge=8, le=31)]
    u_overflow: Literal["wrap_once", "saturate"] = Field(
        description="wrap_once: one wrap by 2^u_bits, +2^(u_bits-1) stays, -2^(u_bits-1) becomes positive"
    )
    v_bits: Annotated[int, Field(ge=8, le=31)]
    v_overflow: Literal["wrap_once", "saturate"]
    decay_bits: Annotated[int, Field(ge=1, le=16)]
    decay_u_offset: Annotated[int, Field(ge=0, le=1)] = Field(description="added to du before it is used")
    vth_mantissa_bits: Annotated[int, Field(ge=1, le=30)]
    weight_shift: Annotated[int, Field(ge=0, le=16)] = Field(description="left shift of weight sums and of vth")
    weight_exponent_max: Annotated[int, Field(ge=0, le=7)]
    mixed_weight_rounding: Literal["floor", "truncate", "half_even"] = Field(
        description="what happens to a register weight that is off the grid"
    )
    bias_mantissa_max: Annotated[int, Field(ge=0, le=MOST_COUNT)]
    bias_exponent_max: Annotated[int, Field(ge=0, le=15)]
    refractory_max: Annotated[int, Field(ge=1, le=255)]
    adaptation_bits: Annotated[int, Field(ge=0, le=32)] = Field(
        default=0,
        description="state of a threshold that rises with own spikes, signed; saturates; 0: thresholds are fixed",
    )

    @model_validator(mode="after")
    def _adaptation_covers_v(self) -> "CubaLif":
        if 0 < self.adaptation_bits < self.v_bits:
            raise ValueError(
                f"adaptation_bits is {self.adaptation_bits}, below v_bits of {self.v_bits}, so a threshold could not "
                "rise as high as v: use v_bits or more, or 0 for fixed thresholds"
            )
        return self


class Crossbar(Section):
    """Cores that keep synapses as bits of a crossbar of axons and neurons, and the neuron of such a core.

    A neuron has one weight for each axon type, and one target axon.  Widths of signed numbers include the sign.
    """

    axon_types: Annotated[int, Field(ge=1, le=4)]
    weight_bits: Annotated[int, Field(ge=2, le=16)] = Field(description="signed, one for each axon type")
    potential_bits: Annotated[int, Field(ge=8, le=30)] = Field(description="signed; saturates")
    leak_bits: Annotated[int, Field(ge=2, le=16)] = Field(description="signed")
    threshold_bits: Annotated[int, Field(ge=1, le=29)] = Field(description="unsigned; also of the negative threshold")
    random_bits: Annotated[int, Field(ge=1, le=16)] = Field(description="of a random number, and of the mask on it")


class LinearLif(Section):
    """The arithmetic of the integrate-and-fire neuron with a constant leak, in integers from zero."""

    v_bits: Annotated[int, Field(ge=1, le=16)] = Field(description="unsigned; v stops at both ends")
    threshold_bits: Annotated[int, Field(ge=1, le=16)]
    leak_bits: Annotated[int, Field(ge=1, le=16)]


class Graded(Section):
    """The arithmetic of neurons that send numbers, in integers; compiler/lower_graded.py says what each does."""

    message_bits: Annotated[int, Field(ge=2, le=32)] = Field(description="payload of a spike, signed")
    state_bits: Annotated[int, Field(ge=8, le=32)] = Field(description="what a neuron keeps of itself, signed")
    sum_bits: Annotated[int, Field(ge=16, le=40)] = Field(description="synaptic input of a neuron in a step, signed")
    decay_bits: Annotated[int, Field(ge=1, le=16)]
    fraction_bits: Annotated[int, Field(ge=4, le=20)] = Field(description="tanh reads and writes 1.0 as 2^this")
    tanh_table_bits: Annotated[int, Field(ge=2, le=12)] = Field(description="the table has 2^this segments")
    tanh_range_bits: Annotated[int, Field(ge=1, le=4)] = Field(description="the table ends at 2^this")

    @model_validator(mode="after")
    def _table_fits(self) -> "Graded":
        if self.fraction_bits + self.tanh_range_bits < self.tanh_table_bits:
            raise ValueError("tanh_table_bits is above fraction_bits + tanh_range_bits, so segments would be empty")
        if self.fraction_bits + 2 > self.state_bits:
            raise ValueError("fraction_bits + 2 is above state_bits, so the state could not hold 1.0")
        return self


class Energy(Section):
    """Dynamic energy of one event."""

    neuron_update_pj: Cost
    spike_pj: Cost = Field(description="a neuron that fires, on top of its update")
    packet_out_pj: Cost = Field(description="a packet that leaves its neuron's core (own core included)")
    packet_in_pj: Cost = Field(description="a packet that a core receives, external ones included")
    synaptic_event_pj: Cost = Field(description="one synapse read and added, sparse format")
    synaptic_event_dense_pj: Cost = Field(description="the same in the dense format")
    hop_x_pj: Cost = Field(description="one packet over one link, east-west")
    hop_y_pj: Cost = Field(description="one packet over one link, north-south")
    border_pj: Cost | None = Field(
        default=None, description="one packet over one link between chips, in place of a hop; null: as a hop inside"
    )


class Barrier(Section):
    """The time to synchronise the cores after each step, by the number of tiles or of chips in use."""

    tiles: Annotated[tuple[Annotated[int, Field(ge=1, le=MOST_COUNT)], ...], Field(min_length=1)]
    time_ns: Annotated[tuple[Cost, ...], Field(min_length=1)]
    between: Literal["step", "linear"] = Field(description="step: the value at the largest key <= tiles")
    chips: tuple[Annotated[int, Field(ge=1, le=MOST_COUNT)], ...] = Field(
        default=(), description="chips in use; where more than one is, these keys replace tiles; empty: tiles only"
    )
    chips_time_ns: tuple[Cost, ...] = Field(default=(), description="time of the barrier at each entry of chips")

    @model_validator(mode="after")
    def _one_time_for_each_count(self) -> "Barrier":
        for name, keys, times in (("", self.tiles, self.time_ns), ("chips_", self.chips, self.chips_time_ns)):
            key = name.rstrip("_") or "tiles"
            if len(keys) != len(times):
                raise ValueError(f"{key} has {len(keys)} entries but {name}time_ns has {len(times)}")
            if list(keys) != sorted(set(keys)):
                raise ValueError(f"{key} must increase")
        return self


class Time(Section):
    """Time of one event inside its core, and how a step is composed of them.

    A core's sending time is updates * neuron_update + spikes * spike + packets out * packet_out; its
    receiving time is packets in * packet_in + synaptic events * synaptic_event; its memory is busy for words read *
    memory_word.  Memory and links overlap with all else.
    """

    send_receive: Literal["overlap", "add", "largest"] = Field(
        description="overlap: the larger of the two; add: their sum; largest: as overlap, and the barrier overlaps too"
    )
    neuron_update_ns: Duration
    spike_ns: Duration
    packet_out_ns: Duration
    packet_in_ns: Duration
    synaptic_event_ns: Duration
    synaptic_event_dense_ns: Duration
    memory_word_ns: Duration | None = Field(
        default=None, description="one word of synapse memory read; null: memory never binds"
    )
    link_packet_ns: Duration | None = Field(description="one packet's occupation of a link; null: links never bind")
    border_packet_ns: Duration | None = Field(
        default=None, description="one packet's occupation of a link between chips; null: link_packet_ns"
    )
    barrier: Barrier
    tick_ns: Annotated[float, Field(gt=0, le=MOST_COST, allow_inf_nan=False)] | None = Field(
        description="fixed time of a step; null: as fast as the barrier allows"
    )


class Noc(Section):
    """The network on chip that a packet crosses, for models of time in which packets wait for each other.

    A packet is so many flits, which cross a link one after the other.  A buffer stands behind each link, and one
    between each core and its router; where it is full, what would enter waits.
    """

    flit_ns: Annotated[float, Field(gt=0, le=MOST_TIME, allow_inf_nan=False)] = Field(
        description="one flit's occupation of a link, which is the cycle of the flit model"
    )
    flits_per_packet: Annotated[int, Field(ge=1, le=64)]
    hop_x_ns: Duration = Field(description="from router to router, east-west, for the head of a packet")
    hop_y_ns: Duration = Field(description="likewise north-south")
    port_ns: Duration = Field(description="into the first router and out of the last one together, within a tile too")
    link_buffer_flits: Annotated[int, Field(ge=1, le=65536)] = Field(
        description="room behind each link, and between a core and its router"
    )
    receive_queue_packets: Annotated[int, Field(ge=1, le=65536)] = Field(
        description="packets that wait at a core while it works on another"
    )


class Clock(Section):
    """The clock of a chip whose events take whole cycles; both power and time follow it.

    What an event takes here is added to its time in nanoseconds.
    """

    mhz: Annotated[float, Field(ge=LEAST_MHZ, le=MOST_MHZ, allow_inf_nan=False)]
    mw_per_mhz: Cost = Field(description="power of the running clock, on top of power.static_mw; one chip")
    neuron_update_cycles: Duration
    packet_in_cycles: Duration
    synaptic_event_cycles: Duration

    def ns(self, cycles: float) -> float:
        """Time of so many cycles."""
        return cycles * 1e3 / self.mhz


class Power(Section):
    """Power that is drawn whatever happens."""

    static_mw: Cost = Field(description="one chip, leakage and clocks")


class ChipProfile(Section):
    """One chip (or mesh of chips), complete.  Frozen; derive another with `load_chip(..., overrides=...)`."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    title: str
    description: str
    mesh: Mesh
    core: Core
    pool: Pool | None = Field(default=None, description="of a chip whose cores have one memory for everything")
    synapse: Synapse | None = Field(default=None, description="of a chip that keeps synapses in lists")
    cuba_lif: CubaLif | None = Field(default=None, description="of a chip that has this neuron")
    linear_lif: LinearLif | None = Field(default=None, description="likewise")
    crossbar: Crossbar | None = Field(default=None, description="of a chip whose cores are crossbars")
    graded: Graded | None = Field(default=None, description="of a chip whose spikes carry numbers")
    energy: Energy
    time: Time
    noc: Noc | None = Field(default=None, description="of a chip whose links and buffers have a model")
    clock: Clock | None = Field(default=None, description="of a chip whose events take whole cycles")
    power: Power
    sources: dict[str, Source] = Field(description="dotted path of each number -> where it comes from")
    overrides: dict[str, Any] = Field(default_factory=dict, description="what was set on top of the file")

    @model_validator(mode="after")
    def _some_neuron(self) -> "ChipProfile":
        if self.cuba_lif is None and self.linear_lif is None and self.crossbar is None:
            raise ValueError("the chip has no neuron: add a section cuba_lif, linear_lif or crossbar")
        if self.crossbar is not None:
            self._check_crossbar(self.crossbar)
        if self.crossbar is None and self.synapse is None:
            raise ValueError("the chip keeps its synapses in lists: add a section synapse")
        if self.synapse and (self.synapse.layout == "row") != (self.linear_lif is not None):
            raise ValueError("linear_lif neurons read rows, others lists: set synapse.layout accordingly")
        if self.cuba_lif and self.cuba_lif.adaptation_bits and self.graded is None:
            raise ValueError("a threshold that moves is a programmable neuron's: add a section graded as well")
        if self.linear_lif and self.core.delay_steps_max > 1:
            raise ValueError("linear_lif neurons know no delays: set core.delay_steps_max to 1")
        return self

    def _check_crossbar(self, bars: Crossbar) -> None:
        others = [name for name in ("synapse", "cuba_lif", "linear_lif", "graded", "pool") if getattr(self, name)]
        if others:
            raise ValueError(f"a chip has either crossbar or {others[0]}: remove one of the two sections")
        neurons, axons, targets = self.core.neurons, self.core.input_axons, self.core.output_axons
        if neurons is None or axons is None:
            raise ValueError("a crossbar has a size: give core.neurons and core.input_axons")
        if targets is not None and targets < neurons:
            raise ValueError(
                f"each of the {neurons:,} neurons of a crossbar has a target: set core.output_axons to null, or to that"
            )
        memory = self.core.synapse_memory_bits
        if memory is not None and memory < neurons * axons:
            raise ValueError(
                f"a crossbar of {axons:,} x {neurons:,} has {neurons * axons:,} bits: set core.synapse_memory_bits to "
                "that, or to null"
            )
        if neurons > 2**16 or axons * 2 ** (bars.weight_bits - 1) >= 2**30:
            raise ValueError(
                "the crossbar is too large to add up in 32 bits: lower core.input_axons, core.neurons or "
                "crossbar.weight_bits"
            )

    @property
    def numbers(self) -> Graded:
        """The section `graded`, where the caller knows that there is one."""
        return _present(self.graded)

    @property
    def lists(self) -> Synapse:
        """The section `synapse`, where the caller knows that there is one."""
        return _present(self.synapse)

    @property
    def lif(self) -> CubaLif:
        """The section `cuba_lif`, where the caller knows that there is one."""
        return _present(self.cuba_lif)

    @property
    def bars(self) -> Crossbar:
        """The section `crossbar`, where the caller knows that there is one."""
        return _present(self.crossbar)

    @property
    def linear(self) -> LinearLif:
        """The section `linear_lif`, where the caller knows that there is one."""
        return _present(self.linear_lif)

    @property
    def standing_mw(self) -> float:
        """What one chip draws whatever happens: static power and that of its clock."""
        return self.power.static_mw + (self.clock.mhz * self.clock.mw_per_mhz if self.clock else 0.0)

    def limits(self) -> dict[str, Any]:
        """What decides whether and how a program fits, as plain data: all sections but those of prices."""
        return self.model_dump(mode="json", exclude=_NOT_LIMITS)

    @property
    def limits_hash(self) -> str:
        """Hash of what decides whether and how a program fits: all sections but those of prices."""
        # without defaults, so that a key added later changes no hash of a chip that does not use it
        parts = self.model_dump(mode="json", exclude=_NOT_LIMITS, exclude_none=True, exclude_defaults=True)
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


_NOT_LIMITS = {"name", "title", "description", "energy", "time", "noc", "clock", "power", "sources", "overrides"}
_T = TypeVar("_T")


def _present(section: _T | None) -> _T:
    if section is None:
        raise LookupError("the chip has no such section")
    return section
