"""Every field of a request is an option, and means on the command line what it means elsewhere."""

import argparse

import pytest

from workbench.analysis.request import AnalysisRequest
from workbench.cli.analyses.options import add_request_options, request_of


def asked(*words: str) -> AnalysisRequest:
    parser = argparse.ArgumentParser()
    add_request_options(parser)
    return request_of(parser.parse_args(["talk.mp4", *words]))


def test_without_options_a_request_is_the_default():
    assert (
        asked()
        == asked("--no-carry", "--tier", "standard")
        == AnalysisRequest(assets=("talk.mp4",))
    )


def test_tier_and_carry_are_fields_of_the_request():
    request = asked("--tier", "flex", "--carry")
    assert (request.tier, request.carry) == ("flex", True)


def test_the_price_of_a_tier_is_shown_before_anything_is_spent(run, shelf):
    words = ("estimate", shelf / "talk.mp4", "--engine", "nova", "--model", "lite")
    standard = run(*words, "--json").json
    flex = run(*words, "--tier", "flex", "--json").json
    assert (standard["tier"], flex["tier"]) == ("standard", "flex")
    assert flex["cost_usd"] == pytest.approx(standard["cost_usd"] / 2)
    said = run(*words, "--tier", "flex").out
    assert "Nova Lite, flex tier" in said
    assert "may wait longer" in said


def test_a_batch_that_is_to_carry_is_refused_with_what_to_do_instead(run, shelf):
    done = run("estimate", shelf / "talk.mp4", "--engine", "nova", "--tier", "batch", "--carry")
    assert done.code == 2
    assert "flex" in done.err


def test_an_unknown_tier_is_refused_by_name(run, shelf):
    done = run("estimate", shelf / "talk.mp4", "--tier", "cheap")
    assert done.code == 2
    assert "cheap" in done.err
