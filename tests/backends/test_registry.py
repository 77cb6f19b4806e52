"""Engines by name."""

import pytest

from workbench.backends.protocol import Readiness
from workbench.backends.registry import Registry
from workbench.errors import NotInstalled, RequestError


class Toy:
    engine = "toy"

    def readiness(self):
        return Readiness("toy", is_ready=True, finding="Here.")

    def invoke(self, request, model, gate):
        raise NotImplementedError


def test_a_backend_is_made_when_it_is_first_asked_for_and_only_once():
    made = []
    registry = Registry()
    registry.register("toy", lambda: made.append(1) or Toy())
    assert made == []
    assert registry.get("toy") is registry.get("toy")
    assert made == [1]


def test_registering_again_replaces_the_backend():
    registry = Registry()
    registry.register("toy", Toy)
    first = registry.get("toy")
    registry.register("toy", Toy)
    assert registry.get("toy") is not first
    assert registry.engines() == ("toy",)


def test_an_unknown_engine_is_refused_with_the_known_ones():
    registry = Registry()
    registry.register("toy", Toy)
    with pytest.raises(RequestError, match="no engine 'nova'") as caught:
        registry.get("nova")
    assert "toy" in caught.value.hint


def test_an_engine_that_cannot_be_made_is_not_ready_and_says_why():
    def broken():
        raise NotInstalled("toys are not installed", hint="pip install toys")

    registry = Registry()
    registry.register("toy", Toy)
    registry.register("broken", broken)
    ready, not_ready = registry.readiness()
    assert ready.is_ready
    assert not not_ready.is_ready
    assert (not_ready.name, not_ready.hint) == ("broken", "pip install toys")
