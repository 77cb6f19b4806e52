"""boto3's session; what it cannot find is told in our own errors, under the service's name."""

import functools
from typing import Any

from workbench.backends.bedrock.errors import failure_of

DEFAULT_REGION = "us-east-1"


def open_session(service: str = "Bedrock") -> Any:
    """A session with the profile, the credentials and the region of this process.

    Args:
        service: Who needs it, as a person knows it: named in errors.

    Raises:
        NoCredentials: The profile that is named does not exist.
    """
    import boto3
    import botocore.session
    from botocore.exceptions import BotoCoreError

    core = botocore.session.Session()
    try:
        loader = _loader(core.get_config_variable("data_path"))
        core.register_component("data_loader", loader)
        session = boto3.Session(botocore_session=core)
    except BotoCoreError as error:
        raise failure_of(error, service).as_error(1) from error
    # Every session adds boto3's folder to where the loader looks.
    loader.search_paths[:] = dict.fromkeys(loader.search_paths)
    return session


@functools.cache
def _loader(data_path: str | None) -> Any:
    """What reads the descriptions of the services, kept: 0.1 s of looking into 400 folders."""
    from botocore.loaders import create_loader

    return create_loader(data_path)


def credentials_method(session: Any, service: str = "Bedrock") -> str:
    """Where credentials were found, in boto3's words: `env` and so on; empty where there are none.

    Args:
        session: What `open_session` gave.
        service: Who needs them, as a person knows it: named in errors.

    Raises:
        BackendError: What is there cannot be used.
    """
    from botocore.exceptions import BotoCoreError

    try:
        found = session.get_credentials()
    except BotoCoreError as error:
        raise failure_of(error, service).as_error(1) from error
    return "" if found is None else str(found.method)


def sent_once(read_timeout_s: float) -> Any:
    """How boto3 sends a call that may be billed: once, for we send it again and write it down.

    Args:
        read_timeout_s: How long a reply may keep silent.
    """
    from botocore.config import Config

    return Config(
        connect_timeout=10,
        read_timeout=read_timeout_s,
        tcp_keepalive=True,  # routers forget lines that were silent for six minutes
        max_pool_connections=16,
        retries={"mode": "standard", "total_max_attempts": 1},
    )
