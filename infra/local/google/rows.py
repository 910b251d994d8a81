"""Every refusal of the Gmail API that is known, by name, for the fault injector to order (facts A11)."""

from collections.abc import Callable

from infra.local.google.errors import (
    ERROR_INFO,
    GoogleError,
    backend_error,
    failed_precondition,
    forbidden,
    invalid_credentials,
    login_required,
    not_found,
    quota_spent,
    too_many_concurrent,
)
from infra.local.google.meter import quota_old

SERVICE = {"service": "gmail.googleapis.com"}


def _limit(message: str, reason: str, status: int = 403) -> GoogleError:
    return GoogleError(status, message, reason, domain="usageLimits")


def _no_scope() -> GoogleError:
    info = {
        "@type": ERROR_INFO, "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "domain": "googleapis.com",
        "metadata": SERVICE,
    }  # fmt: skip
    return GoogleError(
        403,
        "Request had insufficient authentication scopes.",
        "insufficientPermissions",
        first_message="Insufficient Permission",
        details=(info,),
    )


def _switched_off() -> GoogleError:
    info = {
        "@type": ERROR_INFO, "reason": "SERVICE_DISABLED", "domain": "googleapis.com", "metadata": SERVICE,
    }  # fmt: skip
    return GoogleError(
        403,
        "Gmail API has not been used in project 1 before or it is disabled.",
        "accessNotConfigured",
        domain="usageLimits",
        details=(info,),
    )


ROWS: dict[str, Callable[[], GoogleError]] = {
    "badRequest": lambda: GoogleError(400, "Bad Request", "badRequest"),
    "invalidArgument": lambda: GoogleError(400, "Invalid id value", "invalidArgument"),
    "mailServiceNotEnabled": lambda: failed_precondition("Mail service not enabled"),
    "preconditionCheckFailed": lambda: failed_precondition("Precondition check failed."),
    "authError": invalid_credentials,
    "required": lambda: login_required("GetMessage"),
    "insufficientPermissions": _no_scope,
    "metadataFormat": lambda: forbidden("Metadata scope doesn't allow format FULL"),
    "metadataQuery": lambda: forbidden("Metadata scope does not support 'q' parameter"),
    "delegationDenied": lambda: forbidden("Delegation denied for user@d.com"),
    "quotaOfMinute": quota_spent,
    "quotaOldProject": quota_old,
    "rateLimitExceeded": lambda: _limit("Rate Limit Exceeded", "rateLimitExceeded"),
    "userRateLimitExceeded": lambda: _limit("User Rate Limit Exceeded", "userRateLimitExceeded"),
    "dailyLimitExceeded": lambda: _limit("Daily Limit Exceeded", "dailyLimitExceeded"),
    "domainPolicy": lambda: GoogleError(
        403, "The domain administrators have disabled Gmail apps.", "domainPolicy"
    ),
    "accessNotConfigured": _switched_off,
    "notFound": not_found,
    "concurrent": too_many_concurrent,
    "bandwidth": lambda: _limit("Bandwidth limit exceeded", "rateLimitExceeded", 429),
    "backendError": backend_error,
    "unavailable": lambda: GoogleError(503, "The service is currently unavailable.", "backendError"),
}
