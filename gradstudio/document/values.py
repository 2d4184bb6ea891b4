"""Start values: what may be stored, and how arrays and recipes are written as a plain tree and read back, sizes first.

Every bit of a number comes back, but for the payload of a NaN: up to 64 elements it is written as "nan".
"""

from __future__ import annotations

import base64
import binascii
import math
from typing import Any

import numpy as np

from gradstudio.document.graph import Array, Recipe
from gradstudio.document.limits import MAX_DRAWN, MAX_ELEMENTS, MAX_FAN_IN, MAX_RANK
from gradstudio.document.rules import DTYPES, RECIPES, literal_fault
from gradstudio.document.strict import Place, shown
from gradstudio.engine.dtypes import name_of

INLINE = 64  # elements; above, base64


def value_fault(value: Array | Recipe) -> str | None:
    """Return why a start value cannot be stored, in words; None if it can."""
    if isinstance(value, Recipe):
        return shape_fault(value.shape, MAX_DRAWN) or dtype_fault(value.dtype) or recipe_fault(value.fn, value.args)
    return shape_fault(value.shape, MAX_ELEMENTS) or dtype_fault(name_of(value.dtype))


def recipe_fault(fn: str, args: tuple[object, ...]) -> str | None:
    """Return why a recipe is refused."""
    if fn not in RECIPES:
        return f"there is no recipe {fn[:40]}"
    if len(args) > RECIPES[fn]:
        return f"{fn} takes at most {RECIPES[fn]} numbers"
    return literal_fault(args)


def frozen(array: Array) -> Array:
    """Return an array that nobody can write to: itself, or a copy."""
    if not array.flags.writeable:
        return array
    own = array.copy()
    own.setflags(write=False)
    return own


def shape_fault(shape: tuple[int, ...], limit: int) -> str | None:
    """Return why a shape is refused. Counts in Python integers, before anything is allocated."""
    if len(shape) > MAX_RANK:
        return f"a tensor has at most {MAX_RANK} dimensions here, not {len(shape)}"
    if any(n < 0 for n in shape):
        return "a size is at least 0"
    if math.prod(max(n, 1) for n in shape) > limit:
        return f"a tensor of {math.prod(shape):,} elements is above the limit of {limit:,}"
    return None


def dtype_fault(dtype: str) -> str | None:
    """Return why a dtype is refused."""
    return None if dtype in DTYPES else f"there is no dtype {dtype[:40]}"


def value_tree(value: Array | Recipe) -> dict[str, object]:
    """Return a start value as a plain tree."""
    if isinstance(value, Recipe):
        tree: dict[str, object] = {"recipe": value.fn, "shape": list(value.shape), "dtype": value.dtype}
        return {**tree, "args": [literal_tree(arg) for arg in value.args]} if value.args else tree
    head: dict[str, object] = {"dtype": name_of(value.dtype), "shape": list(value.shape)}
    if value.size > INLINE or value.dtype.kind == "c":
        little = np.ascontiguousarray(value, value.dtype.newbyteorder("<"))
        return {**head, "base64": base64.b64encode(little.tobytes()).decode("ascii")}
    return {**head, "data": [number_tree(item) for item in value.ravel()]}


def number_tree(item: np.generic) -> object:
    """Return an element: the shortest decimal that is exact in its dtype; non-finite as text."""
    if not isinstance(item, np.floating):
        return item.item()
    if not np.isfinite(item):
        return "nan" if np.isnan(item) else "inf" if item > 0 else "-inf"
    short = float(str(item))
    return short if type(item)(short) == item else float(item)


def literal_tree(value: object) -> object:
    """Return a Python value of a literal, attr or option as a plain tree."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    if isinstance(value, slice):
        return {"slice": [value.start, value.stop, value.step]}
    if value is Ellipsis:
        return {"ellipsis": True}
    if isinstance(value, tuple):
        return [literal_tree(item) for item in value]
    return value


def read_value(place: Place) -> Array | Recipe:
    """Return the start value that a tree describes. Raises CodecError."""
    if isinstance(place.value, dict) and "recipe" in place.value:
        return _read_recipe(place)
    members = place.mapping(("dtype", "shape"), ("data", "base64"))
    if ("data" in members) == ("base64" in members):
        place.refuse("a value has either data or base64")
    shape, dtype = _read_head(members, MAX_ELEMENTS)
    if dtype.kind == "c" and "data" in members:
        members["data"].refuse("complex numbers are stored as base64")
    count = math.prod(shape)
    flat = _read_base64(members["base64"], count, dtype) if "base64" in members else _read_data(members["data"], count, dtype)
    value = flat.reshape(shape)
    value.setflags(write=False)
    return value


def _read_recipe(place: Place) -> Recipe:
    members = place.mapping(("recipe", "shape", "dtype"), ("args",))
    shape, dtype = _read_head(members, MAX_DRAWN)
    args = members["args"].each(read_literal, 16) if "args" in members else ()
    fn = members["recipe"].text()
    fault = recipe_fault(fn, args)
    if fault:
        place.refuse(fault)
    return Recipe(fn, shape, name_of(dtype), args)


def _read_head(members: Place, limit: int) -> tuple[tuple[int, ...], np.dtype[Any]]:
    shape = members["shape"].each(lambda item: item.integer(0), MAX_RANK)
    fault = shape_fault(shape, limit)
    if fault:
        members["shape"].refuse(fault)
    dtype = members["dtype"].text()
    fault = dtype_fault(dtype)
    if fault:
        members["dtype"].refuse(fault)
    return shape, np.dtype(dtype)


def _read_base64(place: Place, count: int, dtype: np.dtype[Any]) -> Array:
    text = place.value
    size = count * dtype.itemsize
    if not isinstance(text, str) or len(text) != (size + 2) // 3 * 4:
        place.refuse(f"{size:,} bytes in base64 are expected here")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        place.refuse("this is no base64")
    if len(data) != size:
        place.refuse(f"{size:,} bytes are expected here, {len(data):,} found")
    if dtype.kind == "b" and not set(data) <= {0, 1}:
        place.refuse("a bool is the byte 0 or 1")
    return np.frombuffer(data, dtype.newbyteorder("<")).astype(dtype)


def _read_data(place: Place, count: int, dtype: np.dtype[Any]) -> Array:
    items = place.value
    if not isinstance(items, list) or len(items) != count:
        found = f"{len(items):,} found" if isinstance(items, list) else f"not {shown(items)}"
        place.refuse(f"{count:,} numbers expected, {found}")
    read = {"f": _read_float, "b": _read_boolean}.get(dtype.kind, _read_integer)
    plain = _plain_data(items, dtype) if count > INLINE else None
    if plain is not None:
        return plain
    return np.array([read(item, dtype) for item in place.items(MAX_ELEMENTS)], dtype)


def _plain_data(items: list[Any], dtype: np.dtype[Any]) -> Array | None:
    """Return a long list of numbers that are all of one kind and in range, at once; None where each has to be looked at."""
    types = set(map(type, items))
    if dtype.kind == "f" and types <= {int, float}:
        with np.errstate(over="ignore"):
            try:
                found = np.array(items, np.float64).astype(dtype)
            except OverflowError:
                return None
        return found if np.isfinite(found).all() else None
    if dtype.kind in "iu" and types == {int}:
        limits = np.iinfo(dtype)
        return np.array(items, dtype) if limits.min <= min(items) and max(items) <= limits.max else None
    return np.array(items, dtype) if dtype.kind == "b" and types == {bool} else None


def _read_float(place: Place, dtype: np.dtype[Any]) -> object:
    value = place.value
    if isinstance(value, str) and value in ("nan", "inf", "-inf"):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        place.refuse(f"a number stands here, not {shown(value)}")
    if abs(value) > float(np.finfo(dtype).max):
        # A decimal a little above the largest number still rounds to it; what rounds to infinity does not fit.
        with np.errstate(over="ignore"):
            if isinstance(value, int) or not np.isfinite(dtype.type(value)):
                place.refuse(f"the number does not fit into {name_of(dtype)}")
    return value


def _read_boolean(place: Place, dtype: np.dtype[Any]) -> object:
    return place.boolean()


def _read_integer(place: Place, dtype: np.dtype[Any]) -> object:
    limits = np.iinfo(dtype)
    return place.integer(int(limits.min), int(limits.max))


def read_literal(place: Place) -> object:
    """Return the Python value that a tree describes. Raises CodecError."""
    value = place.value
    if isinstance(value, list):
        return place.each(_read_scalar, MAX_FAN_IN)
    return _read_scalar(place)


def _read_scalar(place: Place) -> object:
    value = place.value
    if isinstance(value, dict):
        return _read_tagged(place)
    if isinstance(value, list):
        place.refuse("no lists within lists")
    fault = literal_fault(value)
    if fault:
        place.refuse(fault)
    if isinstance(value, float) and not math.isfinite(value):
        place.refuse("a number that is not finite is written as a text")
    return value


def _read_tagged(place: Place) -> object:
    tag = next(iter(place.value), None)
    if len(place.value) == 1 and tag == "float" and place.value[tag] in ("nan", "inf", "-inf"):
        return float(place.value[tag])
    if len(place.value) == 1 and tag == "ellipsis" and place.value[tag] is True:
        return Ellipsis
    if len(place.value) == 1 and tag == "slice":
        parts = place.members()["slice"].each(lambda item: None if item.value is None else item.integer(), 3)
        if len(parts) == 3:
            return slice(*parts)
    place.refuse('a value is a number, a text, null, {"float": …}, {"slice": [a, b, c]} or {"ellipsis": true}')


def resized(array: Array, shape: tuple[int, ...]) -> Array:
    """Return an array of another shape: reshaped where the number of elements is the same, else the overlap kept and zeros elsewhere."""
    if math.prod(shape) == array.size:
        return array.reshape(shape).copy()
    new = np.zeros(shape, array.dtype)
    if len(shape) == array.ndim:
        overlap = tuple(slice(0, min(a, b)) for a, b in zip(shape, array.shape, strict=True))
        new[overlap] = array[overlap]
    else:
        count = min(new.size, array.size)
        new.reshape(-1)[:count] = array.ravel()[:count]
    return new
