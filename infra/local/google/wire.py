"""Google's JSON on the wire: 64-bit numbers as strings, empty fields left out, errors in their envelope."""

import json
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json; charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class GoogleError(Exception):
    """A refusal in Google's words."""

    status: int
    message: str
    reason: str
    name: str = ""  # "INVALID_ARGUMENT"
    domain: str = "global"
    first_message: str = ""  # of errors[0], where it differs
    extra: dict[str, str] = field(default_factory=dict)  # further fields of errors[0]
    details: list[dict[str, Any]] = field(default_factory=list)

    def reply(self) -> Reply:
        """Return the error as Google's envelope."""
        first = {"message": self.first_message or self.message, "domain": self.domain, "reason": self.reason}
        error: dict[str, Any] = {"code": self.status, "message": self.message, "errors": [first | self.extra]}
        error |= {"status": self.name or NAMES.get(self.status, "UNKNOWN")}
        error |= {"details": self.details} if self.details else {}
        return ok({"error": error}, status=self.status)


NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


def ok(value: dict[str, Any], *, status: int = 200) -> Reply:
    """Answer JSON, pretty-printed as Google does by default; empty lists are left out."""
    shown = {name: content for name, content in value.items() if content != []}
    return Reply(
        status, json.dumps(shown, indent=2, ensure_ascii=False).encode() + b"\n", {"Content-Type": JSON}
    )


def no_content() -> Reply:
    """Answer 204 without a body, as for stop."""
    return Reply(204)


def not_found() -> GoogleError:
    """A missing entity: for history it means expired, for a message gone; the body is the same."""
    return GoogleError(404, "Requested entity was not found.", "notFound")


def bad_value(field_name: str, kind: str, value: str) -> GoogleError:
    """A parameter of the wrong type; Google names fields in snake_case."""
    return GoogleError(400, f"Invalid value at '{field_name}' ({kind}), \"{value}\"", "badRequest")


def unknown_parameter(name: str) -> GoogleError:
    """A query parameter that does not exist."""
    message = f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
    return GoogleError(400, message + f"Field '{name}' could not be found in request message.", "badRequest")


def invalid_credentials() -> GoogleError:
    """A bearer token nobody issued, or one that has ended."""
    return GoogleError(
        401,
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or "
        "other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
        "authError",
        first_message="Invalid Credentials",
        extra={"location": "Authorization", "locationType": "header"},
    )


def login_required() -> GoogleError:
    """No bearer token at all."""
    return GoogleError(
        401,
        "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie "
        "or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
        "required",
        first_message="Login Required.",
        extra={"location": "Authorization", "locationType": "header"},
        details=[
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "CREDENTIALS_MISSING",
                "domain": "googleapis.com",
                "metadata": {"service": "gmail.googleapis.com"},
            }
        ],
    )
