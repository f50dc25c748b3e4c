"""Which font has a letter. DejaVu Sans, which matplotlib brings, has those of Latin, Greek, Cyrillic and more; Chinese, Japanese and Korean
are written with fonts that every PDF reader has of its own (Adobe's CID fonts), so that none is carried in the file."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont, registerFontFamily
from reportlab.pdfbase.ttfonts import TTFont

PLAIN, BOLD = "DejaVuSans", "DejaVuSans-Bold"
JAPANESE, CHINESE, KOREAN = "HeiseiKakuGo-W5", "STSong-Light", "HYGothic-Medium"
_KANA = re.compile("[\u3040-\u30ff]")
_KOREAN = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
_EASTERN = re.compile("[\u2e80-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")


@cache
def fonts() -> TTFont:
    """Make all fonts known. Answers the plain one."""
    found = find_spec("matplotlib")
    assert found is not None, "matplotlib is installed with us"
    assert found.origin is not None, "and is a package"
    folder = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
    for name in (PLAIN, BOLD):
        registerFont(TTFont(name, str(folder / f"{name}.ttf")))
    registerFontFamily(PLAIN, normal=PLAIN, bold=BOLD, italic=PLAIN, boldItalic=BOLD)
    for name in (JAPANESE, CHINESE, KOREAN):
        registerFont(UnicodeCIDFont(name))
    return TTFont(PLAIN, str(folder / f"{PLAIN}.ttf"))


def marked(text: str) -> tuple[str, bool]:
    """The text as reportlab's markup, each letter in a font that has it, and whether all of its letters are sure to be seen rightly.
    What is no letter (emoji) and in no font is left out."""
    whole = True
    eastern = JAPANESE if _KANA.search(text) else KOREAN if _KOREAN.search(text) else CHINESE
    kept: list[tuple[str, str]] = []
    for letter in unicodedata.normalize("NFC", text):
        if _EASTERN.match(letter):
            whole = False  # a reader without such a font leaves it out
            kept.append((eastern, letter))
        elif ord(letter) in fonts().face.charToGlyph:
            whole = whole and unicodedata.bidirectional(letter) not in ("R", "AL")
            kept.append(("", letter))
        elif unicodedata.category(letter)[0] in "LMN":
            whole = False
            kept.append(("", "□"))
    parts = [(font, escape("".join(letter for _font, letter in run))) for font, run in groupby(kept, key=lambda one: one[0])]
    return "".join(f'<font name="{font}">{part}</font>' if font else part for font, part in parts), whole
