"""A QR code as an SVG image, through segno. Error correction M, as BankID asks for."""

import io

SCALE = 6
"""Pixels a module; the code is about 45 modules wide."""


def qr_svg(content: str) -> bytes:
    """The image, with the quiet zone of four modules that scanners need."""
    import segno  # noqa: PLC0415  # most instances never draw a code

    image = io.BytesIO()
    segno.make(content, error="m", micro=False, boost_error=False).save(image, kind="svg", scale=SCALE, border=4)
    return image.getvalue()
