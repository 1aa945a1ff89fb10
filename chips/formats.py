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


def who_takes(found: object) -> str:
    """What a file of format `found` is and which command takes it, in parentheses after a space; "" if not ours."""
    taken = _TAKEN.get(found.partition("/")[0]) if isinstance(found, str) else None
    return f" (it is {taken})" if taken else ""


def is_of_another_kind(found: object, wanted: str) -> bool:
    """Whether `found` is the format of one of our files, but of none of the kind of `wanted`."""
    return bool(who_takes(found)) and str(found).partition("/")[0] != wanted.partition("/")[0]
