"""A QR code as an SVG image, or as the shape in one, through segno. Error correction M, as BankID asks for."""

import io

SCALE = 6
"""Pixels a module; the code is about 45 modules wide."""


def qr_svg(content: str) -> bytes:
    """The image, with the quiet zone of four modules that scanners need."""
    import segno  # noqa: PLC0415  # most instances never draw a code

    image = io.BytesIO()
    segno.make(content, error="m", micro=False, boost_error=False).save(image, kind="svg", scale=SCALE, border=4)
    return image.getvalue()


def qr_shape(content: str) -> tuple[int, str]:
    """The width in modules with the quiet zone, and the dark modules as the path of an SVG: for what is shown once.

    An image of its own would need an address, and something that answers there a second time.
    """
    import segno  # noqa: PLC0415  # most instances never draw a code

    code = segno.make(content, error="m", micro=False, boost_error=False)
    rows = list(code.matrix_iter(border=4))
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark)
    return len(rows), path
