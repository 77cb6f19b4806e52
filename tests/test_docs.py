"""The documents say what is there: every command, page, setting and link."""

import re
from pathlib import Path

import pytest

from workbench.cli import COMMANDS

DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_inside_the_project_leads_somewhere(project: Path, name: str):
    text = (project / name).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)\)", text)
    dead = [link for link in links if "://" not in link and not (project / link).exists()]
    assert dead == []


def test_the_readme_is_short_and_shows_a_picture(project: Path):
    text = (project / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    assert re.search(r"!\[.+\]\(docs/.+\.png\)", text)


def test_the_readme_names_commands_that_exist(project: Path):
    text = (project / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`workbench ([a-z]+)", text))
    assert named <= set(COMMANDS)
    assert {"import", "estimate", "analyse", "search", "report", "models", "doctor"} <= named


def test_the_readme_names_make_targets_that_exist(project: Path):
    makefile = (project / "Makefile").read_text()
    for target in re.findall(
        r"^make ([a-z]+)", (project / "README.md").read_text(), flags=re.MULTILINE
    ):
        assert re.search(rf"^{target}:.*## ", makefile, flags=re.MULTILINE), target


def test_every_page_is_named_by_the_app(project: Path):
    app = (project / "app.py").read_text(encoding="utf-8")
    for page in (project / "pages").glob("*.py"):
        assert page.name in app or page.stem in app


def test_every_room_is_in_the_picture_of_the_house(project: Path):
    text = (project / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rooms = [p.parent.name for p in (project / "workbench").glob("*/__init__.py")]
    assert [room for room in rooms if room not in text] == []


def test_no_document_holds_a_path_of_one_machine(project: Path):
    for name in DOCUMENTS:
        text = (project / name).read_text(encoding="utf-8")
        assert not re.search(r"(?<![\w.:/])/(?:home|work|root|Users|tmp)/", text), name
