"""The JSON schema says what the loader accepts."""

import copy
from pathlib import Path
from typing import Any

import pytest

import chips
from chips.keys import KEYS
from chips.reading import read_yaml

PROFILES = sorted((Path(chips.__file__).parent / "profiles").glob("*.yaml"))


def node(schema: dict[str, Any], path: str) -> dict[str, Any]:
    for step in path.split("."):
        schema = schema["properties"][step]
    return schema


@pytest.mark.parametrize("path", KEYS)
def test_every_key_is_described(path: str) -> None:
    found = node(chips.json_schema(), path)
    if KEYS[path].is_number:
        assert found["required"] == ["value", "kind", "source"]
        assert "measured" in found["properties"]["kind"]["enum"]
    else:
        assert found["type"] == "string" or found["items"] == {"type": "string"}


def test_a_file_without_extends_must_be_complete() -> None:
    schema = chips.json_schema()
    assert schema["if"] == {"required": ["extends"]}
    assert schema["required"] == ["format"]
    assert set(schema["else"]["required"]) >= {"name", "core", "time"}
    assert "barrier" in schema["else"]["properties"]["time"]["required"]


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.stem)
def test_packaged_profiles_satisfy_the_schema(profile: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(chips.json_schema())
    data = read_yaml(profile).data
    assert not list(validator.iter_errors(data))
    faulty = copy.deepcopy(data)
    faulty["core"] = {"neurons": 5}
    assert list(validator.iter_errors(faulty))


def test_the_schema_is_a_schema() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(chips.json_schema())
