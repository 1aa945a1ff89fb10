"""Load: a chip by its name, or from a file of one's own.

A file may extend another: its leaves replace the parent's, each with its source.  Overrides replace both.  A name is
not inherited: a file that says none is called as the file is.
Everything is checked together at the end, so that all faults are told at once.
"""

import functools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from chips.build import build
from chips.errors import Fault, ProfileError
from chips.explain import describe
from chips.hints import did_you_mean
from chips.keys import KEYS, OPTIONAL_SECTIONS, SECTIONS, Key, has_section, names_in, value_at
from chips.override import override_leaves, plain
from chips.profile import ChipProfile
from chips.reading import file_order, read_yaml
from chips.tree import Leaf, Tree, grow

_PROFILES = Path(__file__).parent / "profiles"


def list_chips() -> tuple[str, ...]:
    """The names of the chips that come with the project, sorted."""
    return tuple(sorted(path.stem for path in _PROFILES.glob("*.yaml")))


def load_chip(name_or_path: str | os.PathLike[str], overrides: Mapping[str, object] | None = None) -> ChipProfile:
    """Load a chip profile.

    Args:
        name_or_path: a name out of `list_chips()`, or the path of a file that ends in `.yaml`.
        overrides: dotted path -> value, as in `{"core.neurons": 512}`; recorded in `chip.overrides`.

    Raises:
        ProfileError: with every fault of the file, its parents and the overrides.
    """
    overrides = overrides or {}
    if not isinstance(name_or_path, str | os.PathLike):
        message = (
            f"a chip is a profile, a name or a path, not {describe(name_or_path)}: there are {', '.join(list_chips())}"
        )
        raise ProfileError([Fault("load_chip", "", message)])
    chain, is_whole = _read_chain(name_or_path)
    set_leaves, faults = override_leaves(overrides)
    faults += [fault for tree in chain for fault in tree.faults]
    leaves = _merge([*(tree.leaves for tree in reversed(chain)), set_leaves])
    name = chain[0].document.name
    if len(chain) > 1 and "name" not in {**chain[0].leaves, **set_leaves}:
        leaves["name"] = Leaf(Path(name).stem[:100], None, chain[0].document.where())  # else two chips have one name
    lacking = _lacking(set_leaves, {path for tree in chain for path in tree.leaves}, name)
    faults += lacking
    leaves = {path: leaf for path, leaf in leaves.items() if path not in {fault.path for fault in lacking}}
    if is_whole:
        faults += _missing(leaves, chain)
    chip, value_faults = build(leaves, {path: plain(value) for path, value in overrides.items()})
    faults += [fault if fault.where else Fault(name, fault.path, fault.message) for fault in value_faults]
    if faults or chip is None:
        raise ProfileError(file_order(faults, [tree.document.name for tree in chain]))
    return chip


def override_chip(chip: ChipProfile, overrides: Mapping[str, object]) -> ChipProfile:
    """A loaded chip with more overrides on top of all that it holds, through the same checks.

    Raises:
        ProfileError: with every fault of the overrides.
    """
    set_leaves, faults = override_leaves(overrides)
    faults += _lacking(set_leaves, {path for path in KEYS if has_section(chip, path)}, chip.name)
    if faults:
        raise ProfileError(faults)
    paths = [path for path in KEYS if has_section(chip, path)]
    own = {path: Leaf(plain(value_at(chip, path)), chip.sources.get(path), chip.name) for path in paths}
    recorded = {**chip.overrides, **{path: plain(value) for path, value in overrides.items()}}
    made, value_faults = build(_merge([own, set_leaves]), recorded)
    if value_faults or made is None:
        raise ProfileError(value_faults)
    return made


def _lacking(set_leaves: Mapping[str, Leaf], paths: set[str], name: str) -> list[Fault]:
    """A fault for each override of a section that the chip, which has these keys, does not have."""
    has = {section for section in OPTIONAL_SECTIONS if any(path.startswith(f"{section}.") for path in paths)}
    return [
        Fault(leaf.where, path, f"{Path(name).stem} has no section {KEYS[path].section}: choose a chip that has it")
        for path, leaf in set_leaves.items()
        if KEYS[path].section in OPTIONAL_SECTIONS - has
    ]


def _read_chain(given: str | os.PathLike[str]) -> tuple[list[Tree], bool]:
    """The file and the files it extends, nearest first; False if one of them cannot be read."""
    chain: list[Tree] = []
    seen: list[Path] = []
    path, name = _find(given)
    while True:
        tree = _tree_of(path, name)
        chain.append(tree)
        if not tree.is_readable:
            return chain, False
        parent = tree.document.data.get("extends")
        if parent is None:
            return chain, True
        seen.append(path.resolve())
        path, name, refusal = _find_parent(parent, path, name)
        if not refusal and path.resolve() in seen:
            circle = " -> ".join([*(tree.document.name for tree in chain), name])
            refusal = f"the files extend each other in a circle, {circle}: remove one 'extends'"
        if refusal:
            tree.add(("extends",), refusal)
            return chain, False


def _tree_of(path: Path, name: str) -> Tree:
    if path.parent != _PROFILES:
        return grow(read_yaml(path, name=name))
    return _packaged_tree(path, name, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=32)
def _packaged_tree(path: Path, name: str, changed_ns: int) -> Tree:
    """Parsing takes most of the time of loading a chip, and a study loads one for each of its points."""
    return grow(read_yaml(path, name=name))


def _find(given: str | os.PathLike[str]) -> tuple[Path, str]:
    """The file that is meant, and how to call it in messages."""
    text = os.fsdecode(given)
    if text in list_chips() and isinstance(given, str):
        return _packaged(text)
    if isinstance(given, str) and not _looks_like_a_path(text):
        raise ProfileError([Fault(text, "", _unknown_chip(text))])
    path = Path(text)
    if path.stem in list_chips() and not path.exists():
        hint = f"the chip that comes with the project is called '{path.stem}', without folder and ending"
        raise ProfileError([Fault(text, "", f"no such file: {hint}")])
    return path, text


def _find_parent(parent: object, path: Path, name: str) -> tuple[Path, str, str]:
    """The file that is extended, how to call it, and "" or what is wrong."""
    if not isinstance(parent, str):
        return path, name, f"must be the name of a chip or a file, not {describe(parent)}: put it in quotes"
    if parent in list_chips():
        return *_packaged(parent), ""
    if not _looks_like_a_path(parent):
        return path, name, _unknown_chip(parent)
    path, name = path.parent / parent, os.path.join(os.path.dirname(name), parent)
    return path, name, "" if path.is_file() else f"no such file: {name!r}: paths are relative to this file"


def _packaged(chip: str) -> tuple[Path, str]:
    return _PROFILES / f"{chip}.yaml", f"chips/profiles/{chip}.yaml"


def _looks_like_a_path(text: str) -> bool:
    return "/" in text or os.sep in text or text.lower().endswith((".yaml", ".yml"))


def _unknown_chip(text: str) -> str:
    chips = list_chips()
    hint = did_you_mean(text, chips) or f"there are {', '.join(chips)}"
    return f"no chip is called {describe(text)}: {hint} (a file of your own must end in .yaml)"


def _merge(layers: Sequence[Mapping[str, Leaf]]) -> dict[str, Leaf]:
    """Later layers win, and their leaves come later in the result."""
    merged: dict[str, Leaf] = {}
    for layer in layers:
        for path, leaf in layer.items():
            merged.pop(path, None)
            merged[path] = leaf
    return merged


def _missing(leaves: Mapping[str, Leaf], chain: Sequence[Tree]) -> list[Fault]:
    """A fault for each missing key, or one for a whole section."""
    faults = []
    for section in ("", *SECTIONS):
        keys = [key for key in KEYS.values() if key.section == section and key.is_required]
        absent = [key for key in keys if key.path not in leaves]
        where = _place(section, chain)
        if section in OPTIONAL_SECTIONS and not any(path.startswith(f"{section}.") for path in leaves):
            continue
        if section and len(absent) == len(keys) and not any(section in tree.sections for tree in chain):
            names = ", ".join(names_in(section))
            faults.append(Fault(where, section, f"missing section: write {names} below it, or extend a chip"))
            continue
        faults += [Fault(where, key.path, _missing_key(key)) for key in absent]
    return faults


def _missing_key(key: Key) -> str:
    form = f"{key.name}: {{value: ..., kind: ..., source: ...}}" if key.is_number else f"{key.name}: ..."
    place = f" under {key.section}" if key.section else ""
    return f"missing: write '{form}'{place}, or extend a chip that has it"


def _place(section: str, chain: Sequence[Tree]) -> str:
    """Where a section begins, in the file closest to the user; else where the section around it does."""
    for tree in chain:
        if section in tree.sections:
            return tree.sections[section]
    return _place(section.rpartition(".")[0], chain) if section else chain[0].document.where()
