"""Settings: what a user may choose once, by environment variable or `.env` file.

Every setting is `WORKBENCH_` and its name in capitals. Credentials are not settings: they come
only through boto3's own chain, and from `OPENAI_API_KEY` of the environment. Read by `workspace` and by `workbench doctor`, by nobody else.
"""

import os
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from workbench.errors import SettingsError, StagingError


def _also_plain(name: str) -> AliasChoices:
    """A setting that is also read without `WORKBENCH_`, as other tools name it."""
    return AliasChoices(f"workbench_{name}", name)


class Settings(BaseSettings):
    """All settings, with their defaults."""

    model_config = SettingsConfigDict(
        env_prefix="WORKBENCH_", env_file=".env", extra="ignore", frozen=True
    )

    data_dir: Path = Field(
        default=Path("data"), description="Folder for everything made at run time."
    )
    media_roots: str = Field(
        default="",
        description="Folders that may be imported from, separated by ':'; empty: any you can read.",
    )
    database_url: str = Field(
        default="", description="Catalog of a team (Postgres); empty: SQLite in the data folder."
    )
    chroma_url: str = Field(
        default="", description="Chroma server of a team; empty: one of our own on loopback."
    )
    default_engine: Literal["local", "nova"] = Field(
        default="local", description="Engine the app proposes first."
    )
    aws_region: str = Field(
        default="", description="Region for Bedrock; empty: boto3's own default, else us-east-1."
    )
    bedrock_endpoint_url: str = Field(
        default="", description="Another address for Bedrock (VPC endpoint, test server)."
    )
    openai_base_url: str = Field(
        default="",
        description="Address of an OpenAI-compatible server, as http://127.0.0.1:11434/v1 for Ollama;"
        " empty: none. The key comes from OPENAI_API_KEY of the environment.",
    )
    nova_route: Literal["auto", "in-region", "us", "eu", "jp", "apac", "global"] = Field(
        default="auto", description="Inference profile; auto: global where there is one."
    )
    nova_stream: bool = Field(
        default=False,
        description="Take answers as a stream: no long silence that a network in between may cut.",
    )
    staging_uri: str = Field(
        default="",
        description="S3 folder for files too large for a request, Rekognition, Transcribe and batches,"
        " as s3://bucket/folder; empty: none.",
    )
    staging_days: int = Field(
        default=7, ge=1, description="Days a file in that folder is kept after its last use."
    )
    bedrock_batch_role_arn: str = Field(
        default="",
        validation_alias=_also_plain("bedrock_batch_role_arn"),
        description="Role Bedrock takes to read and write a batch's folders, as arn:aws:iam::…:role/…;"
        " empty: no batches.",
    )
    nova_batch_input_prefix: str = Field(
        default="",
        validation_alias=_also_plain("nova_batch_input_prefix"),
        description="S3 folder for what batches ask, as s3://bucket/folder; empty: in the staging"
        " folder.",
    )
    nova_batch_output_prefix: str = Field(
        default="",
        validation_alias=_also_plain("nova_batch_output_prefix"),
        description="S3 folder for what comes of batches, as s3://bucket/folder; empty: in the"
        " staging folder.",
    )
    batch_poll_s: float = Field(
        default=60.0, gt=0, le=3600, description="Seconds between two looks of a worker at batches."
    )
    catalog_file: Path | None = Field(
        default=None, description="TOML file of your own with prices or models that override ours."
    )
    explain_model: str = Field(
        default="auto",
        min_length=1,
        description="Model that explains for films of questions, as a key of the catalog; auto: a"
        " balanced one of Amazon Nova.",
    )
    refine_model: str = Field(
        default="auto", min_length=1, description="Model that refines the explanation; the same."
    )
    script_model: str = Field(
        default="auto", min_length=1, description="Model that writes the film's script; the same."
    )
    validate_model: str = Field(
        default="auto", min_length=1, description="Model that checks the script; the same."
    )
    whisper_dir: Path | None = Field(
        default=None, description="Folder with a faster-whisper model to use instead of base."
    )
    transcriber: Literal["local", "transcribe"] = Field(
        default="local",
        description="Who writes speech down: local (Whisper on this machine) or transcribe (Amazon"
        " Transcribe, paid by the second, through the S3 folder).",
    )
    transcribe_language: str = Field(
        default="",
        pattern=r"^([a-z]{2,3}-[A-Z]{2})?$",
        description="What is spoken, as Amazon Transcribe names it (en-US, de-DE); empty: found out.",
    )
    cpu_threads: int = Field(
        default=0, ge=0, le=256, description="Threads for local models; 0: all cores."
    )
    proxy_limit_mb: float = Field(
        default=18.0, gt=0, le=1000, description="Largest video sent inside a request, in MB."
    )
    read_key_frames: bool = Field(
        default=True,
        description="Leave undecoded what the pictures of a proxy do not depend on.",
    )
    proxies_on_import: bool = Field(
        default=False, description="Make the proxies of files as soon as they are imported."
    )
    upload_mbit_s: float = Field(
        default=20.0,
        gt=0,
        le=100_000,
        description="Speed of the line to AWS in Mbit/s, for the time that proxies save.",
    )
    publish_uri: str = Field(
        default="",
        description="S3 folder films are published in, as s3://bucket/folder; empty: none.",
    )
    publish_public: bool = Field(
        default=False,
        description="Give plain links to published films, for a bucket that everybody may read;"
        " false: links that end.",
    )
    publish_url_hours: int = Field(
        default=24, ge=1, le=168, description="Hours a link to a published film opens it."
    )
    film_part_days: int = Field(
        default=30,
        ge=1,
        description="Days spoken words and drawn beats are kept after a film last used them.",
    )
    chunk_days: int = Field(
        default=7, ge=1, description="Days a piece cut for a call is kept after its last use."
    )
    job_days: int = Field(default=90, ge=1, description="Days an ended job and its log are kept.")
    call_cache_gb: float = Field(
        default=2.0,
        ge=0,
        description="Size limit of kept replies, in GB; what a kept analysis cites always stays.",
    )
    monthly_budget_usd: Decimal | None = Field(
        default=None,
        ge=0,
        description="Dollars that calls may cost in a calendar month (UTC); empty: no limit.",
    )
    calibrate_from: date | Literal["off"] | None = Field(
        default=None,
        description="First day (UTC) whose calls correct how words are counted, as 2026-11-21;"
        " empty: all days; off: no correction.",
    )
    app_port: int = Field(default=8501, ge=1, le=65535, description="Port of the app on 127.0.0.1.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="WARNING", description="How much is logged."
    )

    @field_validator("monthly_budget_usd", "calibrate_from", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator(
        "staging_uri", "nova_batch_input_prefix", "nova_batch_output_prefix", "publish_uri"
    )
    @classmethod
    def _names_a_folder(cls, value: str) -> str:
        from workbench.backends.staging.folder import split_uri

        if value:
            try:
                bucket, folder = split_uri(value)
            except StagingError as error:
                raise ValueError(error.hint) from None
            if not folder:
                raise ValueError(f"name a folder in it: s3://{bucket}/folder")
        return value

    @field_validator("openai_base_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        from workbench.backends.openai.compatible import require_address

        try:
            return require_address(value) if value else ""
        except SettingsError as error:
            raise ValueError(error.hint) from None

    @property
    def roots(self) -> tuple[Path, ...]:
        """The configured media roots, absolute; empty when any folder may be read."""
        parts = [part for part in self.media_roots.split(os.pathsep) if part.strip()]
        return tuple(Path(part).expanduser().resolve() for part in parts)


def load_settings(**overrides: object) -> Settings:
    """Read the settings.

    Raises:
        SettingsError: A value cannot be used; the message names the variable.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = "WORKBENCH_" + str(first["loc"][0]).upper().removeprefix("WORKBENCH_")
        raise SettingsError(
            f"{name} cannot be {first['input']!r}: {first['msg']}",
            hint=f"correct {name} in the environment or in .env; see .env.example",
        ) from None


def origin(name: str) -> str:
    """Say where a setting's value comes from: `environment`, `.env` or `default`."""
    variables = {f"WORKBENCH_{name.upper()}"}
    if Settings.model_fields[name].validation_alias:
        variables.add(name.upper())
    if variables & set(os.environ):
        return "environment"
    env_file = Path(".env")
    if env_file.is_file():
        for line in env_file.read_text(encoding="utf-8").splitlines():
            if line.split("=", 1)[0].strip().upper() in variables:
                return ".env"
    return "default"


def env_example() -> str:
    """The text of `.env.example`: every setting with its meaning and default."""
    lines = [
        "# Settings of Nova Workbench. Copy to .env and uncomment what you change.",
        "# Credentials do not belong here: use `aws configure`, a profile or a role.",
        "",
    ]
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else field.default
        lines += [f"# {field.description}", f"#WORKBENCH_{name.upper()}={default}", ""]
    return "\n".join(lines)
