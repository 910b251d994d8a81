"""Rules of the house that a machine can check."""

import ast
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("watcher", "consumer", "shared", "infra")
SOURCES = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]


@pytest.mark.parametrize("room", ROOMS)
def test_no_other_distribution_claims_the_name_of_a_room(room):
    assert set(packages_distributions().get(room, ["mailroom"])) <= {"mailroom"}


def test_the_import_contracts_hold():
    checked = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert checked.returncode == 0, checked.stdout


def test_dependencies_are_pinned_with_hashes_and_name_no_index():
    pinned = (ROOT / "requirements" / "all.txt").read_text()

    assert pinned.count("--hash=sha256:") > pinned.count("==") > 50
    assert "://" not in pinned
    assert "-index-url" not in pinned


def test_no_function_is_longer_than_sixty_lines():
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= 60
    ]

    assert long == []


def test_no_file_is_longer_than_three_hundred_lines():
    assert [str(path.relative_to(ROOT)) for path in SOURCES if len(path.read_text().splitlines()) > 300] == []


def test_ci_runs_exactly_the_test_command_of_the_readme():
    command = (ROOT / ".ci" / "run").read_text().strip().splitlines()[-1]

    assert f"```\n{command}\n```" in (ROOT / "README.md").read_text()


def test_the_settings_in_the_documentation_are_those_in_the_code():
    documented = (ROOT / "docs" / "production.md").read_text()
    known = set((ROOT / "shared" / "config.py").read_text().split('"')) - {""}

    for name in {word for word in documented.replace("`", " ").split() if word.startswith("CRM_GMAIL_")}:
        assert name in known, f"docs/production.md names {name}, which nothing reads"


def test_a_logged_exception_shows_code_and_never_values():
    from shared.log import code_only

    def fails(secret):
        raise ValueError(f"could not use {secret}")

    try:
        fails("canary-token")
    except ValueError:
        event = code_only(None, "error", {"event": "x", "exc_info": True})

    assert event["raised"] == "ValueError"
    assert any("fails" in frame for frame in event["at"])
    assert "canary" not in str(event)
