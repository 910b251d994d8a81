from pathlib import Path

from infra.cli.views import markdown
from shared.store import described
from shared.store.database import Database

PAGE = Path(__file__).parents[2] / "docs/crm-views.md"


def test_every_view_column_and_function_says_what_it_is(database_url):
    with Database(database_url) as db, db.transaction() as conn:
        views, functions = described.views(conn), described.functions(conn)

    silent = [f"{view.name}.{one.name}" for view in views for one in view.columns if not one.comment]
    assert silent == []
    assert all(one.comment for one in (*views, *functions))


def test_the_page_is_what_the_database_says(database_url):
    with Database(database_url) as db, db.transaction() as conn:
        assert PAGE.read_text(encoding="utf-8") == markdown(conn), "run `make views`"
