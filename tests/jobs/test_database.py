"""The queue's database works with the SQLite that is there."""

import time
from pathlib import Path

from sqlalchemy import text

from workbench.jobs.database import queue_engine


def test_the_queue_knows_the_time_in_parts_of_a_second_whatever_the_sqlite(tmp_path: Path):
    engine = queue_engine(tmp_path)
    with engine.connect() as connection:
        told = connection.execute(text("SELECT unixepoch('subsec')")).scalar_one()
    engine.dispose()
    assert abs(told - time.time()) < 5


def test_a_column_may_take_that_time_as_its_default(tmp_path: Path):
    engine = queue_engine(tmp_path)
    with engine.begin() as connection:
        default = "INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000)"
        connection.execute(text(f"CREATE TABLE seen (name TEXT, at {default})"))
        connection.execute(text("INSERT INTO seen (name) VALUES ('first')"))
        told = connection.execute(text("SELECT at FROM seen")).scalar_one()
    engine.dispose()
    assert abs(told / 1000 - time.time()) < 5
