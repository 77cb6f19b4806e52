"""boto3's session; what it cannot find is told in our own errors."""

from typing import Any

from workbench.backends.bedrock_errors import failure_of

DEFAULT_REGION = "us-east-1"


def open_session() -> Any:
    """A session with the profile, the credentials and the region of this process.

    Raises:
        NoCredentials: The profile that is named does not exist.
    """
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        return boto3.Session()
    except BotoCoreError as error:
        raise failure_of(error).as_error(1) from error


def credentials_method(session: Any) -> str:
    """Where credentials were found, in boto3's words: `env` and so on; empty where there are none.

    Raises:
        BackendError: What is there cannot be used.
    """
    from botocore.exceptions import BotoCoreError

    try:
        found = session.get_credentials()
    except BotoCoreError as error:
        raise failure_of(error).as_error(1) from error
    return "" if found is None else str(found.method)
