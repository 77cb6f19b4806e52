"""Clips too large for a request, from the plan to the ledger and to housekeeping."""

import pytest

from tests.support.bedrock_server import cut_in_stream
from workbench import Workspace
from workbench.cli import main
from workbench.errors import SettingsError


@pytest.fixture
def small_requests(workspace, s3, server, monkeypatch):
    """Requests that carry 10 kB, and a Bedrock that reads the bucket."""
    monkeypatch.setenv("WORKBENCH_PROXY_LIMIT_MB", "0.01")

    def read(uri: str) -> tuple[bytes, str]:
        kept = s3.read(uri)
        return kept.data, kept.content_type

    server.read_s3 = read


@pytest.fixture
def staged(small_requests, s3, monkeypatch):
    """A workspace with a folder in S3."""
    monkeypatch.setenv("WORKBENCH_STAGING_URI", f"s3://{s3.bucket}/staging")
    with Workspace.open() as opened:
        yield opened


@pytest.fixture
def overview(request_of_film):
    return request_of_film.model_copy(update={"depth": "overview"})


@pytest.mark.parametrize("is_stream", ["false", "true"])
def test_a_film_over_the_limit_is_analysed_through_s3(
    small_requests, s3, server, overview, monkeypatch, is_stream
):
    monkeypatch.setenv("WORKBENCH_STAGING_URI", f"s3://{s3.bucket}/staging")
    monkeypatch.setenv("WORKBENCH_NOVA_STREAM", is_stream)
    with Workspace.open() as staged:
        plan = staged.plan(overview)
        (note,) = (each for each in plan.warnings if "S3" in each)
        assert note.startswith("1 clip of 1 may be over")
        result = staged.run(plan)
        assert result.failures == ()
        (call,) = server.calls
        assert call.is_stream == (is_stream == "true")
        assert call.media[0].uri in {f"s3://{s3.bucket}/{key}" for key in s3.objects()}
        (entry,) = staged.store.ledger().rows(named=True)
        assert (entry["input_tokens"], entry["output_tokens"]) == (
            call.input_tokens,
            call.output_tokens,
        )


def test_without_a_folder_the_plan_says_so_and_nothing_is_sent(small_requests, server, overview):
    with Workspace.open() as plain:
        plan = plain.plan(overview)
        assert any("Set WORKBENCH_STAGING_URI" in each for each in plan.warnings)
        (failure,) = plain.run(plan).failures
    assert "WORKBENCH_STAGING_URI" in failure.hint
    assert server.received == 0


def test_a_plan_within_the_limit_says_nothing_of_s3(workspace, request_of_film, overview):
    for request in (request_of_film, overview.model_copy(update={"engine": "local"})):
        assert not any("S3" in each for each in workspace.plan(request).warnings)


def test_the_command_line_tells_it_before_the_run(staged, overview, capsys):
    assert main(["estimate", *overview.assets, "--engine", "nova", "--depth", "overview"]) == 0
    assert "go through the S3 folder" in " ".join(capsys.readouterr().out.split())


def test_a_stream_that_broke_is_in_the_ledger_as_lost_and_asked_for_again(
    small_requests, s3, server, overview, monkeypatch
):
    monkeypatch.setattr("workbench.backends.sending.FIRST_WAIT_S", 0)
    monkeypatch.setenv("WORKBENCH_STAGING_URI", f"s3://{s3.bucket}/staging")
    monkeypatch.setenv("WORKBENCH_NOVA_STREAM", "true")
    server.script(cut_in_stream(5))
    with Workspace.open() as staged:
        result = staged.analyse(overview)
        assert result.failures == ()
        assert sorted(staged.store.ledger()["outcome"]) == ["answered", "lost"]
    assert len(s3.objects()) == 1


def test_housekeeping_cleans_the_folder_by_age(staged, overview, s3):
    def told(*, dry_run: bool) -> tuple[int, int | None]:
        (each,) = (r for r in staged.collect_garbage(dry_run).removed if "S3" in r.kind)
        return each.count, each.size_bytes

    staged.analyse(overview)
    (kept,) = s3.objects().values()
    assert told(dry_run=False) == (0, 0)
    s3.age(days=8)
    assert told(dry_run=True) == (1, len(kept.data))
    assert len(s3.objects()) == 1
    assert told(dry_run=False) == (1, len(kept.data))
    assert s3.objects() == {}


def test_a_folder_that_cannot_be_cleaned_is_told_and_holds_nothing_up(
    small_requests, monkeypatch, capsys
):
    monkeypatch.setenv("WORKBENCH_STAGING_URI", "s3://nobody-has-this/staging")
    assert main(["gc"]) == 1
    said = capsys.readouterr()
    assert "NoSuchBucket" in said.out + said.err


@pytest.mark.parametrize("uri", ["films/staging", "s3://films"])
def test_a_folder_that_is_none_is_told_with_its_variable(monkeypatch, tmp_path, uri):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WORKBENCH_STAGING_URI", uri)
    with pytest.raises(SettingsError, match="WORKBENCH_STAGING_URI"):
        Workspace.open()
