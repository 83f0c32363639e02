"""Fakes match the ports that they replace."""

import importlib
import inspect
from functools import partial
from pathlib import Path

import pytest

PORTS = "bot.ports."
FILES = [file for file in Path(__file__).parent.glob("*.py") if not file.stem.startswith("test_")]
MODULES = [importlib.import_module(f"tests.common.{file.stem}") for file in FILES]
FAKES = {
    fake: port
    for module in MODULES
    for fake in vars(module).values()
    if inspect.isclass(fake) and fake.__module__ == module.__name__
    for port in fake.__bases__
    if port.__module__.startswith(PORTS) and getattr(port, "_is_protocol", False)
}


signature = partial(inspect.signature, eval_str=True)


def test_there_are_fakes_to_check() -> None:
    assert {"InMemoryForge", "HangingCluster", "HangingRenderer"} <= {fake.__name__ for fake in FAKES}


@pytest.mark.parametrize("fake", FAKES, ids=lambda fake: fake.__name__)
def test_a_fake_implements_every_method_of_its_port_with_the_same_signature(fake: type) -> None:
    methods = {name: method for name, method in vars(FAKES[fake]).items() if inspect.isfunction(method)}
    public = {name: method for name, method in methods.items() if not name.startswith("_")}
    assert public
    for name, method in public.items():
        assert name in vars(fake), f"{fake.__name__} inherits {name}, which does nothing there"
        assert signature(vars(fake)[name]) == signature(method), name
