"""`mailroom web`."""

import signal
from contextlib import nullcontext

import click

from infra.cli import metering, wiring
from shared.config import Need
from shared.errors import ConfigError, Refused
from shared.log import logger
from watcher.consent import Consents
from watcher.push_token import PushTokens
from watcher.web.deps import PARTS, Deps, Part

log = logger("web")


def _parts(_: click.Context, __: click.Parameter, value: str) -> tuple[Part, ...]:
    named = {name.strip() for name in value.split(",")}
    if not named <= set(PARTS):
        raise click.BadParameter(f"takes {', '.join(PARTS)}, separated by commas")
    return tuple(part for part in PARTS if part in named)


TEACH = """Serve the push endpoint, the admin API and the console.

\b
The public process needs the one route:   mailroom web --serve push --host 0.0.0.0
The private one needs the others:         mailroom web --serve api,console
"""


@click.command(help=TEACH)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8025, show_default=True, help="Port to listen on."
)
@click.option(
    "--serve", default=",".join(PARTS), show_default=True, callback=_parts, help="Which parts, with commas."
)
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="Requests answered at the same time.",
)
def web(host: str, port: int, serve: tuple[Part, ...], threads: int) -> None:
    """See TEACH."""
    from watcher.web.app import create_app
    from watcher.web.serve import Server

    settings = _settings(serve)
    reads_gmail = "api" in serve and settings.enabled
    with (
        wiring.database(settings, most=threads, name="mailroom-web") as db,
        metering.gmail(settings, db) if reads_gmail else nullcontext() as gmail,
    ):
        deps = Deps(
            db,
            settings,
            push_tokens=_push_tokens(settings) if "push" in serve else None,
            gmail_factory=gmail,
            consents=_consents(settings) if reads_gmail else None,
            serve=serve,
        )
        try:
            server = Server(create_app(deps), host=host, port=port, threads=threads)
        except Refused as taken:
            raise wiring.stopped(taken) from None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: server.stop())
        log.info("web.started", host=host, port=server.port, parts=serve, enabled=settings.enabled)
        server.run()
        log.info("web.stopped")


def _settings(serve: tuple[Part, ...]) -> wiring.Settings:
    """The push endpoint never starts half set up; the API without Gmail only says that it is switched off."""
    needs: tuple[Need, ...] = ("push",) if "push" in serve else ()
    return wiring.settings(*needs, when_on=("gmail", "watch") if "api" in serve else ())


def _consents(settings: wiring.Settings) -> Consents | None:
    if settings.auth_method != "oauth":
        return None
    try:
        return Consents.from_settings(settings)
    except ConfigError as bad:
        raise wiring.stopped(bad) from None


def _push_tokens(settings: wiring.Settings) -> PushTokens:
    try:
        return PushTokens(
            audience=settings.push_audience,
            service_account=settings.push_service_account,
            certs_url=settings.push_certs_url,
            issuers=settings.push_issuers,
        )
    except ConfigError as bad:
        raise wiring.stopped(bad) from None
