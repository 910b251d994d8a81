"""`mailroom views`: what the CRM can ask."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from infra.local import postgres
from shared.store import described, migrate
from shared.store.database import Connection, Database
from shared.store.described import Function, View

HEAD = """# What the CRM can ask

Made from the database by `make views`: change the comments beside the views, not this page.

Schema `crm` is the contract: columns are only ever added, at the end. Give the CRM a login with the role
`crm_reader`; it reads these views and nothing else. All times are with time zone. What a mailbox's visibility
withholds is null, and a message that is no investor's is not there.

Bound a query by `investor_id`, `id`, `thread_id`, `sent_at` or `last_at`: those use an index however much
mail there is."""


@click.command()
def views() -> None:
    """Print the documentation of every view and column, as Markdown.

    It is read from a database of its own, made for the moment: no setting is needed.
    """
    with (
        tempfile.TemporaryDirectory(prefix="mailroom-views") as folder,
        postgres.start(Path(folder)) as server,
    ):
        migrate.up(server.url)
        with Database(server.url, most=1) as db, db.transaction() as conn:
            click.echo(markdown(conn), nl=False)


def markdown(conn: Connection) -> str:
    """Write the page."""
    return "\n".join([HEAD, *_views(described.views(conn)), *_functions(described.functions(conn)), ""])


def _views(found: list[View]) -> Iterator[str]:
    for view in found:
        yield f"\n## crm.{view.name}\n\n{view.comment}\n\n| column | type | |\n|---|---|---|"
        for column in view.columns:
            yield f"| `{column.name}` | {column.type} | {column.comment.replace('|', chr(92) + '|')} |"


def _functions(found: list[Function]) -> Iterator[str]:
    for function in found:
        yield f"\n## crm.{function.name}({function.arguments})\n\n`{function.returns}`\n\n{function.comment}"
