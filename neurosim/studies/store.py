"""Store: the rows of a study in one SQLite file, each written whole, by the hash of all that determines it.

Table `rows` holds what was evaluated, whatever study asked; table `plan` holds the points of the study in order, and
table `study` what it is.  A row that is there is never evaluated again, so a study that grows repeats nothing.
"""

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from chips import Fault, StudyError
from neurosim.studies.evaluate import DONE, FAILED, KILLED, REFUSED
from neurosim.studies.identity import canonical

FORMAT = "neurosim-study-store/1"
APPLICATION = 0x6E737374  # "nsst", in the header of the file
STATUSES = (DONE, REFUSED, FAILED, KILLED)
_DAMAGED = "the store is damaged, so run the study into another folder"
_SCHEMA = """
CREATE TABLE study (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE plan (number INTEGER PRIMARY KEY, id TEXT NOT NULL, settings TEXT NOT NULL);
CREATE TABLE rows (id TEXT PRIMARY KEY, status TEXT NOT NULL, reason TEXT NOT NULL, measures TEXT, provenance TEXT);
"""


@dataclass(frozen=True)
class Point:
    """A point of a study and, once evaluated, its row."""

    number: int
    id: str  # hash of all that determines the row
    settings: dict[str, Any]  # key -> value
    status: str | None = None  # one of STATUSES; None before it is evaluated
    reason: str = ""  # why it is not done
    measures: dict[str, Any] | None = None
    provenance: dict[str, Any] | None = None


class Store:
    """The file, open for writing; one process at a time."""

    def __init__(self, path: Path) -> None:
        """Open or make a store.

        Raises:
            StudyError: the file is damaged, of something else, or in use by another study.
        """
        self.path = path
        with _told(path), _nothing_left(path):
            self._db = sqlite3.connect(path, isolation_level=None, timeout=0.5)
            try:
                self._db.execute("PRAGMA trusted_schema = OFF")
                self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
                self._db.execute("BEGIN IMMEDIATE")
                if self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
                    for statement in filter(str.strip, _SCHEMA.split(";")):
                        self._db.execute(statement)
                    self._db.execute(f"PRAGMA application_id = {APPLICATION}")
                    self._db.execute("INSERT INTO study VALUES ('format', ?)", (FORMAT,))
                self._db.execute("COMMIT")
                _check(self._db, path)
            except BaseException:
                self._db.close()
                raise

    def __enter__(self) -> "Store":
        """Itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close the file."""
        self._db.close()

    def begin(self, study: Mapping[str, Any]) -> None:
        """Say which study the plan is of, and forget the plan of the one before; rows stay.

        Args:
            study: plain data; `study` holds the study's name, `experiment` that of its experiment.

        Raises:
            StudyError: the store is of a study or an experiment of another name.
        """
        with self._transaction():
            before = self._db.execute("SELECT value FROM study WHERE key = 'study'").fetchone()
            if before is not None:
                _check_same(_mapping(before[0], self.path), study, self.path)
            self._db.execute("DELETE FROM plan")
            self._db.execute("INSERT OR REPLACE INTO study VALUES ('study', ?)", (canonical(study),))

    def plan(self, points: Sequence[Point]) -> None:
        """Add points to the plan."""
        with self._transaction():
            rows = [(point.number, point.id, json.dumps(point.settings, allow_nan=False)) for point in points]
            self._db.executemany("INSERT INTO plan VALUES (?, ?, ?)", rows)

    def known(self, point_id: str) -> dict[str, Any] | None:
        """The outcome of a point that needs no other evaluation; None where it was never done, or its worker died."""
        with _told(self.path):
            found = self._db.execute("SELECT * FROM rows WHERE id = ? AND status != ?", (point_id, KILLED)).fetchone()
        return None if found is None else _outcome(found[1:], self.path)

    def keep(self, point_id: str, outcome: Mapping[str, Any]) -> None:
        """Write a row, in a transaction of its own."""
        told = [outcome[key] if outcome[key] is None else canonical(outcome[key]) for key in ("measures", "provenance")]
        with self._transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?)",
                (point_id, outcome["status"], outcome["reason"], *told),
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with _told(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk has undone it already
                    self._db.execute("ROLLBACK")
                raise


@dataclass(frozen=True)
class StoredStudy:
    """What a store holds: the study as it was asked for, and its points in order."""

    study: dict[str, Any]
    points: tuple[Point, ...]


def read_study(path: str | Path) -> StoredStudy:
    """Read a store; what a killed process left half-written is undone.

    Args:
        path: `study.sqlite`, or the folder that holds it.

    Raises:
        StudyError: there is none, or it is damaged, of something else, or in use.
    """
    path = Path(path)
    path = path / "study.sqlite" if path.is_dir() else path
    if not path.is_file():
        raise _refused(path, "there is no such store: run neurosim sweep first")
    with _told(path), closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=0.5)) as db:
        db.execute("PRAGMA trusted_schema = OFF")
        _check(db, path)
        study = db.execute("SELECT value FROM study WHERE key = 'study'").fetchone()
        rows = db.execute(
            "SELECT number, plan.id, settings, status, reason, measures, provenance "
            "FROM plan LEFT JOIN rows ON rows.id = plan.id ORDER BY number"
        ).fetchall()
    points = [_point(row, path) for row in rows]
    return StoredStudy({} if study is None else _mapping(study[0], path), tuple(points))


def _point(row: Sequence[Any], path: Path) -> Point:
    number, point_id, settings = row[:3]
    if not (isinstance(number, int) and isinstance(point_id, str)):
        raise _refused(path, f"point {number!r} is no point: {_DAMAGED}")
    if row[3] is None:
        return Point(number, point_id, _mapping(settings, path))
    return Point(number, point_id, _mapping(settings, path), **_outcome(row[3:], path))


def _outcome(row: Sequence[Any], path: Path) -> dict[str, Any]:
    status, reason, measures, provenance = row
    if status not in STATUSES or not isinstance(reason, str) or (status == DONE) != (measures is not None):
        raise _refused(path, f"a row has the status {status!r}: {_DAMAGED}")
    parts = {"measures": measures, "provenance": provenance}
    read = {key: None if text is None else _mapping(text, path) for key, text in parts.items()}
    return {"status": status, "reason": reason, **read}


def _mapping(text: Any, path: Path) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise _refused(path, f"a row is no JSON object: {_DAMAGED}")
    return data


def _check_same(before: Mapping[str, Any], study: Mapping[str, Any], path: Path) -> None:
    """Refuse to take the folder of another study: its plan would go, and its results be written over."""
    for what, told in (("study", "study"), ("experiment", "experiment")):
        old, new = (_name(data.get(told)) for data in (before, study))
        if old and new and old != new:
            message = f"holds the {what} {old!r}, not {new!r}: give another folder with -o, or write name: {old} if"
            raise _refused(path, f"{message} it is the same {what}")


def _name(told: Any) -> str:
    """What a store calls a study or an experiment; "" where it does not say."""
    found = told.get("name") if isinstance(told, Mapping) else told
    return found if isinstance(found, str) else ""


def _check(db: sqlite3.Connection, path: Path) -> None:
    """Refuse a file that is not a sound store of this format."""
    foreign = "is not a store of neurosim sweep: give another folder with -o"
    if db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
        raise _refused(path, foreign)
    columns = {name: [c[1] for c in db.execute(f"PRAGMA table_info({name})")] for name in ("study", "plan", "rows")}
    wanted = {
        "study": ["key", "value"],
        "plan": ["number", "id", "settings"],
        "rows": ["id", "status", "reason", "measures", "provenance"],
    }
    if columns != wanted:
        raise _refused(path, foreign)
    version = db.execute("SELECT value FROM study WHERE key = 'format'").fetchone()
    if version != (FORMAT,):
        raise _refused(path, f"has the format {version and version[0]!r}, but {FORMAT} is needed: give another folder")
    if (said := db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
        raise _refused(path, f"is damaged ({said}): run the study into another folder")


@contextmanager
def _nothing_left(path: Path) -> Iterator[None]:
    """Take an empty file away again that came with an attempt to make a store, as on a full disk."""
    was_there = path.exists()
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            if not was_there and path.stat().st_size == 0:
                path.unlink()
        raise


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Errors of SQLite as ours."""
    try:
        yield
    except sqlite3.Error as error:
        if "locked" in str(error):
            raise _refused(path, "is in use by another sweep: wait for it, or give another folder with -o") from None
        if "is full" in str(error):
            full = "cannot be written, as the disk is full: make room, and the same command goes on from what is kept"
            raise _refused(path, full) from None
        if "unable to open" in str(error):
            raise _refused(path, "cannot be opened or written: check the folder") from None
        raise _refused(path, f"cannot be used ({error}): it is damaged or no store, so give another folder") from None
    except ValueError as error:  # text that is not UTF-8
        raise _refused(path, f"cannot be read ({error}): {_DAMAGED}") from None


def _refused(path: Path, message: str) -> StudyError:
    return StudyError([Fault(str(path), "", message)])
