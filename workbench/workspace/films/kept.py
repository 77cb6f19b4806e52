"""What a workspace does with films that are made: list, find, delete, and publish them."""

import functools
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from workbench.errors import LibraryDamaged, NotInLibrary, RequestError, SettingsError
from workbench.jsonable import from_json
from workbench.workspace.films.voices import VoiceWork
from workbench.workspace.services import make_folder

if TYPE_CHECKING:
    from workbench.backends.staging.shelf import Shelf
    from workbench.explain.examples import Example
    from workbench.explain.films.making import Film
    from workbench.explain.films.publishing import Published

NOT_PUBLISHED = "Not published: "
"""Begins the note of a film that could not be published."""

_FILM = re.compile(r"[0-9a-f]{12}")


class FilmWork(VoiceWork):
    """Films that are made, and storyboards that come with the product."""

    def films(self) -> list["Film"]:
        """The films that were made, newest first."""
        found = [
            self._read_film(path)
            for path in self._films_dir.glob("*/film.json")
            if _FILM.fullmatch(path.parent.name)
        ]
        return sorted(found, key=lambda film: film.created_at, reverse=True)

    def find_film(self, film_id: str) -> "Film":
        """The film of this id.

        Raises:
            NotInLibrary: There is none.
        """
        if not self._is_made(film_id):
            raise NotInLibrary(
                f"there is no film {film_id[:40]!r}", hint="`workbench explain --list` lists them"
            )
        return self._read_film(self._films_dir / film_id / "film.json")

    def delete_film(self, film_id: str) -> None:
        """Delete a film with its captions and storyboard; what was published stays where it is.

        Raises:
            NotInLibrary: There is none.
        """
        shutil.rmtree(self.find_film(film_id).folder)

    def examples(self) -> tuple["Example", ...]:
        """The storyboards that come with the product."""
        from workbench.explain.examples import examples

        return examples()

    @functools.cached_property
    def shelf(self) -> "Shelf | None":
        """The folder in S3 for films; None where none is set. Opening it calls nothing."""
        from workbench.backends.staging.shelf import Shelf

        uri = self.settings.publish_uri
        return Shelf(uri, region=self.settings.aws_region) if uri else None

    def publish_film(self, film_id: str) -> "Published":
        """Put a film into the S3 folder for films, and give the link that opens it.

        What is there already is not sent again; the link is a new one each time.

        Raises:
            NotInLibrary: There is no such film.
            SettingsError: No folder is set.
            StagingError: S3 refuses; the hint has the policy line that is missing.
            NoCredentials: None were found, or they have run out.
            BackendError: S3 cannot be reached.
        """
        from workbench.explain.films.making import write_record
        from workbench.explain.films.publishing import publish

        film = self.find_film(film_id)
        published = publish(
            film,
            self._require_shelf(),
            hours=self.settings.publish_url_hours,
            is_public=self.settings.publish_public,
        )
        notes = tuple(note for note in film.notes if not note.startswith(NOT_PUBLISHED))
        write_record(replace(film, notes=notes, published_uri=published.uri))
        return published

    def film_link(self, film_id: str) -> "Published":
        """A new link to a film that was published; nothing is sent.

        Raises:
            NotInLibrary: There is no such film.
            RequestError: It was not published.
            SettingsError: No folder is set.
            BackendError: No link can be signed: there are no credentials.
        """
        from workbench.explain.films.publishing import link_to

        film = self.find_film(film_id)
        if not film.published_uri:
            raise RequestError(
                f"{film.title} is not published", hint=f"workbench explain --publish {film.id}"
            )
        return link_to(
            film.published_uri,
            self._require_shelf(),
            hours=self.settings.publish_url_hours,
            is_public=self.settings.publish_public,
        )

    def _require_shelf(self) -> "Shelf":
        if self.shelf is None:
            raise SettingsError(
                "there is no folder in S3 for films",
                hint="set WORKBENCH_PUBLISH_URI=s3://bucket/folder, in .env or in the environment",
            )
        return self.shelf

    @property
    def _films_dir(self) -> Path:
        return self.data_dir / "films"

    def _is_made(self, film_id: str) -> bool:
        is_name = _FILM.fullmatch(film_id) is not None
        return is_name and (self._films_dir / film_id / "film.json").is_file()

    @contextmanager
    def _workshop(self) -> Iterator[Path]:
        """A folder beside the films that nobody else knows, gone at the end whatever happens."""
        folder = self._films_dir / f".{secrets.token_hex(6)}.part"
        make_folder(folder)
        try:
            yield folder
        finally:
            # Ctrl-C or a stopped job too. What was spoken and drawn is kept elsewhere.
            shutil.rmtree(folder, ignore_errors=True)

    def _put_in_place(self, made: Path) -> None:
        """Give a finished film its name, at once; that of a faster process stays."""
        target = self._films_dir / made.name
        if target.is_dir() and not (target / "film.json").is_file():
            shutil.rmtree(target, ignore_errors=True)  # half of one, left by a crash
        try:
            made.rename(target)
        except OSError:
            if not self._is_made(made.name):
                raise

    def _read_film(self, path: Path) -> "Film":
        from workbench.explain.films.making import Film

        try:
            film = from_json(Film, path.read_bytes())
        except ValidationError as error:
            raise LibraryDamaged(
                f"the record of the film {path.parent.name} cannot be read",
                hint=f"delete {path.parent} and make the film again",
            ) from error
        # The library may have been moved or restored since.
        return replace(film, folder=path.parent)
