"""Requests held against botocore's own models of the services: names, types, lengths, words."""

import base64
import binascii
import functools
import re
from typing import Any


@functools.cache
def _model(service: str) -> Any:
    from botocore.session import get_session

    return get_session().get_service_model(service)


def faults_of(service: str, operation: str, given: Any) -> list[str]:
    """What is wrong with the input of an operation, as it came over the wire.

    Args:
        service: botocore's name of it: `bedrock-runtime`, `rekognition` …
        operation: `Converse` …
        given: Body and members of the path together; bytes still as base64.
    """
    from botocore.validate import ParamValidator

    shape = _model(service).operation_model(operation).input_shape
    found: list[str] = []
    read = _read(shape, given, shape.name, found)
    report = ParamValidator().validate(read, shape)
    return [*found, *([report.generate_report()] if report.has_errors() else [])]


def reply_faults(service: str, operation: str, told: Any) -> str:
    """What is wrong with a reply; services do say words that botocore does not know yet."""
    from botocore.validate import ParamValidator

    shape = _model(service).operation_model(operation).output_shape
    return str(ParamValidator().validate(told, shape).generate_report())


def error_names(service: str, operation: str) -> list[str]:
    """Every error that an operation declares, also those inside of its stream."""
    model = _model(service).operation_model(operation)
    names = {shape.name for shape in model.error_shapes}
    if model.has_event_stream_output:
        stream = model.get_event_stream_output()
        names |= {
            member.name
            for member in stream.members.values()
            if member.metadata.get("exception")
        }  # fmt: skip
    return sorted(names)


def _read(shape: Any, given: Any, where: str, found: list[str]) -> Any:
    """Turn base64 into bytes, and look for what botocore itself does not: words and patterns."""
    if getattr(shape, "is_document_type", False) or given is None:
        return given
    match shape.type_name:
        case "structure" if isinstance(given, dict):
            members = shape.members
            return {
                name: _read(members[name], value, f"{where}.{name}", found)
                if name in members
                else value
                for name, value in given.items()
            }
        case "list" if isinstance(given, list):
            return [_read(shape.member, each, f"{where}[]", found) for each in given]
        case "map" if isinstance(given, dict):
            return {name: _read(shape.value, each, where, found) for name, each in given.items()}
        case "blob" if isinstance(given, str):
            try:
                return base64.b64decode(given, validate=True)
            except (binascii.Error, ValueError):
                found.append(f"{where} is not base64")
        case "string" if isinstance(given, str):
            if shape.enum and given not in shape.enum:
                found.append(f"{where} is {given!r}, not one of {shape.enum}")
            pattern = shape.metadata.get("pattern")
            if pattern and not re.search(pattern, given):
                found.append(f"{where} is {given!r}, which is not {pattern}")
    return given
