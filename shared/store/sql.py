"""Named queries, kept in a .sql file beside the module that runs them."""

import re
from pathlib import Path

NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def queries(module_file: str) -> dict[str, bytes]:
    """Read the .sql file beside *module_file*: {name: statement}.

    Each query starts with a line `-- name: its_name`.  Statements are bytes because psycopg
    takes str only when it is a literal of the source, which is exactly the habit we want.
    """
    text = Path(module_file).with_suffix(".sql").read_text(encoding="utf-8")
    parts = NAME.split(text)[1:]
    return {name: body.strip().encode() for name, body in zip(parts[::2], parts[1::2], strict=True)}
