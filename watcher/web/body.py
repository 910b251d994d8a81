"""Read a request's JSON, with words for whoever sent something else."""

from typing import Any

from flask import request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from shared.errors import Refused


def fields(**wanted: bool) -> dict[str, str]:
    """Return the body's text fields; *wanted* names them and says which are required.

    Raises 415 for another content type, 400 for what is no JSON object, Refused naming the field.
    """
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    try:
        body: Any = request.get_json(cache=False)
    except RecursionError:
        raise BadRequest from None
    if not isinstance(body, dict):
        raise BadRequest
    unknown = sorted(set(body) - set(wanted))
    if unknown:
        raise Refused(f"unknown field {unknown[0]!r}: this takes {', '.join(wanted)}")
    for name, required in wanted.items():
        if name in body and not isinstance(body[name], str):
            raise Refused(f"the field {name!r} must be text")
        if required and not body.get(name, "").strip():
            raise Refused(f"the field {name!r} is missing")
    return {name: str(value) for name, value in body.items()}
