"""Schema: the file format of profiles as JSON Schema, for completion and checks in an editor.

It describes files, not chips: numbers carry their source, and a file that extends another may leave out
whatever it inherits.  The loader checks more (one value against another), and has the better messages.
"""

from typing import Any, get_args

from chips.keys import FORMAT, KEYS, OPTIONAL_SECTIONS, SECTIONS, Key, join, names_in
from chips.profile import ChipProfile, Kind

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema of a profile file (draft 2020-12)."""
    models = ChipProfile.model_json_schema()
    definitions = {**models["$defs"], "": models}
    top = _section("", definitions)
    top["properties"] = {
        "format": {"const": FORMAT},
        "extends": {"type": "string", "description": "a packaged chip, or a file relative to this one"},
        **top["properties"],
    }
    return {
        "$schema": _DIALECT,
        "title": "neurosim chip profile",
        **top,
        "required": ["format"],
        "if": {"required": ["extends"]},
        "else": _all_required(""),
    }


def _section(path: str, definitions: dict[str, Any]) -> dict[str, Any]:
    model = definitions[SECTIONS[path].__name__ if path else ""]
    properties: dict[str, Any] = {}
    for name, schema in model["properties"].items():
        inner = f"{path}.{name}" if path else name
        if inner in SECTIONS:
            properties[name] = _section(inner, definitions)
        elif inner in KEYS:
            properties[name] = _key(KEYS[inner], schema)
    return {
        "type": "object",
        "description": model["description"],
        "properties": properties,
        "additionalProperties": False,
    }


def _key(key: Key, schema: dict[str, Any]) -> dict[str, Any]:
    value = {word: part for word, part in schema.items() if word not in ("title", "description")}
    described = {word: part for word, part in schema.items() if word == "description"}
    if not key.is_number:
        return {**value, **described}
    return {
        "type": "object",
        **described,
        "properties": {
            "value": value,
            "kind": {"enum": list(get_args(Kind)), "description": "how the number was reached"},
            "source": {"type": "string", "minLength": 1, "description": "where it is published"},
            "note": {"type": "string", "description": "doubts, conflicts, derivations"},
            "error": {
                "anyOf": [
                    {"type": "number", "minimum": 0, "maximum": 1},
                    {"type": "array", "items": {"type": "number", "minimum": 0}, "minItems": 2, "maxItems": 2},
                ],
                "description": "known relative error, either way or [below, above]; leave it out where it is not known",
            },
        },
        "required": ["value", "kind", "source"],
        "additionalProperties": False,
    }


def _is_required(path: str) -> bool:
    if path in SECTIONS:
        return path not in OPTIONAL_SECTIONS
    return path == "format" or (path in KEYS and KEYS[path].is_required)


def _all_required(path: str) -> dict[str, Any]:
    """What a file must hold that extends no other."""
    inner = [section for section in SECTIONS if section.rpartition(".")[0] == path]
    required = [name for name in names_in(path) if _is_required(join(path, name))]
    return {
        "required": required,
        "properties": {section.rpartition(".")[2]: _all_required(section) for section in inner},
    }
