"""Sealing parts and reading them whole or by range: what holds for any content, any split and any fault."""

import random
import secrets
from collections.abc import Iterable
from itertools import pairwise

import pytest
from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import AlreadyFinalized
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.crypto.contexts import part_context
from shared.crypto.parts import (
    CHUNK_BYTES,
    HEAD_BYTES,
    PART_BYTES,
    PartSealer,
    PartUnsealer,
    buffer_length,
    chunk_span,
    sealed_length,
    unseal_part,
    unseal_range,
)
from shared.domain.errors import IntegrityError

KEY = bytes(range(32))
CONTEXT = part_context("org", "thread", "file", 0)
CONTENT = bytes(secrets.token_bytes(3 * CHUNK_BYTES + 11))
LENGTHS = st.one_of(
    st.integers(0, 3 * CHUNK_BYTES + 11),
    st.sampled_from([n * CHUNK_BYTES + d for n in (1, 2, 3) for d in (-1, 0, 1)]),
)


def sealed_part(plaintext: bytes, *, key: bytes = KEY, context: bytes = CONTEXT) -> bytes:
    sealer = PartSealer(key, context)
    sealer.update(plaintext)
    return bytes(sealer.finalize())


def ranged(sealed: bytes, length: int, start: int, end: int) -> bytearray:
    span = chunk_span(length, start, end)
    chunks = memoryview(sealed)[span.sealed_start : span.sealed_end]
    return unseal_range(KEY, CONTEXT, sealed[:HEAD_BYTES], chunks, span, start, end)


@settings(max_examples=80, deadline=None)
@given(length=LENGTHS, cuts=st.lists(st.integers(0, 3 * CHUNK_BYTES + 11), max_size=8))
def test_any_split_of_the_content_reads_back(length: int, cuts: list[int]) -> None:
    """Where the network cut the body must not matter to what is stored."""
    plaintext = CONTENT[:length]
    sealer = PartSealer(KEY, CONTEXT, capacity=max(1, length))
    edges = [0, *sorted(min(cut, length) for cut in cuts), length]
    for start, end in pairwise(edges):
        sealer.update(memoryview(plaintext)[start:end])
        assert end == sealer.plaintext_length
    sealed = sealer.finalize()
    assert sealed_length(length) == len(sealed)
    assert plaintext == unseal_part(KEY, CONTEXT, sealed)
    decryptor = Cobblestone256Decryptor(KEY, CONTEXT)
    assert plaintext == decryptor.update(sealed) + decryptor.finalize()


@settings(max_examples=150, deadline=None)
@given(length=LENGTHS, data=st.data())
def test_any_range_is_the_slice(length: int, data: st.DataObject) -> None:
    """The library reads whole messages; ours must give the same bytes for every part of one."""
    encryptor = Cobblestone256Encryptor(KEY, CONTEXT)
    sealed = encryptor.update(CONTENT[:length]) + encryptor.finalize()
    start = data.draw(st.integers(0, length))
    end = data.draw(st.one_of(st.integers(start, length), st.just(length)))
    assert CONTENT[start:end] == ranged(sealed, length, start, end)


@settings(max_examples=150, deadline=None)
@given(length=LENGTHS, data=st.data())
def test_a_flipped_bit_anywhere_is_refused(length: int, data: st.DataObject) -> None:
    """Whole reads and the ranges that touch the chunk raise, and release nothing of the chunks before it."""
    sealed = bytearray(sealed_part(CONTENT[:length]))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(IntegrityError):
        unseal_part(KEY, CONTEXT, sealed)
    with pytest.raises(IntegrityError):
        ranged(bytes(sealed), length, 0, length)


def unsealed(sealed: bytes, length: int, cuts: Iterable[int] = ()) -> bytearray:
    """By way of an unsealer, which gets it cut there."""
    unsealer = PartUnsealer(KEY, CONTEXT, length)
    take = unsealer.begin()
    for start, end in pairwise([0, *sorted(min(cut, len(sealed)) for cut in cuts), len(sealed)]):
        take(sealed[start:end])
    return unsealer.finalize()


@settings(max_examples=80, deadline=None)
@given(length=LENGTHS, cuts=st.lists(st.integers(0, 3 * CHUNK_BYTES + 200), max_size=8))
def test_a_part_is_unsealed_as_it_comes(length: int, cuts: list[int]) -> None:
    """However the network cuts it: within the head, a seal or a chunk."""
    assert unsealed(sealed_part(CONTENT[:length]), length, cuts) == CONTENT[:length]


@pytest.mark.parametrize("length", [0, 1, PART_BYTES - 1, PART_BYTES])
def test_the_smallest_and_the_largest_part_are_unsealed_as_they_come(length: int) -> None:
    content = random.Random(length).randbytes(length)  # noqa: S311
    sealed = sealed_part(content)
    assert unsealed(sealed, length, range(0, len(sealed), 250_007)) == content
    with pytest.raises(ValueError, match="length"):
        PartUnsealer(KEY, CONTEXT, PART_BYTES + 1)


@settings(max_examples=80, deadline=None)
@given(length=LENGTHS, data=st.data())
def test_what_is_unsealed_as_it_comes_is_refused_as_a_whole(length: int, data: st.DataObject) -> None:
    """A bit anywhere, an end that comes early, a byte too many: there is no plaintext then, of no chunk."""
    sealed = sealed_part(CONTENT[:length])
    cuts = data.draw(st.lists(st.integers(0, len(sealed)), max_size=4))
    at = data.draw(st.integers(0, len(sealed) - 1))
    flipped = bytearray(sealed)
    flipped[at] ^= 1 << data.draw(st.integers(0, 7))
    for wrong in (bytes(flipped), sealed[:at], sealed + b"\0"):
        with pytest.raises(IntegrityError):
            unsealed(wrong, length, cuts)


@pytest.mark.parametrize("other", [-CHUNK_BYTES, -1, 1, CHUNK_BYTES])
def test_a_part_of_another_length_than_the_manifests_is_refused(other: int) -> None:
    """Sealed by ourselves for this very place, and yet not what the manifest speaks of."""
    length = 2 * CHUNK_BYTES + 7
    with pytest.raises(IntegrityError):
        unsealed(sealed_part(CONTENT[: length + other]), length)


@pytest.mark.parametrize("taken", [0, 1, HEAD_BYTES, HEAD_BYTES + CHUNK_BYTES + 100, -1])
def test_a_part_that_broke_off_is_begun_anew(taken: int) -> None:
    """A read that is repeated gives all of it again, from its first byte; the sealing may be another one, too."""
    unsealer = PartUnsealer(KEY, CONTEXT, len(CONTENT))
    unsealer.begin()(sealed_part(CONTENT)[:taken])
    unsealer.begin()(sealed_part(CONTENT))
    assert unsealer.finalize() == CONTENT


def test_a_damaged_part_may_be_begun_anew() -> None:
    """Until then there is nothing to be had of it."""
    sealed = sealed_part(CONTENT)
    unsealer = PartUnsealer(KEY, CONTEXT, len(CONTENT))
    with pytest.raises(IntegrityError):
        unsealer.begin()(bytes([sealed[0] ^ 1]) + sealed[1:])
    with pytest.raises(AlreadyFinalized):
        unsealer.finalize()
    unsealer.begin()(sealed)
    assert unsealer.finalize() == CONTENT
    unsealer.begin()(sealed)
    assert unsealer.finalize() == CONTENT


@pytest.mark.parametrize("length", [0, 1, CHUNK_BYTES])
def test_a_part_of_which_nothing_came_is_refused(length: int) -> None:
    """Whether a read was begun or not."""
    unsealer = PartUnsealer(KEY, CONTEXT, length)
    with pytest.raises(IntegrityError):
        unsealer.finalize()
    unsealer.begin()
    with pytest.raises(IntegrityError):
        unsealer.finalize()


@settings(max_examples=80, deadline=None)
@given(length=LENGTHS, data=st.data())
def test_a_cut_or_an_extension_is_refused(length: int, data: st.DataObject) -> None:
    """A part ends where it was ended, whatever the store gives back."""
    sealed = sealed_part(CONTENT[:length])
    cut = sealed[: data.draw(st.integers(0, len(sealed) - 1))]
    with pytest.raises(IntegrityError):
        unseal_part(KEY, CONTEXT, cut)
    with pytest.raises(IntegrityError):
        ranged(cut, length, 0, length)
    with pytest.raises(IntegrityError):
        unseal_part(KEY, CONTEXT, sealed + data.draw(st.binary(min_size=1, max_size=20)))


@given(first=st.integers(0, 3), second=st.integers(0, 3))
@settings(deadline=None)
def test_swapped_chunks_are_refused(first: int, second: int) -> None:
    """The number of a chunk is in its nonce."""
    sealed = sealed_part(bytes(4 * CHUNK_BYTES))
    size = CHUNK_BYTES + 16
    chunks = [sealed[HEAD_BYTES + k * size : HEAD_BYTES + (k + 1) * size] for k in range(5)]
    chunks[first], chunks[second] = chunks[second], chunks[first]
    moved = sealed[:HEAD_BYTES] + b"".join(chunks)
    if first == second:
        assert bytes(4 * CHUNK_BYTES) == unseal_part(KEY, CONTEXT, moved)
        return
    with pytest.raises(IntegrityError):
        unseal_part(KEY, CONTEXT, moved)
    with pytest.raises(IntegrityError):
        ranged(moved, 4 * CHUNK_BYTES, first * CHUNK_BYTES, first * CHUNK_BYTES + 1)


@pytest.mark.parametrize(
    "context",
    [
        part_context("org", "thread", "file", 1),
        part_context("org", "thread", "file2", 0),
        part_context("org", "thread2", "file", 0),
        part_context("org2", "thread", "file", 0),
        b"",
    ],
)
def test_a_part_opens_in_its_own_place_only(context: bytes) -> None:
    """A store that swaps parts between files, threads or organisations gains nothing."""
    sealed = sealed_part(b"text")
    with pytest.raises(IntegrityError):
        unseal_part(KEY, context, sealed)
    span = chunk_span(4, 0, 4)
    with pytest.raises(IntegrityError):
        unseal_range(KEY, context, sealed[:HEAD_BYTES], sealed[HEAD_BYTES:], span, 0, 4)


def test_the_same_content_is_never_sealed_alike() -> None:
    """Every sealing has its own salt: a retry with other bytes must not meet the same nonce."""
    assert len({sealed_part(b"same")[:24] for _ in range(50)}) == 50


def test_a_full_part_is_taken_and_not_a_byte_more() -> None:
    """8 MiB is the bound of memory per part and of a block; the sealer enforces it and stays usable."""
    sealer = PartSealer(KEY, CONTEXT)
    sealer.update(bytes(PART_BYTES - 1))
    assert sealer.room == 1
    with pytest.raises(ValueError, match="room"):
        sealer.update(b"ab")
    sealer.update(b"a")
    assert sealer.room == 0
    sealed = sealer.finalize()
    assert sealed_length(PART_BYTES) == len(sealed)
    assert bytes(PART_BYTES - 1) + b"a" == unseal_part(KEY, CONTEXT, sealed)


def test_a_part_larger_than_any_of_ours_is_refused_unread() -> None:
    """What a store can make us hold in memory is bounded."""
    encryptor = Cobblestone256Encryptor(KEY, CONTEXT)
    sealed = encryptor.update(bytes(PART_BYTES + 1)) + encryptor.finalize()
    with pytest.raises(IntegrityError):
        unseal_part(KEY, CONTEXT, sealed)


def test_a_buffer_is_used_again_without_traces() -> None:
    """A shorter part after a longer one in the same buffer must not carry bytes of the first."""
    buffer = bytearray(buffer_length(CHUNK_BYTES))
    first = PartSealer(KEY, CONTEXT, buffer, capacity=CHUNK_BYTES)
    first.update(bytes(CHUNK_BYTES))
    assert len(first.finalize()) == sealed_length(CHUNK_BYTES)
    second = PartSealer(KEY, CONTEXT, buffer, capacity=CHUNK_BYTES)
    second.update(b"short")
    assert unseal_part(KEY, CONTEXT, second.finalize()) == b"short"


def test_the_sealed_part_cannot_be_changed_by_its_receiver() -> None:
    """The view is on the buffer: an adapter that scribbled into it would break the part."""
    assert PartSealer(KEY, CONTEXT, capacity=1).finalize().readonly


def test_a_finished_sealer_refuses_more() -> None:
    """A second message under one salt would repeat nonces."""
    sealer = PartSealer(KEY, CONTEXT, capacity=10)
    sealer.finalize()
    with pytest.raises(AlreadyFinalized):
        sealer.update(b"a")
    with pytest.raises(AlreadyFinalized):
        sealer.finalize()


def test_lengths_out_of_bounds_are_mistakes_of_the_caller() -> None:
    """None of these comes from input, so they must not look like failed verification."""
    for capacity in (0, PART_BYTES + 1):
        with pytest.raises(ValueError, match="capacity"):
            PartSealer(KEY, CONTEXT, capacity=capacity)
    with pytest.raises(ValueError, match="buffer"):
        PartSealer(KEY, CONTEXT, bytearray(buffer_length(10) - 1), capacity=10)
    with pytest.raises(ValueError, match="length"):
        sealed_length(-1)
    with pytest.raises(ValueError, match="key"):
        unseal_range(KEY[:31], CONTEXT, bytes(56), bytes(16), chunk_span(0, 0, 0), 0, 0)
    for start, end in ((-1, 2), (3, 2), (0, 11)):
        with pytest.raises(ValueError, match="outside"):
            chunk_span(10, start, end)
    with pytest.raises(ValueError, match="span"):
        unseal_range(KEY, CONTEXT, bytes(56), bytes(16400), chunk_span(20_000, 0, 10), 0, 17_000)


def test_a_span_names_the_bytes_to_fetch() -> None:
    """One chunk for a byte in the middle; the empty final chunk too when the range reaches the end."""
    middle = chunk_span(PART_BYTES, 5 * CHUNK_BYTES, 5 * CHUNK_BYTES + 1)
    assert (middle.first_chunk, middle.last_chunk, middle.is_last) == (5, 5, False)
    assert (middle.sealed_start, middle.sealed_end) == (56 + 5 * 16400, 56 + 6 * 16400)
    end = chunk_span(PART_BYTES, PART_BYTES - 1, PART_BYTES)
    assert (end.first_chunk, end.last_chunk, end.is_last) == (511, 512, True)
    assert end.sealed_end == sealed_length(PART_BYTES)
