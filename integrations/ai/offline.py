"""The reader that needs no key: barcodes and text on the photos, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog

from core.errors import TOO_SLOW, HaggleError, Invalid, Unreachable
from core.ports import Helper, PhotoIn
from core.values.draft import Draft
from core.words import N_, Told, joined
from integrations.ai import drafting
from integrations.ai.findings import Barcode, Findings, TextLine, of_raw

log = structlog.get_logger(__name__)

MODULE = "integrations.ai.jobs"  # whose JOBS the helper of an `OfflineReader` must run

# How much of one photo is read. A label has 50 to 200 lengths of print (see `jobs.read`); 1000 take about 5 s of one core, and
# the seconds are for a machine that is busy with something else.
MOST_PRINT = 1000
SECONDS = 20.0


class OfflineReader:
    """Implements `core.ports.Reader`. `helper` runs `integrations.ai.jobs` (see `MODULE`), one photo a job."""

    name = "offline"

    def __init__(self, helper: Helper) -> None:
        self._helper = helper

    async def warm(self) -> None:
        """Load the models now, so that the first photo is as quick as the others. Takes about 3 s of the helper's time."""
        await self._helper.run("warm", {})

    async def read(self, photos: Sequence[PhotoIn], hints: Mapping[str, str]) -> Draft:
        """What the photos prove. A photo that cannot be read is named in the draft's note."""
        return (await self.findings(photos, hints)).draft

    async def findings(self, photos: Sequence[PhotoIn], hints: Mapping[str, str] | None = None) -> Findings:
        """Everything that was read, with the draft. What is wrong with one photo is one of the `problems`; what is wrong with the
        helper is raised (`Busy`, `Unreachable`)."""
        barcodes: list[Barcode] = []
        lines: list[TextLine] = []
        problems: list[str] = []
        for place, photo in enumerate(photos):
            try:
                raw, _ = await self._helper.run("read", {"print": MOST_PRINT, "seconds": SECONDS}, [photo.data])
            except (Invalid, Unreachable) as error:
                log.warning("photo_not_read", photo=place, cause=error.cause)
                problems.append(_problem(place + 1, error))
                continue
            found = of_raw(raw, place)
            barcodes += found[0]
            lines += found[1]
            if raw["unread"]:
                log.info("photo_read_in_part", photo=place, lines=len(found[1]), unread=raw["unread"])
                text = N_("Photo {number} was read in part, it has very much print: send the label alone if something is missing.")
                problems.append(Told(text, number=place + 1))
        draft = drafting.draft_of(barcodes, lines, hints or {}, self.name)
        draft = Draft(draft.fields, draft.reader, joined(*problems))
        return Findings(tuple(barcodes), tuple(lines), tuple(problems), draft)


def _problem(number: int, error: HaggleError) -> str:
    """What to say of a photo that was not read. Raises the error again when the photo is not to blame."""
    if isinstance(error, Invalid):
        return Told("Photo {number} could not be read: send it again or leave it out.", number=number)
    if error.code == TOO_SLOW:
        return Told("Photo {number} took too long to read and was left out: send a smaller part of it.", number=number)
    raise error
