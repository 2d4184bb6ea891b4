"""Map: a frozen dict that keeps order, whatever is set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradstudio.document.map import Map

changes = st.lists(st.tuples(st.sampled_from(("set", "update", "without")), st.lists(st.integers(0, 60), max_size=40)), max_size=12)


@given(st.lists(st.integers(0, 60)), changes)
def test_it_is_a_dict_after_any_changes(start: list[int], steps: list[tuple[str, list[int]]]) -> None:
    mapping: Map[int, str] = Map((k, "start") for k in start)
    model = dict.fromkeys(start, "start")
    for n, (verb, keys) in enumerate(steps):
        before, copy = mapping, dict(mapping.items())
        if verb == "without":
            mapping = mapping.without(keys)
            model = {k: v for k, v in model.items() if k not in keys}
        elif verb == "set" and keys:
            mapping = mapping.set(keys[0], f"set {n}")
            model[keys[0]] = f"set {n}"
        else:
            mapping = mapping.update([(k, f"{n} {k}") for k in keys])
            model.update({k: f"{n} {k}" for k in keys})
        assert dict(before.items()) == copy, "the old version is as it was"
        assert list(mapping.items()) == list(model.items())
        assert list(mapping) == list(model)
        assert list(mapping.values()) == list(model.values())
        assert len(mapping) == len(model)
        assert mapping == model
        assert all(mapping[k] == v and k in mapping for k, v in model.items())


def test_equal_maps_have_equal_hashes() -> None:
    assert hash(Map({1: "a"}).set(2, "b")) == hash(Map({2: "b", 1: "a"}))


def test_setting_the_same_object_gives_the_same_map() -> None:
    mapping = Map({1: "a"})
    assert mapping.set(1, mapping[1]) is mapping
    assert mapping.without([5]) is mapping


def test_a_missing_key_raises() -> None:
    with pytest.raises(KeyError):
        Map({1: "a"}).set(2, "b")[3]
