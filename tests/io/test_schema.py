"""JSON Schema of the file: every document fits it, what the reader refuses for its form does not."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from gradstudio.document.codec import dumps
from gradstudio.io.schema import schema
from gradstudio.resources import resource
from tests.code.documents import random_document

SCHEMA = schema()
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None)}


def fits(value: Any, rule: dict[str, Any]) -> bool:
    """Say whether a value fits a rule: the part of JSON Schema that ours uses."""
    if "$ref" in rule:
        return fits(value, SCHEMA["$defs"][rule["$ref"].rpartition("/")[2]])
    if "anyOf" in rule:
        return any(fits(value, each) for each in rule["anyOf"])
    if "const" in rule or "enum" in rule:
        return any(value == each and type(value) is type(each) for each in rule.get("enum", [rule.get("const")]))
    kind = rule["type"]
    if not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind in ("integer", "number")):
        return False
    if kind == "object":
        return _object_fits(value, rule)
    if kind == "array":
        return rule.get("minItems", 0) <= len(value) <= rule.get("maxItems", 10**9) and all(fits(item, rule["items"]) for item in value)
    if kind == "string":
        return re.search(rule.get("pattern", ""), value) is not None and rule.get("minLength", 0) <= len(value) <= rule.get(
            "maxLength", 10**9
        )
    return value is None or isinstance(value, bool) or rule.get("minimum", -(10**30)) <= value <= rule.get("maximum", 10**30)


def _object_fits(value: dict[str, Any], rule: dict[str, Any]) -> bool:
    own, others = rule.get("properties", {}), rule["additionalProperties"]
    if any(key not in value for key in rule.get("required", ())):
        return False
    return all(
        fits(item, own[key])
        if key in own
        else bool(others) and fits(key, rule.get("propertyNames", {"type": "string"})) and fits(item, others)
        for key, item in value.items()
    )


def example() -> Any:
    return json.loads(resource("examples", "accumulation.grad").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["tutorial", "accumulation", "mlp"])
def test_an_example_fits(name: str) -> None:
    assert fits(json.loads(resource("examples", f"{name}.grad").read_text(encoding="utf-8")), SCHEMA)


@pytest.mark.parametrize("seed", range(40))
def test_a_random_document_fits(seed: int) -> None:
    assert fits(json.loads(dumps(random_document(seed))), SCHEMA)


@pytest.mark.parametrize(
    "damage",
    [
        lambda tree: tree.pop("layout"),
        lambda tree: tree.update(extra=1),
        lambda tree: tree.update(format=2),
        lambda tree: tree["graph"]["nodes"].update(x1={"op": "leaf"}),
        lambda tree: tree["graph"]["nodes"]["n1"].update(requires_grad=1),
        lambda tree: tree["graph"]["nodes"]["n1"]["value"].update(dtype="float31"),
        lambda tree: tree["graph"]["frames"]["f1"].update(kind="grad"),
        lambda tree: tree["script"][0]["body"][0].update(kind="forwards"),
        lambda tree: tree["script"][0]["body"][0].pop("block"),
        lambda tree: tree["script"][0]["body"][1].update(block="main"),
        lambda tree: tree["layout"]["positions"].update(n1=[0, 1, 2]),
        lambda tree: tree["layout"]["positions"].update(n1=[0, 0.5]),
    ],
)
def test_a_document_of_another_form_does_not_fit(damage: Any) -> None:
    tree = example()
    damage(tree)
    assert not fits(tree, SCHEMA)


def test_the_schema_is_json() -> None:
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
