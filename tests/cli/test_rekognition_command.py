"""Rekognition on the command line: alone, and beside another engine."""

import json

from workbench.cli import parser_of


def test_an_estimate_for_two_engines_says_what_they_cost_together(rekognition, analysed, run):
    done = run("estimate", "talk.mp4", "--also", "rekognition", "--detect", "faces")
    assert done.code == 0, done.err
    assert "Local engine" in done.out
    assert "talk.mp4, labels" in done.out
    assert "talk.mp4, faces" in done.out
    assert "Amazon Rekognition is not asked for chapters and topics." in done.out
    assert "Together: " in done.out.splitlines()[-1]
    told = json.loads(run("estimate", "talk.mp4", "--also", "rekognition", "--json").out)
    assert told["engine"] == "local"
    assert [other["engine"] for other in told["also"]] == ["rekognition"]
    assert rekognition.billed == []


def test_two_engines_in_one_run_can_be_compared_at_once(rekognition, analysed, run):
    done = run("analyse", "talk.mp4", "--also", "rekognition", "--detect", "text", "shots")
    assert done.code == 0, done.err
    assert "text: PUMP 7 (0:00)" in done.out
    assert "3 calls made, $0.0250 paid" in done.out
    assert sorted(rekognition.billed) == ["labels", "shots", "text"]
    compared = run("compare", "talk.mp4")
    assert compared.code == 0
    assert "Amazon Rekognition" in compared.out


def test_the_help_says_why_persons_are_not_followed():
    words = " ".join(parser_of("analyse").format_help().split())
    assert "follows no persons (AWS ended that on 31 October 2025)" in words
