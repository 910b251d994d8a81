"""Every error of the API as application/problem+json (RFC 9457), in words for whoever called."""

from http import HTTPStatus

from flask import Flask, Response, json, request
from werkzeug.exceptions import HTTPException

from shared.errors import KeysUnavailable, MailroomError, NotAuthentic, OperatorMustAct, Refused, TryLater
from shared.log import logger

log = logger("web")


def problem(status: int, detail: str, **headers: str) -> Response:
    """Return a problem: *detail* says what happened and what to do next."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    answer = Response(json.dumps(body), status=status, content_type="application/problem+json")
    for name, value in headers.items():
        answer.headers[name.replace("_", "-")] = value
    return answer


def install(app: Flask) -> None:
    """Answer every error of *app* as a problem; nothing of our inside shows."""

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        status = error.code or 500
        if status < HTTPStatus.BAD_REQUEST:  # a redirect is no error
            return Response(status=status, headers=error.get_headers(request.environ))
        return problem(status, SAID.get(status, "The request was refused."))

    @app.errorhandler(MailroomError)
    def ours(error: MailroomError) -> Response:
        return from_error(error)

    @app.errorhandler(Exception)
    def surprise(error: Exception) -> Response:
        log.error("web.surprise", kind=type(error).__name__, path=request.path, exc_info=error)
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
        case Refused():
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
