"""`mailroom contacts import`: good rows kept, bad ones named."""

import io
from datetime import UTC, datetime

import click
import pytest
from click.testing import CliRunner

from infra.cli import main
from infra.cli.contacts import import_csv, read_rows
from shared.store import accounts

OWN = frozenset(("fund.test",))
HEADER = "investor,firm,address,domain\n"


def read(text):
    return read_rows(io.StringIO(HEADER + text), OWN)


def test_a_row_gives_an_address_or_a_domain_or_both():
    rows, bad = read(
        "Ada,Nordwind,Ada@Nordwind.Example,\nNordwind,Nordwind,,Nordwind.Example\nBo,B,b@b.example,b.example\n"
    )

    assert bad == []
    assert [(row.name, row.kind, row.value) for row in rows] == [
        ("Ada", "address", "ada@nordwind.example"),
        ("Nordwind", "domain", "nordwind.example"),
        ("Bo", "address", "b@b.example"),
        ("Bo", "domain", "b.example"),
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",Firm,a@b.example,", "investor is empty"),
        ("Ada,Firm,,", "neither"),
        ("Ada,Firm,not-an-address,", "not an e-mail address"),
        ("Ada,Firm,,gmail.com", "anybody"),
        ("Ada,Firm,,co.uk", "public suffix"),
        ("Ada,Firm,,nodots", "not a domain"),
        ("Ada,Firm,cleo@fund.test,", "own domain"),
        ("Ada,Firm,cleo@team.fund.test,", "own domain"),
        ("Ada,Firm,,team.fund.test", "own domain"),
        ("Ada,Firm,a@b.example,b.example,too,many", "more values"),
    ],
)
def test_a_bad_row_is_named_by_its_line_with_the_reason_and_the_others_are_kept(row, reason):
    rows, bad = read(f"Good,G,good@lp.example,\n{row}\nAlso,A,also@lp.example,\n")

    assert [one.value for one in rows] == ["good@lp.example", "also@lp.example"]
    assert [one.line for one in bad] == [3]
    assert reason in bad[0].why


def test_another_header_is_refused_with_the_columns_it_should_have():
    with pytest.raises(click.UsageError, match="investor, firm, address, domain"):
        read_rows(io.StringIO("name,email\nAda,a@b.example\n"), OWN)


@pytest.mark.parametrize(
    "text",
    [
        "Investor,Firm,Address,Domain\nAda,Nordwind,ada@lp.example,\n",
        "investor;firm;address;domain\nAda;Nordwind;ada@lp.example;\n",
        "Domain\tADDRESS\tfirm\t Investor \r\n\tada@lp.example\tNordwind\tAda\r\n",
        'investor;"firm";address;domain\nAda;Nordwind;ada@lp.example;\n',
    ],
)
def test_a_header_is_read_whatever_its_capitals_and_separator(text):
    rows, bad = read_rows(io.StringIO(text, newline=""), OWN)

    assert bad == []
    assert [(row.name, row.firm, row.value) for row in rows] == [("Ada", "Nordwind", "ada@lp.example")]


@pytest.mark.parametrize("text", ["name;email\nAda;a@b.example\n", "", "investor,firm,address\n"])
def test_a_header_that_is_not_ours_is_quoted(text):
    with pytest.raises(click.UsageError, match=f"found: {text.partition(chr(10))[0] or 'nothing'}$"):
        read_rows(io.StringIO(text), OWN)


def test_repeating_an_import_changes_nothing(db, tmp_path):
    file = tmp_path / "investors.csv"
    file.write_text(
        "\ufeff" + HEADER + "Ada,Nordwind,ada@nordwind.example,nordwind.example\n", encoding="utf-8"
    )

    first, again = (import_csv(db, file, own=OWN) for _ in range(2))

    assert (first.investors, first.addresses) == (1, 2)
    assert (again.investors, again.addresses) == (0, 0)


def test_the_command_names_bad_lines_keeps_good_ones_and_exits_with_1(
    database_url, db, tmp_path, monkeypatch
):
    monkeypatch.setenv("DATABASE_URL", database_url)
    file = tmp_path / "investors.csv"
    file.write_text(HEADER + "Ada,Nordwind,ada@nordwind.example,\nBad,Bad,nope,\n")

    done = CliRunner().invoke(main, ["contacts", "import", str(file)])

    assert done.exit_code == 1
    assert "line 3:" in done.output
    with db.transaction() as conn:
        assert conn.execute(b"SELECT name FROM mailroom.investors").fetchall() == [("Ada",)]


def test_a_name_without_a_visible_character_or_without_an_end_is_a_bad_row(db, tmp_path):
    rows, bad = read(
        f"\u200b,F,a@b.example,\n{'x' * 201},F,a@b.example,\nA\u200bda ,  Nord\twind,c@b.example,\n"
    )

    assert [one.line for one in bad] == [2, 3]
    assert [(row.name, row.firm) for row in rows] == [("A da", "Nord wind")]


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\x01,\x00\n",
        (HEADER + "Ada,N,a@b.example,\n").encode("utf-16"),
        b"",
        b"investor|firm|address|domain\n",
        b'"' + b"x" * 140_000,
    ],
    ids=["binary", "UTF-16", "empty", "bars", "one quote"],
)
def test_a_file_that_is_no_such_csv_is_refused_in_one_sentence(database_url, tmp_path, monkeypatch, content):
    monkeypatch.setenv("DATABASE_URL", database_url)
    file = tmp_path / "investors.csv"
    file.write_bytes(content)

    done = CliRunner().invoke(main, ["contacts", "import", str(file)])

    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_lines_are_counted_as_an_editor_counts_them_although_a_value_spans_two():
    _, bad = read('"Ada\nLindqvist",N,ada@n.example,\nBad,B,nope,\n')

    assert [one.line for one in bad] == [4]


def test_a_quote_that_never_closes_costs_no_row_before_it():
    rows, bad = read('Ada,N,a@b.example,\n"' + "x" * 140_000)

    assert [row.name for row in rows] == ["Ada"]
    assert "not CSV from here on" in bad[0].why


def test_an_enrolled_mailboxs_domain_is_our_own_although_no_setting_names_it(db, tmp_path):
    with db.transaction() as conn:
        now = datetime.now(UTC)
        accounts.enrol(conn, "ada@ours.example", cursor=1, watch_expires_at=None, watch_due_at=now)
    file = tmp_path / "investors.csv"
    file.write_text(HEADER + "Colleague,Us,ben@ours.example,\n")

    assert import_csv(db, file, own=frozenset()).bad[0].line == 2


def test_a_dry_run_writes_nothing(database_url, db, tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", database_url)
    file = tmp_path / "investors.csv"
    file.write_text(HEADER + "Ada,N,a@b.example,\n")

    done = CliRunner().invoke(main, ["contacts", "import", "--dry-run", str(file)])

    assert done.exit_code == 0
    with db.transaction() as conn:
        assert conn.execute(b"SELECT count(*) FROM mailroom.investors").fetchone() == (0,)
        assert conn.execute(b"SELECT count(*) FROM mailroom.audit_log").fetchone() == (0,)
