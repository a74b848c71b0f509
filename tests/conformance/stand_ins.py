"""What the runtime takes for protobuf messages, which are the only way the real host speaks to it."""

from types import SimpleNamespace
from typing import Any


class Message:
    """One permissive stand-in for every protobuf message."""

    Success, Failure = 1, 0

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)


class BindingInfo(Message):
    undefined, out, inout = 0, 1, 2  # the constants that the indexer compares with


class OneOf:
    """TypedData and ParameterBinding, which are read through ``WhichOneof``."""

    def __init__(self, kind: str | None = None, value: object = None, **more: Any) -> None:
        self.__dict__.update(more, kind=kind, **({kind: value} if kind else {}))
        self.kind = kind

    def WhichOneof(self, _: str) -> str | None:  # noqa: N802  # protobuf's name
        return self.kind


NAMES = """WorkerInitResponse WorkerMetadata StatusResult RpcException FunctionMetadataResponse RpcFunctionMetadata
    RpcRetryOptions FunctionLoadResponse FunctionEnvironmentReloadResponse InvocationResponse TypedData RpcHttp
    RpcHttpCookie ParameterBinding NullableString NullableBool NullableDouble NullableTimestamp"""
PROTOS = SimpleNamespace(BindingInfo=BindingInfo, **{name: type(name, (Message,), {}) for name in NAMES.split()})


def ask(kind: str, **fields: Any) -> SimpleNamespace:
    return SimpleNamespace(
        request=SimpleNamespace(**{kind: SimpleNamespace(**fields)}),
        properties={"host": "127.0.0.1", "protos": PROTOS},
    )
