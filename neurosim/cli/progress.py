"""The progress bar of commands: what is being done, how much of it, how fast, and how long it will still take."""

import contextlib
from collections.abc import Callable, Iterator

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from neurosim.cli.printing import console

Report = Callable[[str, int, int], None]  # what, done, of


class _Rate(ProgressColumn):
    """Samples or steps in a second."""

    def render(self, task: Task) -> Text:
        """As "1,234/s"; nothing until it is known."""
        if not task.speed:
            return Text("")
        return Text(f"{task.speed:,.0f}/s" if task.speed >= 10 else f"{task.speed:.1f}/s")


@contextlib.contextmanager
def progress(hidden: bool) -> Iterator[Report]:
    """A progress bar on standard error, where that is a terminal, called with (what, done, of)."""
    screen = console(stderr=True)
    if hidden or not screen.is_terminal:
        yield lambda what, done, of: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True) as bar:
        task = bar.add_task("starting", total=1)
        doing = ""

        def report(what: str, done: int, of: int) -> None:
            nonlocal doing
            if what != doing:  # another thing goes at another rate
                bar.reset(task, description=escape(what), total=of, completed=done)
                doing = what
            bar.update(task, completed=done, total=of)

        yield report
