"""A script that cannot be drawn, is cut or is none is put right or told in notes, and paid once."""

from typing import Any

import pytest

from tests.support.bedrock_server import says, stopped, tool_input
from tests.support.questions import ANSWER, QUESTION, STAGES, billed, paid, scripted
from workbench.errors import BadReply


def test_a_beat_that_cannot_be_drawn_is_named_and_put_right(workspace, server):
    steps = iter([True, False])

    def change(told: dict[str, Any]) -> dict[str, Any]:
        if next(steps):
            told["beats"][2]["formulas"] = ["import os"]
        return told

    server.answer = scripted(change)
    story = workspace.storyboard(QUESTION)
    assert [call.tool for call in server.calls] == [*STAGES[:3], "storyboard", "review"]
    again = server.calls[3].prompt
    assert "beat 3 (Heat): 'import os' is no formula of x" in again
    assert story.beats[2].show.kind == "plot"
    assert story.notes == ()


def test_a_beat_that_still_cannot_be_drawn_is_told_in_words_with_a_note(workspace, server):
    def change(told: dict[str, Any]) -> dict[str, Any]:
        told["beats"][2] |= {"formulas": ["open('/etc/passwd')"]}
        told["beats"][1] |= {"values": [3]}
        return told

    server.answer = scripted(change)
    price = workspace.film_price(QUESTION)
    film = workspace.film(QUESTION)
    assert [call.tool for call in server.calls] == [*STAGES[:3], "storyboard", "review"]
    assert sum("its words are shown instead" in note for note in film.notes) == 2
    assert price.low_usd <= paid(workspace)[2] <= price.high_usd
    assert paid(workspace)[:2] == billed(server)


@pytest.mark.parametrize(
    "beats",
    [
        [],
        [{"kind": "title", "heading": "", "say": ""}],
        [{"kind": "bullets", "heading": "x", "say": "Water.", "items": ["y"] * 199}] * 45,
        [{"kind": "quote", "heading": "h" * 5000, "say": "s" * 9000, "text": "t"}],
        [
            {
                "kind": "timeline",
                "heading": "T",
                "say": "",
                "names": ["a"],
                "starts_s": [9],
                "ends_s": [1],
            }
        ],
        [{"kind": "chart", "heading": "C", "say": "Less.", "names": ["a"], "values": [-1e308]}],
        [{"kind": "plot", "heading": "P", "say": "x", "formulas": ["x"], "x_from": 9, "x_to": -9}],
    ],
)
def test_a_script_that_is_none_becomes_a_film_of_the_words_there_are(workspace, server, beats):
    server.answer = scripted(lambda told: told | {"beats": beats})
    story = workspace.storyboard(QUESTION)
    assert story.beats
    assert story.notes
    before = server.received
    assert workspace.storyboard(QUESTION) == story
    assert server.received == before


@pytest.mark.parametrize("reply", [tool_input({"beats": "none"}), says("I would rather not.")])
def test_a_reply_that_is_no_script_twice_fails_and_only_it_is_asked_again(workspace, server, reply):
    server.script(ANSWER, ANSWER, reply, reply)
    with pytest.raises(BadReply):
        workspace.film(QUESTION)
    assert paid(workspace)[:2] == billed(server)
    assert workspace.storyboard(QUESTION).beats
    assert [call.tool for call in server.calls] == [*STAGES[:3], *STAGES[2:3] * 2, "review"]


def test_a_cut_script_is_asked_for_shorter_and_says_so(workspace, server):
    medium = QUESTION.model_copy(update={"length": "medium"})
    server.script(ANSWER, ANSWER, stopped("max_tokens"))
    story = workspace.storyboard(medium)
    asked = [call.max_tokens for call in server.calls]
    assert asked[3] < asked[2]
    assert any("shorter film" in note for note in story.notes)
    assert paid(workspace)[:2] == billed(server)
    before = server.received
    assert workspace.storyboard(medium) == story
    assert server.received == before


def test_a_short_script_that_is_cut_is_not_paid_again(workspace, server):
    server.script(ANSWER, ANSWER, stopped("max_tokens"))
    for _ in range(2):
        with pytest.raises(BadReply, match="cut") as caught:
            workspace.storyboard(QUESTION)
        assert caught.value.hint
    assert server.received == 3


def test_a_check_that_is_cut_leaves_the_script_as_it_was(workspace, server):
    server.script(ANSWER, ANSWER, ANSWER, stopped("max_tokens"))
    story = workspace.storyboard(QUESTION)
    assert any("check of the script was cut" in note for note in story.notes)
    before = server.received
    assert workspace.storyboard(QUESTION) == story
    assert server.received == before


def test_the_check_puts_the_script_right_and_tells_what_was_wrong(workspace, server):
    server.script(
        ANSWER, ANSWER, ANSWER,
        tool_input({"problems": ["Beat 1 is dull."], "beats": [
            {"kind": "title", "heading": "Dry seals", "say": "Seals run dry."},
            {"kind": "bullets", "heading": "Why", "say": "Rings touch and heat up.", "items": ["Rings touch"]},
            {"kind": "bullets", "heading": "Then", "say": "The rings crack.", "items": ["Rings crack"]},
            {"kind": "bullets", "heading": "So", "say": "Water cools.", "items": ["Water cools"]},
            {"kind": "summary", "heading": "End", "say": "Keep water in.", "items": ["Keep water"]},
        ]}),
    )  # fmt: skip
    film = workspace.film(QUESTION)
    assert [beat.heading for beat in film.beats] == ["Dry seals", "Why", "Then", "So", "End"]
    assert "Beat 1 is dull." in (film.folder / "problems.md").read_text()


def test_a_check_that_gives_back_a_piece_only_does_not_shorten_the_film(workspace, server):
    beat = {"kind": "bullets", "heading": "Why", "say": "Rings touch.", "items": ["Rings touch"]}
    server.script(ANSWER, ANSWER, ANSWER, tool_input({"problems": ["One."], "beats": [beat]}))
    assert len(workspace.storyboard(QUESTION).beats) > 5
