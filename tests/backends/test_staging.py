"""Files on their way through S3: named by their bytes, sent once, private, cleaned by age."""

import hashlib
import socket
from pathlib import Path
from threading import Thread

import pytest

from tests.support.moto_s3 import S3Server
from workbench.backends.staging.folder import Staging, split_uri
from workbench.errors import MediaMissing, NoCredentials, ServiceDown, StagingError

MIB = 1 << 20


@pytest.fixture
def staging(s3: S3Server) -> Staging:
    return Staging(f"s3://{s3.bucket}/staging", region="us-east-1")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "Über den Film.MP4"
    path.write_bytes(b"a film")
    return path


def test_a_file_is_named_by_its_bytes_and_has_its_type(staging, s3, film):
    uri = staging.put(film, "video/mp4", folder="video")
    digest = hashlib.sha256(b"a film").hexdigest()
    assert uri == f"s3://workbench-tests/staging/video/{digest}.mp4"
    kept = s3.read(uri)
    assert (kept.data, kept.content_type) == (b"a film", "video/mp4")
    assert kept.metadata == {}
    assert staging.read(uri) == b"a film"


def test_the_same_bytes_are_sent_once_under_any_name(staging, s3, film, tmp_path):
    first = staging.put(film, "video/mp4")
    (written,) = staging.list()
    other = tmp_path / "copy.mp4"
    other.write_bytes(film.read_bytes())
    assert staging.put(other, "video/mp4") == first
    assert staging.list() == [written]


def test_a_type_that_was_wrong_is_put_right_without_sending_the_file(staging, s3, film):
    uri = staging.put(film, "application/octet-stream")
    assert staging.put(film, "video/mp4") == uri
    assert s3.read(uri).content_type == "video/mp4"


def test_a_large_file_goes_in_parts_and_arrives_whole(staging, s3, tmp_path):
    path = tmp_path / "large.mkv"
    path.write_bytes(bytes(range(256)) * (36 * MIB // 1024))
    kept = s3.read(staging.put(path, "video/x-matroska"))
    assert kept.data == path.read_bytes()
    assert kept.etag.endswith("-2")
    assert kept.content_type == "video/x-matroska"


def test_half_of_a_file_under_its_name_is_replaced(staging, s3, film):
    uri = staging.put(film, "video/mp4")
    s3.write(uri.split("/", 3)[3], b"a f", "video/mp4")
    staging.put(film, "video/mp4")
    assert s3.read(uri).data == b"a film"


def test_bytes_are_written_under_the_name_they_are_given(staging, s3):
    uri = staging.put_bytes(b"{}", "batches/1/records.jsonl", "application/jsonl")
    assert uri == "s3://workbench-tests/staging/batches/1/records.jsonl"
    assert s3.read(uri).content_type == "application/jsonl"
    assert [each.uri for each in staging.list(f"{staging.uri}/batches/")] == [uri]
    assert [each.size_bytes for each in staging.list()] == [2]


def test_a_list_goes_on_over_all_pages(staging, s3):
    for number in range(1003):
        s3.write(f"staging/many/{number:04}.txt", b"1", "text/plain")
    assert len(staging.list()) == 1003
    staging.delete(each.uri for each in staging.list())
    assert staging.list() == []


def test_cleaning_takes_what_is_old_and_has_our_names(staging, s3, film):
    for key in ("staging/notes.txt", "other/" + "0" * 64 + ".mp4"):
        s3.write(key, b"not ours", "text/plain")
    old = staging.put(film, "video/mp4")
    records = staging.put_bytes(b"{}", "batches/1/records.jsonl", "application/jsonl")
    s3.age(days=8)
    film.write_bytes(b"another film")
    young = staging.put(film, "video/mp4")

    assert [each.uri for each in staging.clean(7, dry_run=True)] == sorted([old, records])
    assert len(s3.objects()) == 5
    assert [each.uri for each in staging.clean(7)] == sorted([old, records])
    assert set(s3.objects()) == {
        "staging/notes.txt", "other/" + "0" * 64 + ".mp4", young.split("/", 3)[3],
    }  # fmt: skip


def test_a_file_that_is_used_again_is_not_cleaned_away(staging, s3, film):
    uri = staging.put(film, "video/mp4")
    s3.age(days=8)
    staging.put(film, "video/mp4")
    assert staging.clean(7) == []
    assert s3.read(uri).data == b"a film"
    assert s3.read(uri).content_type == "video/mp4"


def test_the_folder_is_tried_and_nothing_stays(staging, s3):
    ready = staging.readiness()
    assert ready.is_ready
    assert "s3://workbench-tests/staging" in ready.finding
    assert s3.objects() == {}


def test_a_bucket_that_is_not_there_is_said_with_the_setting(s3, film):
    nowhere = Staging("s3://nobody-has-this/staging")
    with pytest.raises(StagingError, match="NoSuchBucket") as caught:
        nowhere.put(film, "video/mp4")
    assert "WORKBENCH_STAGING_URI" in caught.value.hint
    assert not nowhere.readiness().is_ready


def test_an_object_that_is_gone_is_said(staging):
    with pytest.raises(StagingError, match="NoSuchKey") as caught:
        staging.read(f"{staging.uri}/gone.mp4")
    assert "stage it anew" in caught.value.hint


def test_deleting_what_is_gone_is_no_error(staging):
    staging.delete([f"{staging.uri}/gone.mp4"])
    staging.delete([])


def test_a_file_that_is_not_there_is_missing_media(staging, tmp_path):
    with pytest.raises(MediaMissing, match=r"gone\.mp4"):
        staging.put(tmp_path / "gone.mp4", "video/mp4")


@pytest.mark.parametrize(
    "uri",
    ["", "films/staging", "http://films/staging", "s3://", "s3://Films/x", "s3://films/a b",
     "s3://films/ü", "s3://films/a?b"],
)  # fmt: skip
def test_what_is_no_address_in_s3_is_refused(uri):
    with pytest.raises(StagingError, match="is not the address") as caught:
        split_uri(uri)
    assert "s3://bucket/folder" in caught.value.hint


@pytest.mark.parametrize(
    ("region", "host"),
    [("eu-west-3", "films.s3.eu-west-3.amazonaws.com"), ("us-east-1", "films.s3.amazonaws.com")],
)
def test_addresses_name_the_buckets_own_region_and_a_signature_of_today(monkeypatch, region, host):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    client = Staging("s3://films/staging", region=region)._client()
    url = client.generate_presigned_url("get_object", Params={"Bucket": "films", "Key": "a"})
    assert url.startswith(f"https://{host}/a?X-Amz-Algorithm=AWS4-HMAC-SHA256")


@pytest.mark.parametrize("uri", ["s3://films", "s3://films/"])
def test_a_whole_bucket_is_no_staging_folder(uri):
    with pytest.raises(StagingError, match="whole bucket"):
        Staging(uri)


def test_without_credentials_it_says_so(s3, film, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    with pytest.raises(NoCredentials, match="S3: ") as caught:
        Staging(f"s3://{s3.bucket}/staging").put(film, "video/mp4")
    assert "aws configure" in caught.value.hint


def test_an_s3_that_cannot_be_reached_is_tried_again_and_then_said(s3, film, monkeypatch):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        # boto3 waits between its own tries.
        monkeypatch.setattr("time.sleep", lambda _: None)
        waits_s: list[float] = []
        with pytest.raises(ServiceDown, match="S3: EndpointConnectionError"):
            Staging(f"s3://{s3.bucket}/staging", sleep=waits_s.append).put(film, "video/mp4")
    assert waits_s == [2.0, 4.0]


def test_several_threads_may_stage_at_once(staging, s3, tmp_path):
    files = [tmp_path / f"{number}.mp4" for number in range(6)]
    for path in files:
        path.write_bytes(path.name.encode())
    threads = [Thread(target=staging.put, args=(path, "video/mp4")) for path in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(kept.data for kept in s3.objects().values()) == sorted(
        path.name.encode() for path in files
    )


@pytest.mark.parametrize(
    ("allowed", "missing"),
    [
        (("s3:GetObject", "s3:ListBucket"), "s3:PutObject on arn:aws:s3:::workbench-tests/staging"),
        (("s3:PutObject",), "s3:GetObject on arn:aws:s3:::workbench-tests/staging/"),
        (("s3:PutObject", "s3:GetObject"), "s3:ListBucket on arn:aws:s3:::workbench-tests,"),
        (
            ("s3:PutObject", "s3:GetObject", "s3:ListBucket"),
            "s3:DeleteObject on arn:aws:s3:::workbench-tests/staging/",
        ),
    ],
)
def test_a_missing_permission_is_named_as_the_line_of_a_policy(s3, monkeypatch, allowed, missing):
    with s3.allowing(*allowed) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        ready = Staging(f"s3://{s3.bucket}/staging").readiness()
    assert not ready.is_ready
    assert "AccessDenied" in ready.finding
    assert missing in ready.hint
    s3.reset()


def test_a_wrong_key_is_a_matter_of_credentials(s3, film, monkeypatch):
    with s3.allowing("s3:*") as environment:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", environment["AWS_ACCESS_KEY_ID"])
        with pytest.raises(NoCredentials, match="SignatureDoesNotMatch"):
            Staging(f"s3://{s3.bucket}/staging").put(film, "video/mp4")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN")
        with pytest.raises(NoCredentials, match="InvalidAccessKeyId"):
            Staging(f"s3://{s3.bucket}/staging").put(film, "video/mp4")


def test_a_file_can_be_put_where_listing_is_not_allowed(s3, film, monkeypatch):
    with s3.allowing("s3:PutObject") as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        uri = Staging(f"s3://{s3.bucket}/staging").put(film, "video/mp4")
    assert s3.read(uri).data == b"a film"


@pytest.mark.parametrize(
    ("write", "fault"),
    [
        ({"Metadata": {"question": "x" * 3000}}, "metadata over 2048 bytes"),
        ({"ACL": "public-read"}, "an ACL, which new buckets refuse"),
        ({"ContentType": "binary/octet-stream"}, "no Content-Type"),
    ],
)
def test_what_moto_takes_and_s3_does_not_is_found_by_our_own_server(s3, write, fault):
    import boto3

    asked = {"ContentType": "text/plain", **write}
    boto3.client("s3").put_object(Bucket=s3.bucket, Key="a", Body=b"", **asked)
    assert s3.faults() == [f"a: {fault}"]
    s3.reset()
