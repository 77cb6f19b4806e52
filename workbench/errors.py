"""Errors a person can act on: a sentence that names the value, and a `hint` with the next step.

    WorkbenchError
    ├── SettingsError          a setting cannot be used
    ├── RequestError           what was asked for cannot be done
    ├── MediaError             a file cannot be used
    │   ├── MediaMissing       it is not there, or may not be read
    │   ├── MediaEmpty         it has no bytes, no pictures or no length
    │   ├── MediaDamaged       it ends early or cannot be decoded
    │   ├── MediaUnsupported   it is not a video, photo or sound file we read
    │   └── MediaTooLarge      it is over a limit
    ├── ToolError              a program or package we call is missing or failed
    │   ├── NotInstalled       a package or its weights are missing or altered
    │   └── SandboxMissing     nothing here can confine a program by a model
    ├── BackendError           a model service did not give an answer
    │   ├── NoCredentials      none were found
    │   ├── AccessDenied       the account may not call the model
    │   ├── Throttled          too many requests; worth another try later
    │   ├── ServiceDown        the service failed or could not be reached
    │   ├── QuotaExceeded      an account limit is used up
    │   ├── BadModelRequest    the service refused the request
    │   ├── StagingError       a file cannot be put into, or read from, S3
    │   └── BadReply           the answer is stopped or not in the agreed form
    │       └── AnswerCut      it is cut at the most tokens it may have
    ├── BudgetReached          the next call would pass the cap or budget
    ├── LibraryError           the catalog or index cannot be used
    │   ├── LibraryDamaged     a file of it is damaged or from a newer version
    │   ├── LibraryBusy        another process holds it
    │   ├── LibraryGone        its server cannot be reached; worth another try later
    │   └── NotInLibrary       no such record
    ├── DiskFull               there is no room for what was to be written
    ├── JobError               a job cannot be submitted, followed or finished
    └── ReportError            a report could not be made

Bad input always ends in one of these. Anything else is a bug and keeps its traceback.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.backends.usage import Usage


class WorkbenchError(Exception):
    """Something a person can put right; `hint` says how."""

    billed: "Usage | None" = None
    """What a service has counted for what came to nothing."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """One line: what happened."""
        return self.message

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the hint and the rest when the error crosses a process boundary."""
        return _rebuild, (type(self), self.message, self.hint), vars(self)


def _rebuild(kind: type[WorkbenchError], message: str, hint: str) -> WorkbenchError:
    return kind(message, hint=hint)


class SettingsError(WorkbenchError):
    """A setting has a value that cannot be used."""


class RequestError(WorkbenchError):
    """What was asked for cannot be done as asked."""


class MediaError(WorkbenchError):
    """A media file cannot be used."""


class MediaMissing(MediaError):
    """The file is not there, or may not be read."""


class MediaEmpty(MediaError):
    """The file has no bytes, no pictures or no length."""


class MediaDamaged(MediaError):
    """The file ends early or cannot be decoded."""


class MediaUnsupported(MediaError):
    """The file is not a video, photo or sound file we can read."""


class MediaTooLarge(MediaError):
    """The file is over a limit."""


class ToolError(WorkbenchError):
    """A program or package we call failed."""


class NotInstalled(ToolError):
    """A package or its weights are missing, or are not the ones expected."""


class SandboxMissing(ToolError):
    """Nothing on this machine can confine a program that a model wrote."""


class BackendError(WorkbenchError):
    """A model service did not give an answer; `billed` is what it has counted all the same."""

    def __init__(self, message: str, *, hint: str = "", billed: "Usage | None" = None) -> None:
        super().__init__(message, hint=hint)
        self.billed = billed
        self.lost_sends = 0
        """Sends whose replies were lost on the way: they may have been billed, nobody knows."""


class NoCredentials(BackendError):
    """No credentials were found for a service."""


class AccessDenied(BackendError):
    """The account may not make this call."""


class Throttled(BackendError):
    """The service asked us to slow down; the same call may succeed later."""


class ServiceDown(BackendError):
    """The service failed or could not be reached; the same call may succeed later."""


class QuotaExceeded(BackendError):
    """An account limit is used up; trying again does not help."""


class BadModelRequest(BackendError):
    """The service refused the request itself."""


class StagingError(BackendError):
    """A file cannot be put into S3 or read from there."""


class BadReply(BackendError):
    """The answer is stopped or does not have the agreed form."""


class AnswerCut(BadReply):
    """The answer is cut at the most tokens it may have; asked about less, it would fit."""


OF_ACCOUNT = (NoCredentials, AccessDenied, QuotaExceeded)
"""What a service says to an account and not to the one call: the next call would hear the same."""


class BudgetReached(WorkbenchError):
    """The next call would cost more than what is left under the cap or of the month's budget."""


class LibraryError(WorkbenchError):
    """The catalog or the index cannot be used."""


class LibraryDamaged(LibraryError):
    """A library file is damaged, or was written by a newer version."""


class LibraryBusy(LibraryError):
    """Another process holds the library or its index."""


class LibraryGone(LibraryError):
    """The server of the catalog cannot be reached now; the same may succeed later."""


class NotInLibrary(LibraryError):
    """The library has no such record."""


class DiskFull(WorkbenchError):
    """There is no room left for what was to be written."""


class JobError(WorkbenchError):
    """A job cannot be submitted, followed or finished."""


class ReportError(WorkbenchError):
    """A report could not be made."""
