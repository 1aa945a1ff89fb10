"""An interrupt is never lost, wherever the interpreter is when it comes."""

import subprocess
import sys

import pytest

BEGIN = """
import signal, time
from neurosim.cli.signals import end_on_signals
end_on_signals()
"""
INSIDE = """
space = {"__name__": "%s.within", "raise_signal": signal.raise_signal, "done": []}
exec("def called(): raise_signal(%d); done.append(1)", space)
try:
    space["called"]()
    assert space["done"]
    time.sleep(10)
except KeyboardInterrupt:
    print("in order" if space["done"] else "inside")
"""
FREED = """
class Freed:
    def __del__(self):
        signal.raise_signal(signal.SIGTERM)

try:
    Freed()
    time.sleep(10)
except KeyboardInterrupt:
    print("in order")
"""


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", BEGIN + code], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    return done.stdout.strip()


@pytest.mark.parametrize("number", [2, 15])
@pytest.mark.parametrize("package", ["llvmlite", "pydantic"])
def test_an_interrupt_waits_until_a_library_that_would_drop_it_is_left(package: str, number: int) -> None:
    assert run(INSIDE % (package, number)) == "in order"


def test_an_interrupt_elsewhere_does_not_wait() -> None:
    assert run(INSIDE % ("llvmlite_of_another", 2)) == "inside"


def test_an_interrupt_lost_as_an_object_is_freed_comes_again() -> None:
    assert run(FREED) == "in order"


def test_who_wants_no_interrupts_gets_none() -> None:
    code = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)" + BEGIN + "signal.raise_signal(2); print('on')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.returncode) == ("on", 0)


def test_who_ignores_ctrl_c_can_still_be_terminated() -> None:
    code = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)" + BEGIN + FREED
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "in order"


def test_what_else_is_lost_is_told() -> None:
    code = "class Freed:\n    def __del__(self):\n        raise ValueError('told')\nFreed()"
    done = subprocess.run([sys.executable, "-c", BEGIN + code], capture_output=True, text=True, timeout=60)
    assert "ValueError: told" in done.stderr
