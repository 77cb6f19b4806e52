"""What `docs/team.md` gives to copy: every variable is a setting, every program and file exists."""

import configparser
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from workbench.cli import COMMANDS
from workbench.settings import Settings

SETTINGS = {f"WORKBENCH_{name.upper()}" for name in Settings.model_fields}

OTHERS = {
    "ANONYMIZED_TELEMETRY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "PGPASSWORD",
    "POSTGRES_DB",
    "POSTGRES_PASSWORD",
    "POSTGRES_USER",
}
"""Variables of Chroma, boto3, libpq and the image of Postgres."""

UNITS = ("app.service", "chroma.service", "worker@.service")


@pytest.fixture
def folder(project: Path) -> Path:
    return project / "docs" / "team"


def is_known(variable: str) -> bool:
    if variable.startswith("STREAMLIT_"):
        from streamlit.config import get_config_options

        section, _, name = variable.removeprefix("STREAMLIT_").lower().partition("_")
        options = {key.lower() for key in get_config_options()}
        return f"{section}.{name.replace('_', '')}" in options
    return variable in SETTINGS | OTHERS


def check_words(words: list[str]) -> None:
    """A program of ours is called by a command that it has."""
    name, *rest = (Path(words[0]).name, *words[1:])
    if name == "workbench":
        assert rest[0] in COMMANDS, rest
        from workbench.cli import parser_of

        parser_of(rest[0]).parse_args(rest[1:])
    elif name in {"chroma", "python"}:
        assert Path(sys.executable).with_name(name).exists()
    else:
        assert name in {"postgres", "pg_isready", "worker.sh"}, words


def test_the_compose_file_runs_what_there_is(folder: Path, project: Path):
    compose = yaml.safe_load((folder / "compose.yaml").read_text())
    services = compose["services"]
    assert set(services) == {"postgres", "chroma", "worker", "app"}
    for name, service in services.items():
        assert {each for each in service["environment"] if not is_known(each)} == set(), name
        check_words(service["command"])
        if "build" in service:
            context = (folder / service["build"]["context"]).resolve()
            assert context == project
            assert (context / service["build"]["dockerfile"]).is_file()
        for mount in service.get("volumes", ()):
            source = re.sub(r"\$\{[^}]*\}", "/media", mount).split(":")[0]
            assert source.startswith("/") or source in compose["volumes"]
        assert set(service.get("depends_on", ())) <= set(services)
        assert "/" not in service["image"], "a plain image name, of no host"


def test_only_the_app_can_be_reached_and_only_from_its_host(folder: Path):
    services = yaml.safe_load((folder / "compose.yaml").read_text())["services"]
    opened = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert opened == {"app": ["127.0.0.1:8501:8501"]}
    for name, service in services.items():
        if name != "postgres":
            assert service["cap_drop"] == ["ALL"], name
            assert service["security_opt"] == ["no-new-privileges:true"], name


def test_workers_of_the_compose_file_have_names_of_their_own(folder: Path):
    worker = yaml.safe_load((folder / "compose.yaml").read_text())["services"]["worker"]
    assert worker["deploy"]["replicas"] == 2
    assert not {"hostname", "container_name", "network_mode", "pid", "uts"} & set(worker)


def test_the_image_copies_and_installs_what_there_is(folder: Path, project: Path):
    text = (folder / "Dockerfile").read_text()
    assert (project / re.search(r"python (\.ci/\S+)", text).group(1)).is_file()
    check_words(re.findall(r'"([^"]+)"', re.search(r"^CMD (.+)$", text, re.MULTILINE).group(1)))
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"python:3.11-slim"}


def test_the_script_of_a_worker_names_commands_that_exist(folder: Path):
    script = folder / "worker.sh"
    assert script.stat().st_mode & 0o111
    called = re.findall(r"^(?:exec )?(workbench [^&\n]+)", script.read_text(), re.MULTILINE)
    assert len(called) == 2
    for line in called:
        check_words(shlex.split(line))


def unit(path: Path) -> configparser.ConfigParser:
    class Repeating(dict):
        """Keeps all values of a key that stands several times."""

        def __setitem__(self, key, value) -> None:
            if key in self and isinstance(value, list) and isinstance(self[key], list):
                value = [*self[key], *value]
            super().__setitem__(key, value)

    parser = configparser.ConfigParser(strict=False, interpolation=None, dict_type=Repeating)
    parser.optionxform = str
    parser.read_string(path.read_text())
    return parser


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_runs_what_there_is_with_settings_that_are_real(folder: Path, name: str):
    service = unit(folder / name)["Service"]
    for line in service.get("Environment", "").splitlines():
        for word in shlex.split(line):
            assert is_known(word.partition("=")[0]), word
    check_words(shlex.split(service["ExecStart"]))
    assert service["User"] == "nova"
    for right in ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome"):
        assert service[right] == "yes"
    assert service["ProtectSystem"] == "strict"
    if "EnvironmentFile" in service:
        assert (folder / Path(service["EnvironmentFile"]).name).is_file()


def test_the_file_of_variables_sets_real_ones(folder: Path):
    lines = (folder / "nova.env").read_text().splitlines()
    values = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert [name for name in values if not is_known(name)] == []
    settings = {
        name.removeprefix("WORKBENCH_").lower(): value
        for name, value in values.items()
        if name in SETTINGS
    }
    Settings(**settings, _env_file=None)
    assert {"data_dir", "media_roots", "database_url", "chroma_url"} <= set(settings)


def test_systemd_finds_no_fault_in_the_units(folder: Path, tmp_path: Path):
    program = shutil.which("systemd-analyze")
    if not program:
        pytest.skip("no systemd-analyze: sudo apt-get install systemd")
    for name in UNITS:
        text = (folder / name).read_text()
        # The programs are not installed where the units have them.
        (tmp_path / name).write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", text))
    done = subprocess.run(
        [program, "verify", "--man=no", *(str(tmp_path / name) for name in UNITS)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = [line for line in done.stderr.splitlines() if str(tmp_path) in line]
    assert (done.returncode, said) == (0, [])


def test_links_and_commands_of_the_document_lead_somewhere(folder: Path):
    text = (folder.parent / "team.md").read_text()
    links = re.findall(r"\]\(([^)#]+)\)", text)
    assert [link for link in links if not (folder.parent / link).exists()] == []
    assert {Path(link).name for link in links} >= {path.name for path in folder.glob("*.service")}
    named = re.findall(r"workbench ([a-z]+)", text)
    assert set(named) <= set(COMMANDS) | {"in"}
    variables = set(re.findall(r"WORKBENCH_[A-Z_]+", text))
    assert variables <= SETTINGS
    assert not re.search(r"(?<![\w.:/])/(?:home|work|root|Users|tmp)/", text)


def test_no_file_of_a_team_names_a_registry_or_holds_a_secret(folder: Path):
    for path in folder.iterdir():
        text = path.read_text()
        hosts = re.findall(r"https?://([\w.-]+)", text)
        allowed = {"chroma", "chroma.internal", "127.0.0.1"}
        assert set(hosts) <= allowed, path.name
        assert not re.search(r"AKIA|BEGIN .*KEY", text)
