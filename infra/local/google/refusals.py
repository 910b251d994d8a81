"""The token endpoint's refusals in Google's words.

Flat bodies, `{"error", "error_description"}`, never Gmail's envelope.  Google documents the codes, and its
clients and field reports the sentences; where only the code is known the sentence is ours.
"""

from infra.local.google.wire import Reply, ok

GONE = "Token has been expired or revoked."
RAPT_HELP = "https://support.google.com/a/answer/9368756"


class Refused(Exception):
    """Ends a token request with OAuth's flat error."""

    def __init__(self, status: int, error: str, description: str, subtype: str = "") -> None:
        super().__init__(description)
        self.error = error
        body = {"error": error, "error_description": description}
        if subtype:
            body |= {"error_uri": RAPT_HELP, "error_subtype": subtype}
        self.reply: Reply = ok(body, status=status)


def invalid_grant(description: str = "Bad Request") -> Refused:
    """Refuse what was presented: a used code says no more than Bad Request."""
    return Refused(400, "invalid_grant", description)


def grant_gone() -> Refused:
    """Refuse a refresh token that was revoked, is too old, too little used, or one of too many."""
    return invalid_grant(GONE)


def account_deleted() -> Refused:
    """Refuse a refresh token whose user is gone."""
    return invalid_grant("Account has been deleted")


def invalid_rapt() -> Refused:
    """Refuse under a Workspace policy on the length of sessions."""
    return Refused(400, "invalid_grant", "reauth related error (invalid_rapt)", "invalid_rapt")


def no_such_user() -> Refused:
    """Refuse an assertion for somebody Google does not know: never there, renamed or deleted."""
    return invalid_grant("Invalid email or User ID")


def no_client() -> Refused:
    """Refuse an OAuth client nobody registered."""
    return Refused(401, "invalid_client", "The OAuth client was not found.")


def wrong_secret() -> Refused:
    """Refuse a client secret that is wrong, or was rotated."""
    return Refused(401, "invalid_client", "The provided client secret is invalid.")


def others_token() -> Refused:
    """Refuse a code or refresh token that was given to another client."""
    return Refused(401, "unauthorized_client", "Unauthorized")


def no_delegation() -> Refused:
    """Refuse without domain-wide delegation, with a scope not listed, or an e-mail listed as client id."""
    return Refused(
        401,
        "unauthorized_client",
        "Client is unauthorized to retrieve access tokens using this method, or client not authorized for "
        "any of the scopes requested.",
    )


def other_domain() -> Refused:
    """Refuse a service account that is delegated to, but not in this user's domain."""
    return Refused(401, "unauthorized_client", "Unauthorized client or scope in request.")


def invalid_scope(description: str = "Invalid OAuth scope or ID token audience provided.") -> Refused:
    """Refuse no scope, one Google does not know, or one beyond what was granted."""
    return Refused(400, "invalid_scope", description)


def admin_policy() -> Refused:
    """Refuse an app or scope that the Workspace administrator restricts."""
    return Refused(400, "admin_policy_enforced", "Access to your account data is restricted by policies.")


def out_of_organisation() -> Refused:
    """Refuse a user from outside to an app that is for its own organisation."""
    return Refused(400, "org_internal", "This client is restricted to users within its organization.")


def client_off(status: str) -> Refused:
    """Refuse a client or service account that is "disabled" or "deleted"."""
    return Refused(400, f"{status}_client", f"The OAuth client was {status}.")
