"""Whatever a file holds, reading it gives an object or one of our errors; `python tests/fuzzing.py` tries thousands."""

import numpy as np
import pytest
from fuzzing import subjects
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def valid(tmp_path_factory):
    return subjects(tmp_path_factory.mktemp("valid"))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), rng=st.randoms(use_true_random=False))
def test_broken_files_are_read_or_refused(valid, tmp_path, data, rng):
    kind = data.draw(st.sampled_from(sorted(valid)))
    assert valid[kind].try_one(rng, tmp_path) in ("read", "refused")


def test_valid_files_are_read(valid, tmp_path):
    for kind, subject in valid.items():
        path = tmp_path / f"valid{subject.suffix}"
        path.write_bytes(subject.data)
        assert subject.read(path) is not None or "program" in kind or kind == "result"
    assert np.all([len(subject.data) for subject in valid.values()])
