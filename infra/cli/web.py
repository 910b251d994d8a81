"""`mailroom web`."""

import signal
import sys

import click

from infra.cli import wiring
from shared.errors import ConfigError, Refused
from shared.log import logger
from watcher.push_token import PushTokens

log = logger("web")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8025, show_default=True, help="Port to listen on.")
@click.option(
    "--serve", default="push,api,console", show_default=True, help="Which parts, separated by commas."
)
@click.option("--threads", default=8, show_default=True, help="Requests answered at the same time.")
def web(host: str, port: int, serve: str, threads: int) -> None:
    r"""Serve the push endpoint, the admin API and the console.

    \b
    The public process needs the one route:   mailroom web --serve push --host 0.0.0.0
    The private one needs the others:         mailroom web --serve api,console
    """
    from watcher.web.app import PARTS, create_app
    from watcher.web.deps import Deps
    from watcher.web.serve import Server

    parts = [part for part in PARTS if part in {name.strip() for name in serve.split(",")}]
    if not parts or len(parts) != len(serve.split(",")):
        raise click.UsageError(f"--serve takes {', '.join(PARTS)}")
    settings = wiring.settings(
        *(("push",) if "push" in parts else ()), *(("gmail", "watch") if "api" in parts else ())
    )
    with wiring.database(settings, most=threads, name="mailroom-web") as db:
        gmail = wiring.gmail(settings) if "api" in parts else None
        deps = Deps(db, settings, _push_tokens(settings) if "push" in parts else None, gmail)
        try:
            server = Server(create_app(deps, serve=parts), host=host, port=port, threads=threads)
        except Refused as taken:
            click.secho(f"mailroom: {taken}", err=True, fg="red")
            sys.exit(2)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        log.info("web.started", host=host, port=server.port, parts=parts)
        try:
            server.run()
        except KeyboardInterrupt:
            pass
        finally:
            server.close()
            log.info("web.stopped")


def _push_tokens(settings: wiring.Settings) -> "PushTokens":
    try:
        return PushTokens(
            audience=settings.push_audience,
            service_account=settings.push_service_account,
            certs_url=settings.push_certs_url,
            issuers=settings.push_issuers,
        )
    except ConfigError as bad:
        raise click.UsageError("; ".join(bad.problems)) from None
