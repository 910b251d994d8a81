"""Connecting a mailbox by its owner's consent: what must hold before a grant is kept.

Whatever is refused here is revoked at Google and noted in the audit log; nothing of it stays.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from shared.config import Settings
from shared.credentials import oauth
from shared.credentials.oauth import App, Granted, OneToken
from shared.credentials.sealing import Keyring, Sealer
from shared.errors import MailroomError, Refused
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
    of the browser, and whatever Google refuses.
    """
    granted = oauth.redeem(here.app, here.transport, code=code, code_verifier=code_verifier)

    def refuse(why: str, sentence: str) -> NoReturn:
        _give_back(here, granted)
        with db.transaction() as conn:
            audit.note(conn, actor=consent.actor, action="oauth.refused", subject=consent.address, why=why)
        raise Refused(sentence)

    if set(granted.scope.split()) != {oauth.SCOPE}:
        refuse(
            "scope",
            "not exactly the reading of mail was allowed: connect again and leave the one box ticked",
        )
    if not granted.refresh_token:
        refuse(
            "no refresh token",
            "Google gave no lasting access: remove mailroom from that account's apps, then connect again",
        )
    gmail = _for_now(here, granted)
    # "me" is whoever consented; asking by address would be refused for anybody else.
    primary = gmail.account("me", live=True).profile().email_address.lower()
    if primary != consent.address:
        refuse(
            "another account",
            f"you consented for another mailbox than {consent.address}: connect again and choose that one",
        )
    try:
        return enrol(
            db,
            gmail,
            consent.address,
            settings=here.settings,
            actor=consent.actor,
            keep=_keeper(here, granted),
        )
    except MailroomError:
        _give_back(here, granted)
        raise


def _for_now(here: Consents, granted: Granted) -> GmailFactory:
    """Gmail by the token just granted: whose it is must be known before it is kept."""
    tokens = OneToken(granted.access_token)
    return GmailFactory(here.settings.api_url, transport=here.transport, tokens=tokens, budget=Budget(0))


def _keeper(here: Consents, granted: Granted) -> Callable[[Connection, int], None]:
    def keep(conn: Connection, account_id: int) -> None:
        sealed = here.sealer.seal(granted.refresh_token, account_id=account_id)
        oauth_tokens.put(conn, account_id, sealed, granted.scope)

    return keep


def _give_back(here: Consents, granted: Granted) -> None:
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
