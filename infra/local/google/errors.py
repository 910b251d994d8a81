"""Google's refusals in Google's words.  Which one applies is decided elsewhere."""

from dataclasses import dataclass, field
from typing import Any

NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
HELP = "See https://developers.google.com/identity/sign-in/web/devconsole-project."
AT_HEADER = {"location": "Authorization", "locationType": "header"}
ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the error envelope says."""

    status: int
    message: str
    reason: str
    name: str = ""  # "INVALID_ARGUMENT"; by default what usually goes with the status
    domain: str = "global"
    first_message: str = ""  # of errors[0], where it differs
    extra: dict[str, str] = field(default_factory=dict)  # further fields of errors[0]
    details: tuple[dict[str, Any], ...] = ()

    def envelope(self) -> dict[str, Any]:
        """Return the JSON body."""
        first = {"message": self.first_message or self.message, "domain": self.domain, "reason": self.reason}
        error: dict[str, Any] = {"code": self.status, "message": self.message, "errors": [first | self.extra]}
        error["status"] = self.name or NAMES.get(self.status, "UNKNOWN")
        return {"error": error | ({"details": list(self.details)} if self.details else {})}


class GoogleError(Exception):
    """Ends a call with a Refusal."""

    def __init__(self, status: int, message: str, reason: str, **more: Any) -> None:
        """Take the same arguments as Refusal."""
        super().__init__(message)
        self.refusal = Refusal(status, message, reason, **more)


class NoSuchPath(Exception):
    """Nothing is served here: Google answers with an HTML page, not with JSON."""


def invalid_argument(message: str) -> GoogleError:
    """Refuse a value that is well-formed but wrong."""
    return GoogleError(400, message, "invalidArgument")


def not_found() -> GoogleError:
    """Refuse a missing entity: for history it means expired, for a message gone; the body is the same."""
    return GoogleError(404, "Requested entity was not found.", "notFound")


def not_found_with(message: str) -> GoogleError:
    """Refuse something missing outside of Gmail, such as a topic."""
    return GoogleError(404, message, "notFound")


def failed_precondition(message: str) -> GoogleError:
    """Refuse a call that the mailbox's state rules out."""
    return GoogleError(400, message, "failedPrecondition", name="FAILED_PRECONDITION")


def forbidden(message: str) -> GoogleError:
    """Refuse what this caller may not do."""
    return GoogleError(403, message, "forbidden")


def bad_value(field_name: str, kind: str, value: str) -> GoogleError:
    """Refuse a parameter of the wrong type; Google names fields in snake_case."""
    message = f"Invalid value at '{field_name}' ({kind}), \"{value}\""
    return _invalid(message, {"field": field_name, "description": message})


def unknown_parameter(name: str) -> GoogleError:
    """Refuse a query parameter that does not exist."""
    message = (
        f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
        f"Field '{name}' could not be found in request message."
    )
    return _invalid(message, {"description": message})


def unknown_field(name: str) -> GoogleError:
    """Refuse a field of a JSON body that does not exist."""
    message = f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'
    return _invalid(message, {"description": message})


def _invalid(message: str, violation: dict[str, str]) -> GoogleError:
    details = {"@type": BAD_REQUEST, "fieldViolations": [violation]}
    return GoogleError(400, message, "invalid", details=(details,))


def backend_error(status: int = 500) -> GoogleError:
    """Fail on Google's side."""
    return GoogleError(status, "Backend Error", "backendError")


def too_many_concurrent() -> GoogleError:
    """Refuse one call too many at the same time for one user."""
    message = "Too many concurrent requests for user"
    return GoogleError(429, message, "rateLimitExceeded", domain="usageLimits")


def of_status(status: int) -> GoogleError:
    """Return the refusal that usually comes with a status: 403 is a spent quota, more often than 429."""
    match status:
        case 401:
            return invalid_credentials()
        case 403:
            return quota_spent()
        case 404:
            return not_found()
        case 429:
            return too_many_concurrent()
        case _:
            return backend_error(status)


def quota_spent() -> GoogleError:
    """Refuse a call beyond the units of a user's minute, in the words of 2026."""
    return GoogleError(
        403,
        "Quota exceeded for quota metric 'Total Query Cost' and limit 'Units per minute per user' of service "
        "'gmail.googleapis.com' for consumer 'project_number:1'.",
        "rateLimitExceeded",
        domain="usageLimits",
        details=(
            {
                "@type": ERROR_INFO,
                "reason": "RATE_LIMIT_EXCEEDED",
                "domain": "googleapis.com",
                "metadata": {
                    "service": "gmail.googleapis.com",
                    "quota_limit": "totalQueryCostPerMinutePerUser",
                    "quota_limit_value": "6000",
                    "quota_unit": "1/min/{project}/{user}",
                },
            },
        ),
    )


def invalid_credentials() -> GoogleError:
    """Refuse a bearer token nobody issued, or one that has ended."""
    return GoogleError(
        401,
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or "
        f"other valid authentication credential. {HELP}",
        "authError",
        first_message="Invalid Credentials",
        extra=AT_HEADER,
    )


def login_required(rpc: str) -> GoogleError:
    """Refuse a call without any bearer token; *rpc* is the method's name inside Google ("GetMessage")."""
    metadata = {"service": "gmail.googleapis.com", "method": f"caribou.api.proto.MailboxService.{rpc}"}
    info = {
        "@type": ERROR_INFO,
        "reason": "CREDENTIALS_MISSING",
        "domain": "googleapis.com",
        "metadata": metadata,
    }
    return GoogleError(
        401,
        "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie "
        f"or other valid authentication credential. {HELP}",
        "required",
        first_message="Login Required.",
        extra=AT_HEADER,
        details=(info,),
    )
