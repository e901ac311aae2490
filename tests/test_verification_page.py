"""docs/verification.md: every section of the suite is on it, its pictures exist, its numbers are told honestly."""

import math

import pytest

from tests.verification import page
from tests.verification.claims import Claim, Section


def test_every_section_and_picture_is_on_the_committed_page():
    assert page.faults() == [], "run: container/run python -m tests.verification"


def test_pictures_are_small():
    pictures = list((page.PAGE.parent / page.PICTURES).glob("*.png"))
    assert pictures
    assert [p.name for p in pictures if p.stat().st_size > page.LARGEST_PICTURE] == []


def test_sections_are_well_formed_and_their_titles_apart():
    found = [s for name in page.modules() for s in page.sections([name]).values()]
    assert len({page.slug(s.title) for s in found}) == len(found)
    for s in found:
        assert s.title.strip() and s.about.strip() and callable(s.measure) and callable(s.claims), s.title


@pytest.mark.parametrize(("expected", "measured", "tolerance", "used", "shown"), [
    (2.0, 2.01, 0.01, 0.5, ("2", "2.01", "0.5 %", "1 %")),
    (1.0, 1.0 + 3e-9, 1e-6, 3e-3, ("1", "1", "< 1e-8", "1e-6")),
    (0.0, 4e-14, 1e-12, 0.04, ("0", "4e-14", "4e-14", "1e-12")),
    (0.0, 4e-16, 1e-12, 4e-4, ("0", "0", "< 1e-14", "1e-12")),
])  # fmt: skip
def test_a_claims_cells_show_no_more_digits_than_the_tolerance_lets_through(expected, measured, tolerance, used, shown):
    claim = Claim("it", "", expected, measured, tolerance)
    assert page.used(claim) == pytest.approx(used, rel=1e-3)
    assert page._texts(claim)[1:5] == shown


def test_a_deviation_that_is_not_a_number_uses_up_every_tolerance():
    assert page.used(Claim("it", "", 1.0, math.nan, 0.1)) == math.inf
    assert "does not hold" in page.table([Claim("it", "", 1.0, math.nan, 0.1)])


def test_a_section_that_fails_is_said_on_the_page_and_hides_no_other(tmp_path, monkeypatch):
    def broken(folder):
        raise RuntimeError("no mesh | today")

    good = Section("It holds", "A law.", lambda folder: 2.0, lambda x: [Claim("two", "counted", 2.0, x, 0.1)],
                   lambda x, figure: figure.subplots().plot([x, x]), "time")
    bad = Section("It breaks", "Another law.", broken, lambda x: [], None, "ions")
    wrong = Section("It is wrong", "A third law.", lambda folder: 3.0, good.claims, None, "ions")
    known = {page.slug(s.title): s for s in (bad, wrong, good)}
    monkeypatch.setattr(page, "sections", lambda names=None: known)
    monkeypatch.setattr(page, "PAGE", tmp_path / "verification.md")
    told = []
    assert page.update([], lambda key, entry: told.append((key, entry and entry.holds))) is False
    assert told[1::2] == [("it-breaks", False), ("it-is-wrong", False), ("it-holds", True)]
    text = (tmp_path / "verification.md").read_text()
    assert "**Not measured:** RuntimeError: no mesh \\| today" in text
    assert "**two: does not hold**" in text
    assert "3 sections, 2 claims: **not all hold**, see [It breaks](#it-breaks), [It is wrong](#it-is-wrong)." in text
    assert (tmp_path / page.PICTURES / "it-holds.png").stat().st_size > 1000
    assert page.faults() == []
    # measuring one again keeps the others word for word
    monkeypatch.setattr(page, "sections", lambda names=None: {"it-holds": good} if names else known)
    assert page.update(["any"], lambda key, entry: None) is True
    assert (tmp_path / "verification.md").read_text() == text
    # and what is missing is found
    (tmp_path / page.PICTURES / "it-holds.png").unlink()
    assert page.faults() == [f"{page.PICTURES}/it-holds.png does not exist"]
