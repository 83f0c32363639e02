"""The documentation names what exists: messages as the bot writes them, and pages that the index lists."""

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

from bot.i18n import catalogue
from bot.i18n.language import Phrase

DOCS = Path(__file__).parents[1] / "docs"
MESSAGES = re.findall("^### (.+)$", (DOCS / "troubleshooting.md").read_text("utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def phrases():
    """Every English phrase, with `…` for its placeholders."""
    modules = [
        importlib.import_module(module.name)
        for module in pkgutil.iter_modules(catalogue.__path__, f"{catalogue.__name__}.")
    ]
    texts = [value.en for module in modules for value in vars(module).values() if isinstance(value, Phrase)]
    return [re.sub(r"\{\w+\}", "…", text) for text in texts]


@pytest.mark.parametrize("message", MESSAGES)
def test_troubleshooting_quotes_messages_of_the_bot(message, phrases):
    assert any(phrase.startswith(message) for phrase in phrases)


def test_the_tests_that_the_bounds_and_the_threat_model_name_exist():
    text = (DOCS / "bounds.md").read_text("utf-8") + (DOCS.parent / "SECURITY.md").read_text("utf-8")
    files = {name if "/" in name else f"tests/hostile/{name}" for name in re.findall(r"`([\w/]*test_\w+\.py)`", text)}
    tests = "".join(path.read_text("utf-8") for path in (DOCS.parent / "tests").rglob("test_*.py"))
    functions = set(re.findall(r"`(test_\w+)`", text))
    missing = {name for name in files if not (DOCS.parent / name).is_file()}
    assert missing | (functions - set(re.findall(r"^def (test_\w+)", tests, re.MULTILINE))) == set()
    assert len(files) > 20
    assert len(functions) > 20


def test_the_index_lists_every_page():
    listed = set(re.findall(r"\]\(([\w.-]+)\)", (DOCS / "README.md").read_text("utf-8")))
    pages = {path.name for path in DOCS.iterdir() if path.is_file()} - {"README.md"}
    assert listed == pages


def test_every_link_between_pages_leads_to_a_file():
    broken = [
        f"{page.name}: {target}"
        for page in (*DOCS.glob("*.md"), *DOCS.parent.glob("*.md"))
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []
