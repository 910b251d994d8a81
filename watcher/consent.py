"""Connecting a mailbox by its owner's consent: what must hold before a grant is kept.

Whatever is refused here is noted in the audit log and not kept; it is revoked at Google too, unless that
would end a grant of the same person that is in use.
"""

from collections.abc import Callable
from dataclasses import dataclass

from shared.config import Settings
from shared.credentials import oauth
from shared.credentials.oauth import App, Granted, OneToken
from shared.credentials.sealing import Keyring, Sealer
from shared.errors import MailroomError, Reconnect, Refused
from shared.gmail.client import GmailFactory
from shared.gmail.quota import Budget
from shared.gmail.transport import Transport
from shared.log import logger
from shared.store import audit, oauth_tokens
from shared.store.accounts import Account
from shared.store.database import Connection, Database
from shared.store.oauth_states import Consent
from watcher.enrolment import enrol

log = logger("watcher")


@dataclass(frozen=True, slots=True)
class Consents:
    """What asking for consent needs: the OAuth client, the keys that seal, and a way to Google."""

    app: App
    sealer: Sealer
    transport: Transport
    settings: Settings

    @classmethod
    def from_settings(cls, settings: Settings) -> "Consents":
        """Take everything from the settings; ConfigError says what is wrong with the keys."""
        return cls(app(settings), Sealer(Keyring.from_settings(settings)), Transport(), settings)


def app(settings: Settings) -> App:
    """Return the OAuth client of the settings."""
    return App(
        client_id=settings.oauth_client_id,
        client_secret=settings.oauth_client_secret,
        redirect_uri=settings.oauth_redirect_uri,
        auth_url=settings.auth_url,
        token_url=settings.token_url,
        revoke_url=settings.revoke_url,
    )


def connect(db: Database, here: Consents, consent: Consent, *, code: str, code_verifier: str) -> Account:
    """Exchange the code, check what was granted and by whom, and capture the mailbox from now on.

    A mailbox connected again keeps its cursor.  Raises Refused with a sentence for the person in front
    of the browser, and whatever Google refuses; the audit log says which.
    """
    try:
        granted = oauth.redeem(here.app, here.transport, code=code, code_verifier=code_verifier)
    except Reconnect:
        _note(db, consent, "code")
        raise Refused("Google no longer takes this code: it was used or is too old; begin again") from None
    except MailroomError as refused:
        _note(db, consent, type(refused).__name__)
        raise
    gmail = _for_now(here, granted)
    owner: str | None = None
    try:
        owner = gmail.account("me", live=True).profile().email_address.lower()
        _check(consent, granted, owner)
        return enrol(
            db,
            gmail,
            consent.address,
            settings=here.settings,
            actor=consent.actor,
            keep=_keeper(here, granted),
        )
    except MailroomError as refused:
        _note(db, consent, refused.why if isinstance(refused, NotThisGrant) else type(refused).__name__)
        _give_back(db, here, granted, owner)
        if owner is None and not _exact(granted):  # without the scope Gmail does not even say whose it is
            raise NotThisGrant("scope", SCOPE_SENTENCE) from None
        raise


class NotThisGrant(Refused):
    """What was granted is not what was asked for; *why* is for the audit log."""

    def __init__(self, why: str, sentence: str) -> None:
        super().__init__(sentence)
        self.why = why


SCOPE_SENTENCE = "not exactly the reading of mail was allowed: connect again and leave the one box ticked"


def _exact(granted: Granted) -> bool:
    return set(granted.scope.split()) == {oauth.SCOPE}


def _check(consent: Consent, granted: Granted, owner: str) -> None:
    if not _exact(granted):
        raise NotThisGrant("scope", SCOPE_SENTENCE)
    if not granted.refresh_token:
        raise NotThisGrant(
            "no refresh token",
            "Google gave no lasting access: remove mailroom from that account's apps, then connect again",
        )
    if owner != consent.address:
        raise NotThisGrant(
            "another account",
            f"you consented for another mailbox than {consent.address}: connect again and choose that one",
        )


def _note(db: Database, consent: Consent, why: str) -> None:
    with db.transaction() as conn:
        audit.note(conn, actor=consent.actor, action="oauth.refused", subject=consent.address, why=why)


def _for_now(here: Consents, granted: Granted) -> GmailFactory:
    """Gmail by the token just granted: whose it is must be known before it is kept."""
    tokens = OneToken(granted.access_token)
    return GmailFactory(here.settings.api_url, transport=here.transport, tokens=tokens, budget=Budget(0))


def _keeper(here: Consents, granted: Granted) -> Callable[[Connection, int], None]:
    def keep(conn: Connection, account_id: int) -> None:
        sealed = here.sealer.seal(granted.refresh_token, account_id=account_id)
        oauth_tokens.put(conn, account_id, sealed, granted.scope)

    return keep


def _give_back(db: Database, here: Consents, granted: Granted, owner: str | None) -> None:
    """Revoke what is not kept; unless its owner is connected already: revoking ends all of their grant.

    Of whom nobody knows whose it is, the token is dropped, which leaves nobody able to use it.
    """
    with db.transaction() as conn:
        connected = owner is None or oauth_tokens.of_address(conn, owner) is not None
    if connected:
        return
    try:
        oauth.revoke(here.app, here.transport, granted.refresh_token or granted.access_token)
    except MailroomError as unheard:
        log.warning("oauth.not_revoked", why=str(unheard))


def disconnect(db: Database, here: Consents | None, account: Account) -> bool:
    """Revoke and forget an account's grant; return whether Google was told.  The account itself stays."""
    with db.transaction() as conn:
        grant = oauth_tokens.get(conn, account.id)
    told = False
    if grant is not None and here is not None:
        try:
            told = oauth.revoke(
                here.app, here.transport, here.sealer.unseal(grant.sealed, account_id=account.id)
            )
        except MailroomError as unheard:
            log.warning("oauth.not_revoked", account=account.id, why=str(unheard))
    with db.transaction() as conn:
        oauth_tokens.remove(conn, account.id)
    return told
