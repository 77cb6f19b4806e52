"""Settings come from the environment or `.env`, and say where they came from."""

from decimal import Decimal
from pathlib import Path

import pytest

from workbench.errors import SettingsError
from workbench.settings import Settings, env_example, load_settings, origin


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_example_file_is_what_the_settings_class_says(project: Path):
    assert (project / ".env.example").read_text() == env_example()


def test_the_example_file_names_every_setting_and_no_secret(project: Path):
    text = (project / ".env.example").read_text()
    for name in Settings.model_fields:
        assert f"WORKBENCH_{name.upper()}=" in text
    assert not any(word in text.upper() for word in ("SECRET", "ACCESS_KEY", "PASSWORD", "TOKEN"))


def test_the_example_file_can_be_used_as_it_is(elsewhere: Path, project: Path):
    lines = (project / ".env.example").read_text().splitlines()
    values = [line[1:] for line in lines if line.startswith("#WORKBENCH_")]
    kept = [v for v in values if not v.endswith("=")]
    (elsewhere / ".env").write_text("\n".join(kept))
    assert load_settings() == Settings()


def test_a_value_that_cannot_be_used_names_its_variable(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORKBENCH_APP_PORT", "99999")
    with pytest.raises(SettingsError, match="WORKBENCH_APP_PORT cannot be '99999'") as caught:
        load_settings()
    assert ".env.example" in caught.value.hint


def test_an_empty_budget_is_no_limit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORKBENCH_MONTHLY_BUDGET_USD", "")
    assert load_settings().monthly_budget_usd is None
    monkeypatch.setenv("WORKBENCH_MONTHLY_BUDGET_USD", "25.50")
    assert load_settings().monthly_budget_usd == Decimal("25.50")


@pytest.mark.parametrize("text", ["-1", "NaN", "inf", "lots"])
def test_a_budget_is_a_sum_of_money(monkeypatch: pytest.MonkeyPatch, text: str):
    monkeypatch.setenv("WORKBENCH_MONTHLY_BUDGET_USD", text)
    with pytest.raises(SettingsError, match="WORKBENCH_MONTHLY_BUDGET_USD"):
        load_settings()


def test_a_setting_tells_where_it_came_from(elsewhere: Path, monkeypatch: pytest.MonkeyPatch):
    (elsewhere / ".env").write_text("WORKBENCH_APP_PORT=9000\n")
    monkeypatch.setenv("WORKBENCH_LOG_LEVEL", "INFO")
    assert load_settings().app_port == 9000
    assert [origin(n) for n in ("app_port", "log_level", "data_dir")] == [
        ".env", "environment", "default",
    ]  # fmt: skip


def test_media_roots_are_absolute_folders(elsewhere: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORKBENCH_MEDIA_ROOTS", "films:/srv/media:")
    assert load_settings().roots == (elsewhere / "films", Path("/srv/media"))
