"""What a picture's header says that decides how much memory decoding takes. Pure: bytes in, numbers out."""

from __future__ import annotations

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # JPEG markers of a frame; the three others of this row are none
_SEQUENTIAL = (0xC0, 0xC1)
_SCAN = 0xDA


def webp(data: bytes) -> tuple[int, int, bool]:
    """Width, height and whether there may be transparency, of a WebP (RFC 9649, section 2). `ValueError` when it is none."""
    if len(data) < 30:
        raise ValueError("too short for a WebP")
    match data[12:16]:
        case b"VP8 ":
            return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF, False
        case b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
        case b"VP8X":
            width, height = int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
            return width, height, bool(data[20] & 0x10)
        case other:
            raise ValueError(f"a WebP that begins with {other!r}")


def jpeg_in_several_scans(data: bytes) -> bool:
    """Is this JPEG progressive, or in scans of fewer than all its components (ITU-T T.81, B.2.2 and B.2.3)? Then its decoder must
    keep the whole picture's coefficients. What cannot be followed is taken for one that is."""
    place, components = 2, 0
    while place + 9 < len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # a fill byte
            place += 1
            continue
        if marker in _FRAMES:
            if marker not in _SEQUENTIAL:
                return True
            components = data[place + 9]
        if marker == _SCAN:
            return data[place + 4] < components
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return True
