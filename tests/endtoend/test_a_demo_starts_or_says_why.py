"""A demo that cannot start says why, and leaves what runs alone."""

import socket

import psycopg
import pytest

from infra.local import postgres
from infra.local.demo.stack import Stack
from shared.errors import Refused


def stack(folder, port=None):
    return Stack(folder, domain="fund.test", web_port=port, prefer="deliverer", say=print)


def test_a_second_demo_on_the_same_folder_is_refused_and_the_first_keeps_its_data(tmp_path):
    with postgres.start(tmp_path / "postgres") as first, psycopg.connect(first.url) as conn:
        conn.execute("CREATE SCHEMA mailroom CREATE TABLE kept ()")
        conn.commit()

        with pytest.raises(Refused, match="--data-dir"):
            stack(tmp_path).__enter__()

        assert conn.execute("SELECT to_regclass('mailroom.kept')::text").fetchone() == ("mailroom.kept",)


def test_a_port_that_is_taken_is_named_before_anything_starts(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(Refused, match=f"{port}.*--port"):
            stack(tmp_path / "demo", port).__enter__()

    assert not (tmp_path / "demo").exists()
