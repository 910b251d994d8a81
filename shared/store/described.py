"""What the database itself says about schema crm: the documentation lives where the views do."""

from dataclasses import dataclass

from shared.store.database import Connection
from shared.store.sql import queries

SQL = queries(__file__)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a view."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True, slots=True)
class View:
    """One view and its columns, in order."""

    name: str
    comment: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """One function the CRM may call."""

    name: str
    arguments: str
    returns: str
    comment: str


def views(conn: Connection) -> list[View]:
    """Return every view of schema crm, by name."""
    columns: dict[str, list[Column]] = {}
    for view, *column in conn.execute(SQL["columns"]):
        columns.setdefault(view, []).append(Column(*column))
    return [View(name, comment, tuple(columns[name])) for name, comment in conn.execute(SQL["views"])]


def functions(conn: Connection) -> list[Function]:
    """Return every function of schema crm, by name."""
    return [Function(*row) for row in conn.execute(SQL["functions"])]
