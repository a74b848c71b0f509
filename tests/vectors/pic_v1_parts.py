"""The cases of parts, ranges and whole files. Each holds one fault.

``sealed`` is a list of pieces: ``[base, from, to]`` copies bytes of a base part, a string is hexadecimal; so the fault
can be seen and the files stay small.
"""

import hashlib

from tests.vectors import pic_v1_format as pic

ORGANISATION, THREAD, FILE, MESSAGE = "org-a", "thread-a", "file-a", "message-a"
PLACE = f"{ORGANISATION}|{THREAD}|{FILE}"
DATA_KEY = pic.fixed("data key", 32)
SECRET = pic.fixed("organisation key", 32)
ELSEWHERE = {"organisation": "org-b", "thread": "thread-b", "file": "file-b", "message": "message-b"}
Case = dict[str, object]
Pieces = list[object]

BASES: dict[str, bytes] = {}
PLAINTEXTS: dict[str, bytes] = {}


def add_base(name: str, length: int, index: int = 0, *, context: str | None = None, key: bytes = DATA_KEY) -> None:
    PLAINTEXTS[name] = pic.fixed(f"plaintext {name}", length)
    where = f"pic/v1|{PLACE}|{index}" if context is None else context
    BASES[name] = pic.part(key, where, PLAINTEXTS[name], pic.fixed(f"salt {name}", 24))


for _name, _length in (("empty", 0), ("one", 1), ("short", 100), ("full", 16384), ("longest_final", 16383)):
    add_base(_name, _length)
add_base("three", 2 * 16384 + 7000)
add_base("other_sealing", 100)
add_base("v0", 100, context=f"pic/v0|{PLACE}|0")
add_base("unlabelled", 100, context="")
add_base("index_1", 100, 1)


def whole(base: str) -> Pieces:
    return [[base, 0, len(BASES[base])]]


def flipped(base: str, at: int) -> Pieces:
    at %= len(BASES[base])
    return [[base, 0, at], bytes([BASES[base][at] ^ 0x01]).hex(), [base, at + 1, len(BASES[base])]]


def result_of(plaintext: bytes) -> Case:
    return {"length": len(plaintext), "sha256": hashlib.sha256(plaintext).hexdigest()}


def faults_of_three() -> dict[str, Pieces]:
    """Faults of a part of three chunks: 0 and 1 full at 56 and 16456, the final one from 32856 to the end."""
    size = len(BASES["three"])
    head, first, second, final = ["three", 0, 56], ["three", 56, 16456], ["three", 16456, 32856], ["three", 32856, size]
    faults: dict[str, Pieces] = {
        "salt_first_bit": flipped("three", 0),
        "salt_last_bit": flipped("three", 23),
        "commitment_first_bit": flipped("three", 24),
        "commitment_last_bit": flipped("three", 55),
        "first_chunk_bit": flipped("three", 56),
        "first_chunk_tag_bit": flipped("three", 16455),
        "second_chunk_bit": flipped("three", 16456),
        "second_chunk_tag_bit": flipped("three", 32855),
        "final_chunk_bit": flipped("three", 32856),
        "final_chunk_tag_bit": flipped("three", -1),
        "chunks_swapped": [head, second, first, final],
        "chunk_doubled": [head, first, first, final],
        "first_chunk_dropped": [head, second, final],
        "second_chunk_dropped": [head, first, final],
        "final_chunk_dropped": [head, first, second],
        "final_chunk_twice": [head, first, second, final, final],
        "final_chunk_alone": [head, final],
        "last_byte_cut": [["three", 0, size - 1]],
        "cut_inside_second_chunk": [["three", 0, 20000]],
        "byte_appended": [["three", 0, size], "00"],
        "tag_appended": [["three", 0, size], "00" * 16],
        "head_cut": [["three", 0, 55]],
        "head_alone": [head],
        "nothing": [],
        "head_of_another_sealing": [["other_sealing", 0, 56], first, second, final],
        "salt_of_another_sealing": [["other_sealing", 0, 24], ["three", 24, size]],
        "chunk_of_another_sealing": [head, ["full", 56, 16456], second, final],
    }
    return faults


def part_case(name: str, pieces: Pieces, expected: bytes | None, **changed: object) -> Case:
    case: Case = {"name": name, "key": DATA_KEY.hex(), "organisation": ORGANISATION, "thread": THREAD, "file": FILE}
    case |= {"index": 0, "sealed": pieces, "expect": "error" if expected is None else "ok"} | changed
    return case if expected is None else case | {"result": result_of(expected)}


def part_cases() -> list[Case]:
    cases = [
        part_case(f"ok_{base}", whole(base), PLAINTEXTS[base])
        for base in ("empty", "one", "short", "full", "longest_final", "three", "other_sealing")
    ]
    cases += [part_case(name, pieces, None) for name, pieces in faults_of_three().items()]
    cases += [
        part_case(f"wrong_{what}", whole("short"), None, **{what: ELSEWHERE[what]})
        for what in ("organisation", "thread", "file")
    ]
    cases += [
        part_case("wrong_index", whole("short"), None, index=1),
        part_case("part_of_index_1", whole("index_1"), None),
        part_case("ok_index_1", whole("index_1"), PLAINTEXTS["index_1"], index=1),
        part_case("wrong_key", whole("short"), None, key=pic.fixed("other key", 32).hex()),
        part_case("downgraded_label", whole("v0"), None),
        part_case("no_context", whole("unlabelled"), None),
        part_case("empty_final_chunk_dropped", [["full", 0, 16456]], None),
        part_case("empty_final_chunk_tag_bit", flipped("full", -1), None),
        part_case("empty_part_tag_bit", flipped("empty", -1), None),
        part_case("empty_part_tag_cut", [["empty", 0, 71]], None),
        part_case("longest_final_cut", [["longest_final", 0, 16454]], None),
    ]
    return cases


def range_case(name: str, base: str, start: int, end: int, pieces: Pieces, *, ok: bool, **changed: object) -> Case:
    expected = PLAINTEXTS[base][start:end] if ok else None
    more = {"part_length": len(PLAINTEXTS[base]), "start": start, "end": end} | changed
    return part_case(name, pieces, expected, **more)


def range_cases() -> list[Case]:
    size = len(PLAINTEXTS["three"])
    ranges = [(0, 1), (0, size), (16383, 16385), (16384, 32768), (5, 5), (size - 1, size), (size, size), (20000, 33000)]
    ranges += [(0, 16384), (16384, 16384), (32768, size), (0, 32768)]
    cases = [range_case(f"ok_{a}_{b}", "three", a, b, whole("three"), ok=True) for a, b in ranges]
    cases += [
        range_case(f"ok_{base}_whole", base, 0, len(PLAINTEXTS[base]), whole(base), ok=True)
        for base in ("empty", "one", "full", "longest_final")
    ]
    reached_by_whole = faults_of_three()
    # These leave every byte that the length in the manifest points at as it was; a range never fetches the rest.
    for beyond in ("byte_appended", "tag_appended", "final_chunk_twice"):
        pieces = reached_by_whole.pop(beyond)
        cases.append(range_case(f"ok_whole_though_{beyond}", "three", 0, size, pieces, ok=True))
    cases += [range_case(f"whole_{n}", "three", 0, size, p, ok=False) for n, p in reached_by_whole.items()]
    first = ("salt_first_bit", "commitment_last_bit", "first_chunk_bit", "first_chunk_tag_bit", "chunks_swapped")
    cases += [range_case(f"first_byte_{n}", "three", 0, 1, faults_of_three()[n], ok=False) for n in first]
    cases += [
        range_case("ok_first_byte_though_second_chunk_bit", "three", 0, 1, flipped("three", 16456), ok=True),
        range_case("ok_last_byte_though_first_chunk_bit", "three", size - 1, size, flipped("three", 56), ok=True),
        range_case("second_chunk_bit_far_from_the_range", "three", 16384, 16385, flipped("three", 32000), ok=False),
        range_case("end_of_full_without_final_chunk", "full", 16000, 16384, [["full", 0, 16456]], ok=False),
        range_case("end_of_full_final_tag_bit", "full", 16000, 16384, flipped("full", -1), ok=False),
        range_case("length_too_short", "three", 0, size - 1, whole("three"), ok=False, part_length=size - 1),
        range_case("length_too_long", "three", 0, size + 1, whole("three"), ok=False, part_length=size + 1),
        range_case("length_a_chunk_short", "three", 0, 32768, whole("three"), ok=False, part_length=32768),
        range_case("wrong_index", "short", 0, 10, whole("short"), ok=False, index=1),
        range_case("wrong_file", "short", 0, 10, whole("short"), ok=False, file="file-b"),
        range_case("wrong_key", "short", 0, 10, whole("short"), ok=False, key=pic.fixed("other key", 32).hex()),
        range_case("downgraded_label", "short", 0, 10, whole("v0"), ok=False),
    ]
    return cases


def file_cases() -> list[Case]:
    """Whole files: manifest and parts as a reader meets them. Parts 0 and 1 are of one length."""
    for index, length in enumerate((200, 200, 50)):
        add_base(f"file_{index}", length, index)
    add_base("file_other_sealing_0", 200, 0)
    add_base("file_b_0", 200, 0, context=f"pic/v1|{ORGANISATION}|{THREAD}|file-b|0")
    names = ["file_0", "file_1", "file_2"]
    content = b"".join(PLAINTEXTS[name] for name in names)
    plain = pic.manifest_bytes("beslut åäö.pdf", "application/pdf", [200, 200, 50], hashlib.sha256(content).digest())
    sealed = pic.manifest(DATA_KEY, PLACE, plain, pic.fixed("nonce file", 12))
    wrong_digest = pic.manifest_bytes("beslut åäö.pdf", "application/pdf", [200, 200, 50], bytes(32))
    other_file = pic.manifest(DATA_KEY, f"{ORGANISATION}|{THREAD}|file-b", plain, pic.fixed("nonce file b", 12))
    parts = [whole(name) for name in names]
    cut: Pieces = [["file_2", 0, len(BASES["file_2"]) - 1]]
    extended: Pieces = [*parts[2], "00"]

    def case(name: str, stored: list[Pieces], *, manifest: bytes = sealed, ok: bool = False) -> Case:
        found = part_case(name, [], content if ok else None)
        del found["index"], found["sealed"]
        return found | {"manifest": f"m1.{pic.base64url(manifest)}", "parts": stored}

    return [
        case("ok", parts, ok=True),
        case("parts_swapped", [parts[1], parts[0], parts[2]]),
        case("part_doubled", [parts[0], parts[0], parts[2]]),
        case("first_part_dropped", parts[1:]),
        case("last_part_dropped", parts[:2]),
        case("part_appended", [*parts, parts[2]]),
        case("last_part_cut", [*parts[:2], cut]),
        case("bytes_appended", [*parts[:2], extended]),
        case("part_of_another_file", [whole("file_b_0"), *parts[1:]]),
        case("part_of_another_sealing", [whole("file_other_sealing_0"), *parts[1:]]),
        case("last_part_bit", [*parts[:2], flipped("file_2", -20)]),
        case("manifest_of_another_file", parts, manifest=other_file),
        case("digest_of_other_content", parts, manifest=pic.manifest(DATA_KEY, PLACE, wrong_digest, bytes(12))),
    ]
