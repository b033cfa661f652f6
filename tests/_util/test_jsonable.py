"""Values as JSON can hold them."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from psfbridge._util.jsonable import json_text, plain
from psfbridge.options import DistillOptions

LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text())


@given(st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_whatever_is_nested_becomes_strict_json(value):
    # Strict: json_text itself refuses NaN and infinity.
    assert json.loads(json_text(value)) == plain(value)


def test_numpy_and_records_become_plain():
    value = {"a": np.float32(0.5), "b": np.arange(3), "c": np.nan, 4: DistillOptions().method}
    assert plain(value) == {"a": 0.5, "b": [0, 1, 2], "c": None, "4": "auto"}
    assert plain(DistillOptions())["iterations"] == 200
    assert plain(np.bool_(True)) is True
