"""What files of this project are, and who takes them: for messages to those who gave one in place of another."""

_TAKEN = {
    "neurosim-chip": "a chip, for --chip and `neurosim chips check`",
    "neurosim-network": "a network, for `neurosim compile`",
    "neurosim-crossbar": "a network of crossbars, for `neurosim compile`",
    "neurosim-program": "a program, for `neurosim run`",
    "neurosim-run": "a run, for `neurosim report`",
    "neurosim-spikes": "spikes, for --input of `neurosim run`",
    "neurosim-experiment": "an experiment, for `neurosim compare`",
    "neurosim-study": "a study, for `neurosim sweep`",
}


def who_takes(found: object, wanted: str) -> str:
    """What a file of format `found` is and which command takes it, in parentheses after a space.

    "" if it is no format of ours, or another version of `wanted`.
    """
    kind = found.partition("/")[0] if isinstance(found, str) else ""
    return f" (it is {_TAKEN[kind]})" if kind in _TAKEN and kind != wanted.partition("/")[0] else ""
