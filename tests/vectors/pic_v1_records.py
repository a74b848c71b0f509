"""The cases of what stands in records: texts, manifests, data keys, fields, confirmations, look-up keys.

Each holds one fault. A sealed text is written out in full.
"""

import hashlib

from tests.vectors import pic_v1_format as pic
from tests.vectors.pic_v1_parts import DATA_KEY, ELSEWHERE, FILE, MESSAGE, ORGANISATION, PLACE, SECRET, THREAD, Case

VERSION = 7
WRAP = pic.subkey(SECRET, "wrap", ORGANISATION, VERSION)
FIELD = pic.subkey(SECRET, "field", ORGANISATION, VERSION)
PARTITION, RECORD, NAME = "thread|thread-a", "message|message-a", "subject"


def flipped(data: bytes, at: int) -> bytes:
    at %= len(data)
    return data[:at] + bytes([data[at] ^ 0x80]) + data[at + 1 :]


def bit_faults(sealed: bytes, places: dict[str, int]) -> dict[str, bytes]:
    return {f"{name}_bit": flipped(sealed, at) for name, at in places.items()}


BOX_FAULTS = {"nonce_first": 0, "nonce_last": 11, "ciphertext_first": 12, "tag_first": -16, "tag_last": -1}


def spelling_faults(label: str, prefix: str, payload: bytes) -> dict[str, str]:
    """Other spellings of the text ``label.prefix + payload``, and what is no spelling of anything."""
    text = pic.base64url(payload)
    faults = {
        "label_downgraded": f"{label[0]}0.{prefix}{text}",
        "label_upgraded": f"{label[0]}2.{prefix}{text}",
        "label_of_another_kind": f"x1.{prefix}{text}",
        "label_upper_case": f"{label.upper()}.{prefix}{text}",
        "label_missing": f"{prefix}{text}",
        "line_break_after": f"{label}.{prefix}{text}\n",
        "space_before": f" {label}.{prefix}{text}",
        "character_outside_alphabet": f"{label}.{prefix}{text[:-1]}*",
        "payload_missing": f"{label}.{prefix}",
        "payload_too_short": f"{label}.{prefix}{pic.base64url(payload[:27])}",
        "last_byte_cut": f"{label}.{prefix}{pic.base64url(payload[:-1])}",
        "byte_appended": f"{label}.{prefix}{pic.base64url(payload + bytes(1))}",
        "nothing": "",
    }
    if len(payload) % 3:
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        last = alphabet[alphabet.index(text[-1]) + 1]
        faults["unused_bits_set"] = f"{label}.{prefix}{text[:-1]}{last}"
        faults["padded"] = f"{label}.{prefix}{text}{'=' * (-len(text) % 4)}"
    return faults


def version_faults(label: str, payload: bytes) -> dict[str, str]:
    text = pic.base64url(payload)
    versions = ("0", "07", "+7", "8", "1000000000", "", " 7", "7.7", "７")
    return {f"version_{version or 'missing'}": f"{label}.{version}.{text}" for version in versions}


def text_cases() -> list[Case]:
    context = f"pic/v1|{ORGANISATION}|{THREAD}|{MESSAGE}|0"

    def sealed(text: bytes, name: str, where: str = context) -> bytes:
        return pic.part(DATA_KEY, where, text, pic.fixed(f"salt text {name}", 24))

    def case(name: str, text: str, result: str | None = None, **changed: object) -> Case:
        found: Case = {"name": name, "key": DATA_KEY.hex(), "organisation": ORGANISATION, "thread": THREAD}
        found |= {"message": MESSAGE, "sealed": text, "expect": "error" if result is None else "ok"} | changed
        return found if result is None else found | {"result": result}

    def form(sealed: bytes) -> str:
        return f"t1.{pic.base64url(sealed)}"

    swedish = "Hej! Ditt beslut ligger här. Åäö 👋"
    body = sealed(swedish.encode(), "swedish")
    good = form(body)
    cases = [
        case("ok_swedish", good, swedish),
        case("ok_empty", form(sealed(b"", "empty")), ""),
        case("ok_longest", form(sealed(b"a" * 65536, "longest")), "a" * 65536),
    ]
    flips = bit_faults(body, {"salt": 3, "commitment": 30, "ciphertext": 56, "tag": -1})
    cases += [case(name, form(data)) for name, data in flips.items()]
    cases += [case(name, text) for name, text in spelling_faults("t1", "", body).items()]
    cases += [case(f"wrong_{w}", good, **{w: ELSEWHERE[w]}) for w in ("organisation", "thread", "message")]
    cases += [
        case("wrong_key", good, key=pic.fixed("other key", 32).hex()),
        case("not_utf8", form(sealed(b"caf\xe9", "latin"))),
        case("index_1", form(sealed(b"x", "index", context[:-1] + "1"))),
        case("context_downgraded", form(sealed(b"x", "v0", context.replace("v1", "v0")))),
    ]
    return cases


def manifest_cases() -> list[Case]:
    digest = hashlib.sha256(b"").digest()
    plain = pic.manifest_bytes("beslut åäö.pdf", "application/pdf", [8388608, 17], digest)

    def sealed(plaintext: bytes, place: str = PLACE, label: str = "pic/v1") -> bytes:
        return pic.manifest(DATA_KEY, place, plaintext, pic.fixed(f"nonce {plaintext!r} {place}", 12), label=label)

    def case(name: str, text: str, result: Case | None = None, **changed: object) -> Case:
        found: Case = {"name": name, "key": DATA_KEY.hex(), "organisation": ORGANISATION, "thread": THREAD}
        found |= {"file": FILE, "sealed": text, "expect": "error" if result is None else "ok"} | changed
        return found if result is None else found | {"result": result}

    def form(sealed: bytes) -> str:
        return f"m1.{pic.base64url(sealed)}"

    body = sealed(plain)
    good = form(body)
    empty = pic.manifest_bytes("tom", "text/plain", [], digest)
    read: Case = {"name": "beslut åäö.pdf", "media_type": "application/pdf"}
    read_numbers: Case = {"part_lengths": [8388608, 17], "total_length": 8388625, "sha256": digest.hex()}
    empty_result: Case = {"name": "tom", "media_type": "text/plain", "part_lengths": [], "total_length": 0}
    cases = [
        case("ok", good, read | read_numbers),
        case("ok_empty_file", form(sealed(empty)), empty_result | {"sha256": digest.hex()}),
    ]
    cases += [case(name, form(data)) for name, data in bit_faults(body, BOX_FAULTS).items()]
    cases += [case(name, text) for name, text in spelling_faults("m1", "", body).items()]
    wrong = {w: {w: ELSEWHERE[w]} for w in ("organisation", "thread", "file")}
    cases += [case(f"wrong_{w}", good, None, **changed) for w, changed in wrong.items()]
    cases += [
        case("wrong_key", good, key=pic.fixed("other key", 32).hex()),
        case("context_downgraded", form(sealed(plain, label="pic/v0"))),
        case("key_not_derived", form(pic.box(DATA_KEY, plain, f"pic/v1/manifest|{PLACE}", bytes(12)))),
    ]
    cases += [case(name, form(sealed(text))) for name, text in manifest_spellings(plain).items()]
    return cases


def manifest_spellings(plain: bytes) -> dict[str, bytes]:
    """Manifests that verify and say something wrong, or say it in another spelling."""
    one = pic.manifest_bytes("a", "text/plain", [1], hashlib.sha256(b"a").digest())
    lengths, total = b"[8388608,17]", b'"total_length":8388625'
    spellings = {
        "space": plain.replace(b":", b": ", 1),
        "line_break_at_end": plain + b"\n",
        "byte_order_mark": b"\xef\xbb\xbf" + plain,
        "escaped_letter": plain.replace("ö".encode(), b"\\u00f6"),
        "member_doubled": plain.replace(b'{"', b'{"media_type":"text/plain","', 1),
        "member_unknown": plain.replace(b"}", b',"zone":1}'),
        "member_missing": plain.replace(b"," + total, b""),
        "members_in_another_order": plain.replace(b"," + total, b"").replace(b"{", b"{" + total + b",", 1),
        "total_too_small": plain.replace(total, b'"total_length":8388624'),
        "total_is_a_fraction": plain.replace(total, b'"total_length":8388625.0'),
        "total_is_a_text": plain.replace(total, b'"total_length":"8388625"'),
        "total_is_true": one.replace(b'"total_length":1', b'"total_length":true'),
        "length_is_true": one.replace(b"[1]", b"[true]"),
        "length_zero": plain.replace(lengths, b"[8388608,0,17]"),
        "length_negative": plain.replace(lengths, b"[8388608,18,-1]"),
        "length_over_8_mib": plain.replace(lengths, b"[8388609,16]"),
        "lengths_are_a_number": plain.replace(lengths, b"8388625"),
        "digest_upper_case": plain.replace(b"e3b0c442", b"E3B0C442"),
        "digest_short": plain.replace(b"e3b0c442", b""),
        "name_with_path": plain.replace(b'"name":"', b'"name":"../'),
        "name_empty": one.replace(b'"name":"a"', b'"name":""'),
        "name_not_composed": plain.replace("ö".encode(), "o\u0308".encode()),
        "media_type_upper_case": plain.replace(b"application", b"Application"),
        "not_an_object": b"[" + plain + b"]",
        "not_json": b"manifest",
        "not_utf8": plain.replace("ö".encode(), b"\xf6"),
        "empty": b"",
    }
    assert not {plain, one} & set(spellings.values()), "a case without a fault"
    return spellings


def organisation_key(**changed: object) -> Case:
    return {"organisation": ORGANISATION, "version": VERSION, "secret": SECRET.hex()} | changed


def data_key_cases() -> list[Case]:
    context = f"pic/v1/data-key|{PLACE}|{VERSION}"

    def wrapped(key: bytes = DATA_KEY, under: bytes = WRAP, where: str = context) -> bytes:
        return pic.box(under, key, where, pic.fixed(f"nonce {key!r} {under!r} {where}", 12))

    def case(name: str, text: str, result: str | None = None, **changed: object) -> Case:
        found: Case = {"name": name, "organisation_key": organisation_key(), "thread": THREAD, "file": FILE}
        found |= {"sealed": text, "expect": "error" if result is None else "ok"} | changed
        return found if result is None else found | {"result": result}

    def form(box: bytes) -> str:
        return f"k1.{VERSION}.{pic.base64url(box)}"

    good = form(wrapped())
    cases = [case("ok", good, DATA_KEY.hex())]
    cases += [case(name, form(data)) for name, data in bit_faults(wrapped(), BOX_FAULTS).items()]
    cases += [case(name, text) for name, text in spelling_faults("k1", "7.", wrapped()).items()]
    cases += [case(name, text) for name, text in version_faults("k1", wrapped()).items()]
    cases += [case(f"wrong_{w}", good, **{w: ELSEWHERE[w]}) for w in ("thread", "file")]
    cases += [
        case("wrong_organisation", good, organisation_key=organisation_key(organisation="org-b")),
        case("wrong_secret", good, organisation_key=organisation_key(secret=pic.fixed("other", 32).hex())),
        case("wrong_key_version", good, organisation_key=organisation_key(version=8)),
        case("context_downgraded", form(wrapped(where=context.replace("v1", "v0")))),
        case("context_of_another_version", form(wrapped(where=f"pic/v1/data-key|{PLACE}|8"))),
        case("context_of_a_manifest", form(wrapped(where=f"pic/v1/manifest|{PLACE}"))),
        case("under_the_field_key", form(wrapped(under=FIELD))),
        case("under_the_secret_itself", form(wrapped(under=SECRET))),
        case("key_of_16_bytes", form(wrapped(key=DATA_KEY[:16]))),
        case("key_of_33_bytes", form(wrapped(key=DATA_KEY + b"x"))),
    ]
    return cases


def field_cases() -> list[Case]:
    context = f"pic/v1/field|{ORGANISATION}|thread/thread-a|message/message-a|subject|{VERSION}"

    def sealed(text: bytes, under: bytes = FIELD, where: str = context) -> bytes:
        return pic.box(under, text, where, pic.fixed(f"nonce {text!r} {under!r} {where}", 12))

    def case(name: str, text: str, result: str | None = None, **changed: object) -> Case:
        found: Case = {"name": name, "organisation_key": organisation_key(), "partition": PARTITION, "id": RECORD}
        found |= {"field": NAME, "sealed": text, "expect": "error" if result is None else "ok"} | changed
        return found if result is None else found | {"result": result}

    def form(box: bytes) -> str:
        return f"f1.{VERSION}.{pic.base64url(box)}"

    body = sealed("Beslut om bistånd!".encode())
    good = form(body)
    empty = sealed(b"")
    cases = [case("ok", good, "Beslut om bistånd!"), case("ok_empty", form(empty), "")]
    cases += [case(name, form(data)) for name, data in bit_faults(body, BOX_FAULTS).items()]
    cases += [case(name, text) for name, text in spelling_faults("f1", "7.", body).items()]
    cases += [case(name, text) for name, text in version_faults("f1", body).items()]
    cases += [
        case("wrong_partition", good, partition="thread|thread-b"),
        case("wrong_id", good, id="message|message-b"),
        case("wrong_field", good, field="name"),
        case("partition_and_id_swapped", good, partition=RECORD, id=PARTITION),
        case("separator_moved", good, partition="thread", id="thread-a|message|message-a"),
        case("wrong_organisation", good, organisation_key=organisation_key(organisation="org-b")),
        case("wrong_key_version", good, organisation_key=organisation_key(version=8)),
        case("wrong_secret", good, organisation_key=organisation_key(secret=pic.fixed("other", 32).hex())),
        case("context_downgraded", form(sealed(b"x", where=context.replace("v1", "v0")))),
        case("separators_as_they_are", form(sealed(b"x", where=context.replace("/thread-a", "|thread-a")))),
        case("under_the_wrapping_key", form(sealed(b"x", under=WRAP))),
        case("not_utf8", form(sealed(b"caf\xe9"))),
    ]
    return cases


def confirmation_cases() -> list[Case]:
    good = pic.subkey(SECRET, "confirm", ORGANISATION, VERSION).hex()

    def case(name: str, text: str, expect: str = "error", **changed: object) -> Case:
        return {"name": name, "organisation_key": organisation_key(**changed), "confirmation": text, "expect": expect}

    return [
        case("ok", good, "ok"),
        case("wrong_organisation", good, organisation="org-b"),
        case("wrong_version", good, version=8),
        case("wrong_secret", good, secret=pic.fixed("other", 32).hex()),
        case("bit", flipped(bytes.fromhex(good), 5).hex()),
        case("cut", good[:-2]),
        case("upper_case", good.upper()),
        case("nothing", ""),
        case("of_the_wrapping_key", WRAP.hex()),
    ]


def look_up_cases() -> list[Case]:
    """Values that are computed and compared; none of them can fail to verify."""
    pepper = pic.fixed("pepper", 32)
    token = pic.base64url(pic.fixed("token", 32))

    def case(name: str, kind: str, given: str, result: str) -> Case:
        return {"name": name, "kind": kind, "pepper": pepper.hex(), "input": given, "expect": "ok", "result": result}

    numbers = ("199006022397", "199908072391", "201803092384", "197011902397", "191212121212")
    cases = [case(f"subject_{n}", "subject", n, f"s3-{pic.keyed_hex(pepper, f'pic/pnr/v1:{n}')}") for n in numbers]
    plain = pic.keyed_hex(pepper, "pic/address/v1:åsa@kommun.example")
    spellings = {"plain": "åsa@kommun.example", "case": "ÅSA@Kommun.Example", "spaces": " åsa@kommun.example\n"}
    spellings["not_composed"] = "a\u030asa@kommun.example"
    cases += [case(f"address_{name}", "address", given, plain) for name, given in spellings.items()]
    cases += [
        case(
            "address_of_another",
            "address",
            "asa@kommun.example",
            pic.keyed_hex(pepper, "pic/address/v1:asa@kommun.example"),
        ),
        case("token_hash", "token_hash", token, hashlib.sha256(token.encode()).hexdigest()),
        case("csrf", "csrf", token, pic.base64url(bytes.fromhex(pic.keyed_hex(token.encode(), "pic/v1/csrf")))),
    ]
    return cases
