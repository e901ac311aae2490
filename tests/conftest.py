"""Fixtures of several test modules."""

import pytest


@pytest.fixture
def drawn(monkeypatch):
    """The matplotlib figures that were saved."""
    from solver.figures import style

    figures, save = [], style.save
    monkeypatch.setattr(style, "save", lambda figure, path: (figures.append(figure), save(figure, path))[1])
    return figures
