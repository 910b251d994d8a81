"""The environment, read once, in one place, into one frozen value.

Every problem is reported at once; an unsafe or contradictory combination is refused.
A secret may also come from a file that only mailroom can read: NAME_FILE holds its path.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from shared.blobs import place
from shared.credentials import keys, secretfile
from shared.credentials.secretfile import UnsafeFile
from shared.errors import ConfigError
from shared.gmail import prices
from shared.urls import LOOPBACK, is_safe, not_postgres

METADATA = "metadata.google.internal"  # answered by the machine's host itself, in plain http only

Need = Literal["push", "pull", "gmail", "watch"]

SECRETS = (
    "DATABASE_URL",
    "CRM_GMAIL_OAUTH_CLIENT_SECRET",
    "CRM_GMAIL_SECRET_KEY",
    "CRM_GMAIL_SECRET_KEYS_OLD",
)

# What a part of mailroom cannot start without, beyond the defaults.
NEEDS: dict[Need, tuple[str, ...]] = {
    "push": ("CRM_GMAIL_PUSH_AUDIENCE", "CRM_GMAIL_PUSH_SERVICE_ACCOUNT", "CRM_GMAIL_PUBSUB_SUBSCRIPTION"),
    "pull": ("CRM_GMAIL_PUBSUB_SUBSCRIPTION",),
    "gmail": ("CRM_GMAIL_WORKSPACE_DOMAIN",),
    "watch": ("CRM_GMAIL_PUBSUB_TOPIC",),
}


def _names(value: object) -> object:
    """Split a comma-separated setting into its parts."""
    return (
        tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
    )


def _lower_names(value: object) -> object:
    return _names(value.lower() if isinstance(value, str) else value)


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
LowerNames = Annotated[tuple[str, ...], BeforeValidator(_lower_names)]
Prices = Annotated[
    Mapping[str, int], BeforeValidator(lambda told: prices.parsed(told) if isinstance(told, str) else told)
]


def _env(name: str, default: Any = ..., **rules: Any) -> Any:
    return Field(default, validation_alias=AliasChoices(name), **rules)


class Settings(BaseModel):
    """What mailroom was told.  Names of the environment stand beside each field."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)

    enabled: bool = _env("CRM_GMAIL_INTEGRATION_ENABLED", default=False)
    database_url: str = _env("DATABASE_URL", "", repr=False)  # empty: embedded PostgreSQL under data_dir
    data_dir: Path = _env("CRM_GMAIL_DATA_DIR", Path("data"))
    # file:///folder, gs://bucket/prefix or s3://bucket/prefix; empty: files under data_dir
    blob_url: str = _env("CRM_GMAIL_BLOB_URL", "", repr=False)
    raw_retention_days: int = _env("CRM_GMAIL_RAW_RETENTION_DAYS", 30, ge=0, le=3650)
    attach_concurrency: int = _env("CRM_GMAIL_ATTACH_CONCURRENCY", 4, ge=1, le=32)

    auth_method: Literal["dwd", "oauth"] = _env("CRM_GMAIL_AUTH_METHOD", "dwd")
    sa_key_path: Path | None = _env("CRM_GMAIL_SA_KEY_PATH", None)
    sa_email: str = _env("CRM_GMAIL_SA_EMAIL", "", pattern=r"^$|^[^@\s/]+@[^@\s/]+$")  # instead of a key
    workspace_domain: LowerNames = _env(
        "CRM_GMAIL_WORKSPACE_DOMAIN", ()
    )  # one domain, or several with commas
    internal_domains: LowerNames = _env("CRM_GMAIL_INTERNAL_DOMAINS", ())

    api_url: str = _env("CRM_GMAIL_API_URL", "https://gmail.googleapis.com")
    token_url: str = _env("CRM_GMAIL_TOKEN_URL", "https://oauth2.googleapis.com/token")
    iam_url: str = _env("CRM_GMAIL_IAM_URL", "https://iamcredentials.googleapis.com")
    metadata_url: str = _env("CRM_GMAIL_METADATA_URL", "http://metadata.google.internal")

    # Per-user consent (auth method oauth).
    oauth_client_id: str = _env("CRM_GMAIL_OAUTH_CLIENT_ID", "")
    oauth_client_secret: str = _env("CRM_GMAIL_OAUTH_CLIENT_SECRET", "", repr=False)
    oauth_redirect_uri: str = _env("CRM_GMAIL_OAUTH_REDIRECT_URI", "")
    auth_url: str = _env("CRM_GMAIL_AUTH_URL", "https://accounts.google.com/o/oauth2/v2/auth")
    revoke_url: str = _env("CRM_GMAIL_REVOKE_URL", "https://oauth2.googleapis.com/revoke")

    # Seal the refresh tokens; the first seals, the old ones still open.
    secret_key: str = _env("CRM_GMAIL_SECRET_KEY", "", repr=False)
    secret_keys_old: Names = _env("CRM_GMAIL_SECRET_KEYS_OLD", (), repr=False)

    pubsub_topic: str = _env("CRM_GMAIL_PUBSUB_TOPIC", "", pattern=r"^$|^projects/[^/]+/topics/[^/]+$")
    pubsub_subscription: str = _env(
        "CRM_GMAIL_PUBSUB_SUBSCRIPTION", "", pattern=r"^$|^projects/[^/]+/subscriptions/[^/]+$"
    )
    push_audience: str = _env("CRM_GMAIL_PUSH_AUDIENCE", "")
    push_service_account: str = _env("CRM_GMAIL_PUSH_SERVICE_ACCOUNT", "")
    push_issuers: Names = _env(
        "CRM_GMAIL_PUSH_ISSUER", ("https://accounts.google.com", "accounts.google.com")
    )
    push_certs_url: str = _env("CRM_GMAIL_PUSH_CERTS_URL", "https://www.googleapis.com/oauth2/v1/certs")

    quiet_poll_sec: int = _env("CRM_GMAIL_QUIET_POLL_SEC", 300, ge=5, le=86_400)
    sync_interval_min: int = _env("CRM_GMAIL_SYNC_INTERVAL_MIN", 180, ge=0, le=10_080)  # 0: no checks
    page_size: int = _env("CRM_GMAIL_BACKFILL_PAGE_SIZE", 500, ge=1, le=500)
    rate_units_sec: float = _env("CRM_GMAIL_RATE_UNITS_SEC", 100, ge=0, allow_inf_nan=False)  # 0: unmetered
    # Google may count a delegated service account as one user: then all accounts share one budget.
    rate_scope: Literal["account", "credential"] = _env("CRM_GMAIL_RATE_SCOPE", "account")
    day_units: int = _env("CRM_GMAIL_DAY_UNITS", 80_000_000, ge=0)  # of all accounts; 0: no such limit
    concurrency: int = _env("CRM_GMAIL_CONCURRENCY", 4, ge=1, le=50)  # calls of one account at once
    prices: Prices = _env("CRM_GMAIL_PRICES", prices.PRICES)
    retry_max: int = _env("CRM_GMAIL_RETRY_MAX", 5, ge=1, le=50)
    max_attachment_mb: int = _env("CRM_GMAIL_MAX_ATTACHMENT_MB", 50, ge=1, le=150)
    max_message_mb: int = _env("CRM_GMAIL_MAX_MESSAGE_MB", 50, ge=1, le=80)  # reading takes nine times that
    stale_days: int = _env("CRM_GMAIL_HISTORY_STALE_DAYS", 5, ge=1, le=30)
    unmatched_retention_days: int = _env("CRM_GMAIL_UNMATCHED_RETENTION_DAYS", 30, ge=0, le=3650)
    on_delete: Literal["keep", "hide", "erase"] = _env("CRM_GMAIL_ON_DELETE", "keep")
    skip_labels: Names = _env("CRM_GMAIL_SKIP_LABELS", ("SPAM", "TRASH", "DRAFT", "CHAT"))
    # How the server that receives our mail names itself in Authentication-Results.
    authserv_id: str = _env("CRM_GMAIL_AUTHSERV_ID", "mx.google.com", min_length=1)

    @property
    def quiet_poll(self) -> timedelta:
        """How long an account may go without a look when no notification comes."""
        return timedelta(seconds=self.quiet_poll_sec)

    @property
    def blob_place(self) -> place.Place:
        """Where blobs are kept."""
        if self.blob_url:
            return place.read(self.blob_url)
        return place.Place("file", "", str(self.data_dir.absolute() / "blobs"))

    @property
    def blob_dir(self) -> Path:
        """The folder of the blob store; with a bucket, the folder that everything else of ours is in."""
        return self.blob_place.folder or self.data_dir

    @property
    def own_domains(self) -> frozenset[str]:
        """Domains whose addresses are colleagues, never investors."""
        return frozenset((*self.workspace_domain, *self.internal_domains))


def from_env(
    env: Mapping[str, str] | None = None, *, needs: Iterable[Need] = (), when_on: Iterable[Need] = ()
) -> Settings:
    """Read the settings, demanding what the named parts need; *when_on* only while capture is switched on.

    Raises ConfigError with every problem at once, each naming its variable and the remedy.
    """
    given, problems = _with_secret_files(os.environ if env is None else env)
    try:
        settings = Settings.model_validate(given)
    except ValidationError as bad:
        wrong = {
            str(error["loc"][0]): error["msg"] for error in bad.errors(include_url=False, include_input=False)
        }
        problems += [f"{name}: {why}" for name, why in wrong.items()]
        # Without the wrong ones, so that what only shows in the whole is told in the same run.
        settings = Settings.model_validate({name: given[name] for name in given.keys() - wrong})
    wanted = {*needs, *(when_on if settings.enabled else ())}
    problems += _missing(given, sorted(wanted))
    problems += _no_access(given) if "gmail" in wanted else []
    problems += [problem for check in CHECKS if (problem := check(settings))]
    problems += keys.problems(settings.secret_key, settings.secret_keys_old)
    if problems:
        raise ConfigError(problems)
    return settings


def _with_secret_files(env: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Resolve NAME_FILE; an empty variable counts as not set."""
    given, problems = {name: value for name, value in env.items() if value.strip()}, list[str]()
    for name in SECRETS:
        path = given.get(f"{name}_FILE")
        if path is None:
            continue
        if name in given:
            problems.append(f"{name} and {name}_FILE are both set: keep one")
            continue
        try:
            given[name] = secretfile.text(Path(path))
        except UnsafeFile as unsafe:
            problems += [f"{name}_FILE: cannot use {path}, {why}" for why in unsafe.problems]
    return given, problems


def _missing(given: Mapping[str, str], needs: Iterable[Need]) -> list[str]:
    wanted = dict.fromkeys(name for need in needs for name in NEEDS[need])
    return [f"{name} is not set: {WHY[name]}" for name in wanted if not given.get(name, "").strip(" ,")]


WHY = {
    "CRM_GMAIL_PUSH_AUDIENCE": "the exact audience of the push subscription's tokens",
    "CRM_GMAIL_PUSH_SERVICE_ACCOUNT": "the e-mail of the service account that signs the push tokens",
    "CRM_GMAIL_PUBSUB_SUBSCRIPTION": "projects/PROJECT/subscriptions/NAME, the one notifications come from",
    "CRM_GMAIL_WORKSPACE_DOMAIN": "the domain whose accounts may be enrolled",
    "CRM_GMAIL_PUBSUB_TOPIC": "projects/PROJECT/topics/NAME, the topic Gmail publishes to",
}


CONSENT = {
    "CRM_GMAIL_OAUTH_CLIENT_ID": "the OAuth client that asks for consent",
    "CRM_GMAIL_OAUTH_CLIENT_SECRET": "the secret of that OAuth client",
    "CRM_GMAIL_OAUTH_REDIRECT_URI": "https://YOUR-CONSOLE/api/email/oauth/callback, as Google knows it",
    "CRM_GMAIL_SECRET_KEY": "the key that seals refresh tokens; mailroom key new makes one",
}


def _no_access(given: Mapping[str, str]) -> list[str]:
    """Gmail is read by each owner's consent, or as a service account: with its key, or without one."""
    if given.get("CRM_GMAIL_AUTH_METHOD") == "oauth":
        return [f"{name} is not set: {why}" for name, why in CONSENT.items() if name not in given]
    if "CRM_GMAIL_SA_KEY_PATH" in given or "CRM_GMAIL_SA_EMAIL" in given:
        return []
    key = "CRM_GMAIL_SA_KEY_PATH is not set: the service-account key file with domain-wide delegation"
    return [f"{key} (or CRM_GMAIL_SA_EMAIL, to speak as that service account without a key)"]


def _two_ways_in(settings: Settings) -> str | None:
    if settings.sa_key_path is not None and settings.sa_email:
        return "CRM_GMAIL_SA_KEY_PATH and CRM_GMAIL_SA_EMAIL are both set: keep one"
    return None


def _insecure_url(settings: Settings) -> str | None:
    """Tokens and mail travel in the clear only on this machine."""
    urls = {
        "CRM_GMAIL_API_URL": settings.api_url,
        "CRM_GMAIL_TOKEN_URL": settings.token_url,
        "CRM_GMAIL_PUSH_CERTS_URL": settings.push_certs_url,
        "CRM_GMAIL_IAM_URL": settings.iam_url,
        "CRM_GMAIL_AUTH_URL": settings.auth_url,
        "CRM_GMAIL_REVOKE_URL": settings.revoke_url,
        "CRM_GMAIL_OAUTH_REDIRECT_URI": settings.oauth_redirect_uri or settings.auth_url,
    }
    bad = [name for name, url in urls.items() if not is_safe(url)]
    if not is_safe(settings.metadata_url, plain=(*LOOPBACK, METADATA)):
        bad.append("CRM_GMAIL_METADATA_URL")
    return f"{', '.join(bad)}: use https:// (plain http only for 127.0.0.1)" if bad else None


def _odd_domains(settings: Settings) -> str | None:
    """A domain written in another way equals no address's domain: colleagues would be taken for investors."""
    names = {
        "CRM_GMAIL_WORKSPACE_DOMAIN": settings.workspace_domain,
        "CRM_GMAIL_INTERNAL_DOMAINS": settings.internal_domains,
    }
    bad = [name for name, domains in names.items() if not all(map(DOMAIN.fullmatch, domains))]
    return f"{', '.join(bad)}: write bare domains, as in fund.example, with commas between" if bad else None


DOMAIN = re.compile(r"[^@\s/:.]+(\.[^@\s/:.]+)*")


def _odd_redirect(settings: Settings) -> str | None:
    if settings.oauth_redirect_uri and not settings.oauth_redirect_uri.endswith("/api/email/oauth/callback"):
        return "CRM_GMAIL_OAUTH_REDIRECT_URI: end it with /api/email/oauth/callback"
    return None


def _topic_and_subscription(settings: Settings) -> str | None:
    """Google: a topic must live in the project of the credentials; ours share one project."""
    topic, subscription = settings.pubsub_topic, settings.pubsub_subscription
    if topic and subscription and topic.split("/")[1] != subscription.split("/")[1]:
        return "CRM_GMAIL_PUBSUB_TOPIC and CRM_GMAIL_PUBSUB_SUBSCRIPTION name different projects"
    return None


CHECKS: tuple[Callable[[Settings], str | None], ...] = (
    lambda settings: not_postgres(settings.database_url),
    _insecure_url,
    _two_ways_in,
    _odd_domains,
    _odd_redirect,
    lambda settings: place.problem(settings.blob_url),
    _topic_and_subscription,
)
