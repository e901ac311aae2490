"""A file whose changes land all together or not at all, however the program dies.

HDF5 rewrites its indices in place: a process killed in the middle leaves a file that no reader opens. Here its writes
stay in memory until :meth:`JournaledFile.commit`, which appends what lies beyond the old end (nobody looks there yet),
puts the changed pages into a journal beside the file, applies them and removes the journal. Whoever opens the file
here and finds a journal sees it applied.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np

PAGE = 4096
_OPEN = {"w": "w+b", "a": "r+b", "r": "rb"}


class JournaledFile(io.RawIOBase):
    """A binary file for h5py's file-like driver, with commits."""

    def __init__(self, path: str | Path, mode: str = "r"):
        """Open the file.

        Args:
            path: the file.
            mode: "w" new and empty, "a" existing for reading and writing, "r" existing, never touched on disk.

        Raises:
            OSError: the file cannot be opened.
        """
        super().__init__()
        self.path = Path(path)
        self.journal = self.path.with_name(self.path.name + ".journal")
        self._writes = mode != "r"
        if mode == "w":
            self.journal.unlink(missing_ok=True)
        self._file = open(self.path, _OPEN[mode], buffering=0)  # noqa: SIM115 - closed in close()
        self._pages: dict[int, bytearray] = {}
        self._on_disk = self._size = os.fstat(self._file.fileno()).st_size
        self._position = 0
        if self.journal.is_file():
            self._read_journal()
            if mode == "a":
                self._apply()

    def _read_journal(self) -> None:
        with np.load(self.journal) as stored:
            self._size = int(stored["size"])
            for number, page in zip(stored["numbers"], stored["pages"], strict=True):
                self._pages[int(number)] = bytearray(page.tobytes())

    def _page(self, number: int) -> bytearray:
        """The page as it is now, for changing."""
        page = self._pages.get(number)
        if page is None:
            stored = os.pread(self._file.fileno(), PAGE, number * PAGE) if number * PAGE < self._on_disk else b""
            page = self._pages[number] = bytearray(stored.ljust(PAGE, b"\0"))
        return page

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return self._writes

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._position = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        return self._position

    def tell(self) -> int:
        return self._position

    def truncate(self, size: int | None = None) -> int:
        self._size = self._position if size is None else size
        return self._size

    def readinto(self, buffer: bytearray) -> int:
        view = memoryview(buffer).cast("B")
        length = max(0, min(len(view), self._size - self._position))
        if length == 0:
            return 0
        stored = os.pread(self._file.fileno(), length, self._position)
        view[:length] = stored.ljust(length, b"\0")
        first, last = self._position // PAGE, (self._position + length - 1) // PAGE
        for number in range(first, last + 1):
            page = self._pages.get(number)
            if page is not None:
                start, end = max(self._position, number * PAGE), min(self._position + length, (number + 1) * PAGE)
                view[start - self._position: end - self._position] = page[start - number * PAGE: end - number * PAGE]
        self._position += length
        return length

    def write(self, data: bytes) -> int:
        view = memoryview(data).cast("B")
        done = 0
        while done < len(view):
            number, offset = divmod(self._position + done, PAGE)
            length = min(PAGE - offset, len(view) - done)
            self._page(number)[offset: offset + length] = view[done: done + length]
            done += length
        self._position += done
        self._size = max(self._size, self._position)
        return done

    def commit(self) -> None:
        """Bring everything written since the last commit to the disk, in one piece as far as readers can tell."""
        if not self._pages and self._size == self._on_disk:
            return
        beyond = sorted(n for n in self._pages if n * PAGE >= self._on_disk and n * PAGE < self._size)
        for number in beyond:
            page = self._pages.pop(number)
            os.pwrite(self._file.fileno(), page[: self._size - number * PAGE], number * PAGE)
        numbers = sorted(n for n in self._pages if n * PAGE < self._size)
        pages = np.frombuffer(b"".join(bytes(self._pages[n]) for n in numbers), dtype=np.uint8).reshape(-1, PAGE)
        new = self.journal.with_name(self.journal.name + ".new")
        with open(new, "wb") as stream:
            np.savez(stream, size=self._size, numbers=np.array(numbers, dtype=np.int64), pages=pages)
        os.replace(new, self.journal)
        self._apply()

    def _apply(self) -> None:
        for number, page in sorted(self._pages.items()):
            if number * PAGE < self._size:
                os.pwrite(self._file.fileno(), page[: self._size - number * PAGE], number * PAGE)
        os.ftruncate(self._file.fileno(), self._size)
        self._on_disk = self._size
        self._pages.clear()
        self.journal.unlink(missing_ok=True)

    def close(self) -> None:
        """Close without committing."""
        if not self.closed:
            self._file.close()
        super().close()
