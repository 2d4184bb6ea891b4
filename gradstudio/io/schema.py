"""JSON Schema of the `.grad` file, made from the kinds of call and the limits. The reader checks more: order, references, counts."""

from __future__ import annotations

from typing import Any

from gradstudio.document.calls import KINDS, Call
from gradstudio.document.frames import KINDS as FRAME_KINDS
from gradstudio.document.limits import MAX_NAME, MAX_POSITION, MAX_TIMES
from gradstudio.document.rules import DTYPES, RECIPES
from gradstudio.document.strict import declared
from gradstudio.io.migrations import FORMAT

Json = dict[str, Any]

INTEGER: Json = {"type": "integer"}
BOOLEAN: Json = {"type": "boolean"}
TEXT: Json = {"type": "string"}
COUNT: Json = {"type": "integer", "minimum": 0}
COORDINATE: Json = {"type": "integer", "minimum": -MAX_POSITION, "maximum": MAX_POSITION}
POINT: Json = {"type": "array", "items": COORDINATE, "minItems": 2, "maxItems": 2}


def link(name: str) -> Json:
    """Return a reference to a definition."""
    return {"$ref": f"#/$defs/{name}"}


def listed(items: Json) -> Json:
    """Return a list of items."""
    return {"type": "array", "items": items}


def either(*kinds: Json) -> Json:
    """Return a choice."""
    return {"anyOf": list(kinds)}


def closed(required: Json, optional: Json | None = None) -> Json:
    """Return an object with these keys and no others."""
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required), "additionalProperties": False}


def ids(letter: str) -> Json:
    """Return the ids of a letter."""
    return {"type": "string", "pattern": f"^{letter}[1-9][0-9]{{0,17}}$"}


def table(letter: str, items: Json) -> Json:
    """Return an object whose keys are ids of a letter."""
    return {"type": "object", "propertyNames": ids(letter), "additionalProperties": items}


NULL: Json = {"type": "null"}
NAMES = listed(either(link("name"), NULL))
FIELDS: dict[str, Json] = {
    "bool": BOOLEAN,
    "bool | None": either(BOOLEAN, NULL),
    "int": INTEGER,
    "str": TEXT,
    "str | None": either(TEXT, NULL),
    "BlockId": link("name"),
    "Ref | None": either(link("ref"), NULL),
    "Seed": link("seed"),
    "tuple[Ref, ...]": listed(link("ref")),
    "tuple[Seed, ...]": listed(link("seed")),
    "tuple[str | None, ...]": NAMES,
}


def schema() -> Json:
    """Return the schema of a document."""
    document = closed({
        "format": {"const": FORMAT},
        "seed": INTEGER,
        "graph": link("graph"),
        "groups": table("g", link("group")),
        "script": listed(closed({"title": TEXT, "body": listed(link("statement"))})),
        "optimizers": table("o", link("optimizer")),
        "layout": link("layout"),
    })  # fmt: skip
    about = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "GradStudio document"}
    return {**about, **document, "$defs": {**values(), **graphs(), **script(), "layout": layout()}}


def values() -> Json:
    """Return names, literals, operands and start values."""
    head = {"dtype": {"enum": list(DTYPES)}, "shape": listed(COUNT)}
    number = either({"type": "number"}, BOOLEAN, {"enum": ["nan", "inf", "-inf"]})
    marks = ({"float": {"enum": ["nan", "inf", "-inf"]}}, {"slice": listed(either(INTEGER, NULL))}, {"ellipsis": {"const": True}})
    return {
        "name": {"type": "string", "minLength": 1, "maxLength": MAX_NAME},
        "literal": either(NULL, BOOLEAN, {"type": "number"}, TEXT, *map(closed, marks), listed(link("literal"))),
        "ref": closed({"ref": {"type": "string", "pattern": "^[nc][1-9][0-9]{0,17}$"}}, {"out": COUNT, "grad": BOOLEAN}),
        "operand": either(NULL, link("ref"), closed({"lit": link("literal")}), listed(link("operand"))),
        "array": either(closed({**head, "data": listed(number)}), closed({**head, "base64": {**TEXT, "contentEncoding": "base64"}})),
        "recipe": closed({"recipe": {"enum": list(RECIPES)}, **head}, {"args": listed(link("literal"))}),
        "seed": either(NULL, link("ref"), closed({"lit": link("literal")}), link("array")),
    }


def graphs() -> Json:
    """Return nodes, frames, graphs, groups, optimizers."""
    literals = {"type": "object", "propertyNames": link("name"), "additionalProperties": link("literal")}
    node = {
        "inputs": listed(link("operand")),
        "attrs": literals,
        "names": NAMES,
        "frame": ids("f"),
        "value": either(link("array"), link("recipe")),
        "requires_grad": BOOLEAN,
        "fresh": BOOLEAN,
        "retain_grad": listed(COUNT),
        "group": ids("g"),
    }
    blocks = {"type": "object", "propertyNames": link("name"), "additionalProperties": listed(ids("n"))}
    group = {"name": link("name"), "graph": link("graph"), "inputs": listed(ids("n")), "outputs": listed(link("ref"))}
    return {
        "node": closed({"op": link("name")}, node),
        "frame": closed({"kind": {"enum": list(FRAME_KINDS)}}, {"parent": ids("f")}),
        "graph": closed({"nodes": table("n", link("node")), "blocks": blocks, "frames": table("f", link("frame"))}),
        "group": closed(group, {"backward": ids("g")}),
        "optimizer": closed({"kind": link("name")}, {"params": listed(link("ref")), "options": literals}),
    }


def script() -> Json:
    """Return the statements of a script: a repeat, or a call of each kind."""
    repeat = {"id": ids("c"), "kind": {"const": "repeat"}, "times": {**COUNT, "maximum": MAX_TIMES}, "body": listed(link("statement"))}
    return {"statement": either(closed(repeat), *(call(kind) for kind in KINDS.values()))}


def call(kind: type[Call]) -> Json:
    """Return a kind of call."""
    own = {field.name: (FIELDS[field.type], field.required) for field in declared(kind) if field.name != "id"}
    required = {name: told for name, (told, must) in own.items() if must}
    optional = {name: told for name, (told, must) in own.items() if not must}
    return closed({"id": ids("c"), "kind": {"const": kind.kind}, **required}, optional)


def layout() -> Json:
    """Return where things stand."""
    comment = closed({"rect": {"type": "array", "items": COORDINATE, "minItems": 4, "maxItems": 4}}, {"title": TEXT, "text": TEXT})
    return closed({}, {
        "positions": table("n", POINT),
        "collapsed": listed(ids("n")),
        "comments": listed(comment),
        "reroutes": listed(closed({"target": ids("n"), "path": listed(COUNT), "points": listed(POINT)})),
        "bookmarks": listed(closed({"name": TEXT, "x": INTEGER, "y": INTEGER, "zoom": {"type": "number"}})),
    })  # fmt: skip
