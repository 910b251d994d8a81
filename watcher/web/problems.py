"""Every error as application/problem+json (RFC 9457), in words for whoever called; a page for a person."""

from http import HTTPStatus

from flask import Flask, Response, json, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from shared.errors import (
    KeysUnavailable,
    MailroomError,
    NoMailbox,
    NotAuthentic,
    NotStorable,
    OperatorMustAct,
    Refused,
    TryLater,
)
from shared.log import logger
from watcher.web.deps import deps

log = logger("web")
TYPE = "application/problem+json"


def problem(status: int, detail: str, **headers: str) -> Response:
    """Return a problem: *detail* says what happened and what to do next."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    if _for_a_person():
        answer = Response(render_template("problem.html", **body), status=status)
    else:
        answer = Response(json.dumps(body), status=status, content_type=TYPE)
    for name, value in headers.items():
        answer.headers[name.replace("_", "-")] = value
    return answer


def _for_a_person() -> bool:
    """Tell whether a browser asks for a page rather than a program for an answer."""
    if "console" not in deps().serve or request.path.startswith(("/api/", "/push/")):
        return False
    return request.accept_mimetypes.best_match((TYPE, "text/html")) == "text/html"


def install(app: Flask) -> None:
    """Answer every error of *app* as a problem; nothing of our inside shows."""

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> AnyResponse:
        status = error.code or 500
        if status < HTTPStatus.BAD_REQUEST:  # a redirect is no error
            return Response.force_type(error.get_response(), request.environ)
        answer = problem(status, SAID.get(status, "The request was refused."))
        if allowed := dict(error.get_headers(request.environ)).get("Allow"):
            answer.headers["Allow"] = allowed
        return answer

    @app.errorhandler(MailroomError)
    def ours(error: MailroomError) -> Response:
        return from_error(error)

    @app.errorhandler(Exception)
    def surprise(error: Exception) -> Response:
        rule = request.url_rule.rule if request.url_rule else ""  # the path itself may hold an address
        log.error("web.surprise", kind=type(error).__name__, rule=rule, exc_info=error)
        return problem(500, "Something failed that should not; the log of mailroom web has the details.")


def from_error(error: MailroomError) -> Response:
    """Turn one of our errors into what the caller should be told."""
    match error:
        case NotAuthentic():
            return problem(401, str(error), WWW_Authenticate="Bearer")
        case KeysUnavailable():
            return problem(503, str(error), Retry_After="5")
        case TryLater():
            return problem(503, str(error), Retry_After=str(max(1, round(error.after.total_seconds()))))
        case Refused() | NotStorable() | NoMailbox():
            return problem(422, str(error))
        case OperatorMustAct():
            return problem(502, str(error))
        case _:
            return problem(502, f"Google refused: {error}")


SAID = {
    400: "The request could not be read: send JSON as the documentation shows.",
    404: "There is nothing at this address.",
    405: "This address exists, but not for this method.",
    413: "The body is too large.",
    415: "Send application/json, without Content-Encoding.",
}
