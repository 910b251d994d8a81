"""Read a request's JSON, with words for whoever sent something else."""

from typing import Any

from flask import request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from shared.errors import Refused

LONGEST_NAME = 40  # characters of an unknown field's name that are repeated


def fields(**wanted: bool) -> dict[str, str]:
    """Return the body's text fields; *wanted* names them and says which are required.

    Raises 415 for another content type, 400 for what is no JSON object, Refused naming the field.
    """
    body = _json_object()
    unknown = sorted(set(body) - set(wanted))
    if unknown:
        raise Refused(f"unknown field {unknown[0][:LONGEST_NAME]!r}: this takes {', '.join(wanted)}")
    for name, required in wanted.items():
        value = body.get(name, "")
        # isprintable: a lone surrogate or a NUL, which JSON can spell, fits no column.
        if not isinstance(value, str) or not value.isprintable():
            raise Refused(f"the field {name!r} must be one line of text")
        if required and not value.strip():
            raise Refused(f"the field {name!r} is missing")
    return {name: str(value) for name, value in body.items()}


def _json_object() -> dict[str, Any]:
    if request.mimetype != "application/json" or request.headers.get("Content-Encoding"):
        raise UnsupportedMediaType
    try:
        body: Any = request.get_json(cache=False)
    except RecursionError:
        raise BadRequest from None
    if not isinstance(body, dict):
        raise BadRequest
    return body
