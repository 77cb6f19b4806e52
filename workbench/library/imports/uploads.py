"""Files that come from a browser: the only media we keep ourselves.

An upload is written a piece at a time, is named by its bytes, and is there whole or not at all.
"""

import hashlib
from pathlib import Path
from typing import BinaryIO

from workbench.errors import MediaEmpty
from workbench.library.imports.naming import plain_name, upload_name
from workbench.media.outputs import atomic_output, require_room

PIECE_BYTES = 1 << 20


def keep_upload(stream: BinaryIO, name: str, folder: Path) -> Path:
    """Write an upload into a folder as `originalname_<file_id>.ext`.

    Args:
        stream: The bytes; it is read twice from its beginning, never whole into memory.
        name: The name it had on the other side; it cannot choose another folder.
        folder: Where uploads are kept; made if it is missing.

    Returns:
        Where it lies. The same bytes under the same name are kept once.

    Raises:
        MediaEmpty: There are no bytes.
        DiskFull: There is no room.
        RequestError: The folder cannot be written to.

    Example:
        >>> import io, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     keep_upload(io.BytesIO(b"abc"), "a.mp4", Path(folder)).name
        'a_ba7816bf8f01cfea.mp4'
    """
    stream.seek(0)
    digest, size_bytes = hashlib.sha256(), 0
    while piece := stream.read(PIECE_BYTES):
        digest.update(piece)
        size_bytes += len(piece)
    if not size_bytes:
        raise MediaEmpty(f"{plain_name(name)} has no bytes", hint="upload it again")
    target = folder / upload_name(name, digest.hexdigest()[:16])
    if target.is_file() and target.stat().st_size == size_bytes:
        return target
    require_room(folder, size_bytes)
    stream.seek(0)
    with atomic_output(target) as temporary, temporary.open("wb") as out:
        while piece := stream.read(PIECE_BYTES):
            out.write(piece)
    return target
