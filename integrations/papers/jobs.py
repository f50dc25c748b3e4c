"""Draws sheets as PDF, in the helper child only (`storage/helper_child.py`): a `core.values.sheet.Sheet` as JSON and pictures in, PDF
out."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PIL import Image as Picture
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Image, Paragraph, SimpleDocTemplate, Spacer, Table

from integrations.papers.letters import BOLD, PLAIN, fonts, marked

SIZES = {"A4": A4, "Letter": LETTER}
MARGIN = 16 * mm
PADDING = 6  # points, which a page of reportlab keeps inside its margins
PICTURE = 15 * mm  # a side of the square that a picture fits in
SHARP = 300  # pixels of a picture's longer side
INK, MUTED, LINE = HexColor("#1e2326"), HexColor("#5f676c"), HexColor("#b9b6ad")


def _style(size: float, font: str = PLAIN, **more: Any) -> ParagraphStyle:
    return ParagraphStyle("", fontName=font, fontSize=size, leading=size * 1.35, textColor=INK, **more)


class _Writer:
    """Makes paragraphs, and notes whether all letters could be written."""

    def __init__(self) -> None:
        fonts()
        self.whole = True
        self.plain, self.strong = _style(10), _style(10, BOLD)
        self.number = _style(11, BOLD, alignment=TA_RIGHT)
        self.head, self.head_right = _style(8, BOLD), _style(8, BOLD, alignment=TA_RIGHT)
        self.title, self.small = _style(20, BOLD), _style(9)
        self.head.textColor = self.head_right.textColor = self.small.textColor = MUTED

    def say(self, text: str, style: ParagraphStyle) -> Paragraph:
        made, whole = marked(text)
        self.whole = self.whole and whole
        return Paragraph(made.replace("\n", "<br/>"), style)


def pdf(values: dict[str, Any], blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """The sheet as one PDF, as many pages as it takes; the table's heads are on each."""
    sheet: Mapping[str, Any] = values["sheet"]
    pictures = dict(zip(values["pictures"], blobs, strict=True))
    size, writer = SIZES[sheet["size"]], _Writer()
    room = size[0] - 2 * (MARGIN + PADDING)
    story: list[Flowable] = [writer.say(sheet["title"], writer.title)]
    if sheet["under"]:
        story.append(writer.say(sheet["under"], writer.small))
    story.append(Spacer(1, 6 * mm))
    if sheet["blocks"]:
        story += [_blocks(sheet["blocks"], room, writer), Spacer(1, 7 * mm)]
    story.append(_table(sheet["columns"], sheet["rows"], pictures, room, writer))
    if sheet["foot"]:
        story += [Spacer(1, 7 * mm), writer.say(sheet["foot"], writer.plain)]
    if not writer.whole:
        story += [Spacer(1, 4 * mm), writer.say(sheet["lacking"], writer.strong)]
    return {}, [_bound(story, size, sheet)]


def _blocks(blocks: Sequence[Mapping[str, Any]], room: float, writer: _Writer) -> Table:
    cells = [[writer.say(one["head"], writer.head), *(writer.say(line, writer.plain) for line in one["lines"])] for one in blocks]
    return Table(
        [cells], [room / len(cells)] * len(cells), style=[("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]
    )


def _table(
    columns: Sequence[Mapping[str, Any]], rows: Sequence[Sequence[str]], pictures: Mapping[str, bytes], room: float, writer: _Writer
) -> Table:
    whole = sum(one["width"] for one in columns)
    heads = [writer.say(one["head"], writer.head_right if one["kind"] == "number" else writer.head) for one in columns]
    body = [[_cell(text, one["kind"], pictures, writer) for text, one in zip(row, columns, strict=True)] for row in rows]
    style = [
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"), ("LINEBELOW", (0, 0), (-1, 0), 1, INK), ("LINEBELOW", (0, 1), (-1, -1), 0.4, LINE),
        ("TOPPADDING", (0, 0), (-1, -1), 4), ("BOTTOMPADDING", (0, 0), (-1, -1), 4), ("LEFTPADDING", (0, 0), (0, -1), 0),
    ]  # fmt: skip
    return Table([heads, *body], [room * one["width"] / whole for one in columns], repeatRows=1, style=style)


def _cell(text: str, kind: str, pictures: Mapping[str, bytes], writer: _Writer) -> Flowable:
    if kind != "picture":
        return writer.say(text, {"number": writer.number, "strong": writer.strong}.get(kind, writer.plain))
    if text not in pictures:
        return Spacer(PICTURE, 1)
    with Picture.open(io.BytesIO(pictures[text])) as opened:
        shown = opened.convert("RGB")
    shown.thumbnail((SHARP, SHARP))
    out = io.BytesIO()
    shown.save(out, "JPEG", quality=85)
    scale = PICTURE / max(shown.size)
    return Image(out, shown.width * scale, shown.height * scale)


def _bound(story: list[Flowable], size: tuple[float, float], sheet: Mapping[str, Any]) -> bytes:
    """Without who made it or when, so that the same sheet is the same bytes."""
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=size, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN + 4 * mm, title=sheet["title"],
        invariant=1,
    )  # fmt: skip

    def corner(canvas: Canvas, page: SimpleDocTemplate) -> None:
        said = _Writer().say(" · ".join(part for part in (sheet["corner"], str(page.page)) if part), _style(8, alignment=TA_RIGHT))
        said.wrapOn(canvas, size[0] - 2 * MARGIN, MARGIN)
        said.drawOn(canvas, MARGIN, MARGIN * 0.7)

    document.build(story, onFirstPage=corner, onLaterPages=corner)
    return out.getvalue()


JOBS: Mapping[str, Callable[[dict[str, Any], list[bytes]], tuple[dict[str, Any], list[bytes]]]] = {"pdf": pdf}
