"""The reader without a key, on drawn photos, through the real child process."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from core.errors import Unreachable
from core.ports import PhotoIn
from core.values.draft import EvidenceKind
from integrations.ai import offline
from integrations.ai.offline import OfflineReader
from storage.helper import MIB, Helper
from tests.integrations.ai.drawn import BROKEN, SHOE, SLOW, label, page, photo

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def helper() -> AsyncIterator[Helper]:
    helper = Helper(offline.MODULE)
    yield helper
    await helper.close()


@pytest.fixture
def reader(helper: Helper) -> OfflineReader:
    return OfflineReader(helper)


@pytest.mark.parametrize("tilt", [0, 12, 45, 90, 180, 270])
async def test_a_label_however_it_lies(reader: OfflineReader, tilt: int) -> None:
    draft = await reader.read([photo(label(SHOE, ("EAN13", "4006381333931")), tilt, seed=tilt)], {})
    found = {name: draft.get(name) for name in ("brand", "mpn", "size", "material", "ean")}
    assert found == {
        "brand": "Nike",
        "mpn": "CW7356-002",
        "size": "US 10 / UK 9 / EU 44",
        "material": "100% Cotton",
        "ean": "4006381333931",
    }
    assert draft.get("title") == "Nike Air Zoom Pegasus 38 CW7356-002 US 10"
    assert draft.reader == "offline"


async def test_evidence_points_at_the_photo(reader: OfflineReader) -> None:
    findings = await reader.findings([photo(label(["Hello there"])), photo(label(SHOE, ("EAN13", "4006381333931")), seed=2)])
    brand = findings.draft.fields["brand"]
    assert (brand.evidence[0].kind, brand.evidence[0].text, brand.evidence[0].photo) == (EvidenceKind.TEXT, "NIKE", 1)
    assert brand.evidence[0].region
    left, top, right, bottom = brand.evidence[0].region
    assert 0.2 < left < right < 0.5
    assert 0.2 < top < bottom < 0.5
    code = findings.draft.fields["ean"]
    assert (code.confidence, code.evidence[0].kind) == (0.99, EvidenceKind.BARCODE)
    data = findings.to_json()
    assert data["barcodes"][0]["product"] == {"ean": "4006381333931"}
    assert {"text", "confidence", "photo", "region"} == set(data["lines"][0])


@pytest.mark.parametrize(
    ("symbol", "content", "field", "value"),
    [
        ("UPCA", "036000291452", "upc", "036000291452"),
        ("UPCE", "04252614", "upc", "042100005264"),
        ("EAN8", "96385074", "ean", "96385074"),
        ("EAN13", "9780201896831", "isbn", "9780201896831"),
        ("QRCode", "https://id.example.com/01/04006381333931", "ean", "4006381333931"),
        ("Code128", "SERIAL-123", "", ""),
    ],
)
async def test_barcodes(reader: OfflineReader, symbol: str, content: str, field: str, value: str) -> None:
    findings = await reader.findings([photo(label(["Box"], (symbol, content)), 4)])
    assert len(findings.barcodes) == 1
    codes = {name: findings.draft.get(name) for name in ("upc", "ean", "isbn") if findings.draft.get(name)}
    assert codes == ({field: value} if field else {})


async def test_two_items_codes_are_unsure(reader: OfflineReader) -> None:
    draft = await reader.read([photo(label(["One"], ("EAN13", one)), seed=3) for one in ("4006381333931", "5901234123457")], {})
    assert draft.fields["ean"].confidence < 0.5
    assert len(draft.fields["ean"].evidence) == 2


async def test_blurred_and_tilted(reader: OfflineReader) -> None:
    face = label(["DEWALT", "20V MAX CORDLESS DRILL", "P/N: DCD771C2"])
    draft = await reader.read([photo(face, 9, seed=7, blur=2.0)], {})
    assert (draft.get("brand"), draft.get("mpn")) == ("DeWalt", "DCD771C2")


async def test_nothing_to_read_gives_an_empty_draft(reader: OfflineReader) -> None:
    draft = await reader.read([photo(label([]), seed=5)], {})
    assert set(draft.fields) == {"condition"}
    assert draft.fields["condition"].confidence == 0


async def test_a_photo_that_cannot_be_read_is_named_and_the_others_are_read(reader: OfflineReader) -> None:
    draft = await reader.read([PhotoIn(b"no photo"), photo(label(SHOE))], {})
    assert draft.note == "Photo 1 could not be read: send it again or leave it out."
    assert draft.fields["brand"].evidence[0].photo == 1


async def test_a_page_full_of_print_is_read_in_part_and_says_so(reader: OfflineReader, helper: Helper) -> None:
    await reader.warm()
    child = helper.pid
    draft = await reader.read([page("SENNHEISER"), photo(label(["SIZE M"]), seed=3)], {})
    assert helper.pid == child
    assert draft.get("brand") == "Sennheiser"
    assert draft.get("size") == "M"
    assert draft.note.startswith("Photo 1 was read in part")


async def test_the_largest_print_is_read_first(helper: Helper) -> None:
    raw, _ = await helper.run("read", {"print": 30, "seconds": 60}, [page("SENNHEISER", 20).data])
    assert [line["text"] for line in raw["lines"]][:1] == ["SENNHEISER"]
    assert raw["unread"] == 21 - len(raw["lines"])


async def test_bars_are_read_when_there_is_no_time_for_print(helper: Helper) -> None:
    raw, _ = await helper.run("read", {"print": 1000, "seconds": -1}, [photo(label(SHOE, ("EAN13", "4006381333931"))).data])
    assert (raw["lines"], raw["unread"]) == ([], len(SHOE))
    assert [code["text"] for code in raw["barcodes"]] == ["4006381333931"]


async def test_a_photo_that_takes_too_long_does_not_sink_the_others() -> None:
    helper = Helper("tests.integrations.ai.failing_jobs")
    try:
        draft = await OfflineReader(helper).read([SLOW, photo(label(SHOE))], {})
        assert draft.note == "Photo 1 took too long to read and was left out: send a smaller part of it."
        assert draft.fields["brand"].evidence[0].photo == 1
        with pytest.raises(Unreachable, match="cannot start"):
            await OfflineReader(helper).read([photo(label(SHOE)), BROKEN], {})
    finally:
        await helper.close()


async def test_the_child_keeps_little_memory(reader: OfflineReader, helper: Helper) -> None:
    await reader.warm()
    await reader.read([photo(label(SHOE))], {})
    assert 0 < helper.memory < 300 * MIB
