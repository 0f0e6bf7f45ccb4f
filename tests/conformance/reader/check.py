# SPDX-License-Identifier: MIT
"""core.md, "Index" and "Reading": which page or top counts, and whether the index says what the clusters hold."""

from bisect import bisect_right

from .chunks import Chunk
from .index import (
    Page, PageTrack, Top, Totals, check_top, ended_a_file, ends_the_file, parse_locator, parse_page, parse_top,
)  # fmt: skip
from .primitives import Broken, Budget, require
from .reading import Reading
from .recording import Entry, TotalsUpTo, page_track, summary


class Index:
    """The part of the index that counts: `top`, or `pages` from the first to the last one that does."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self._contradicted: set[int] = set()
        self._chunk_tags = {chunk.offset: chunk.tag for chunk in reading.chunks}
        self._problem_offsets = {problem["offset"] for problem in reading.problems}
        self._budget = Budget(len(reading.data))
        self.pages = self._parse_all(b"H4TP", parse_page)
        self.tops = self._parse_all(b"H4TT", parse_top)
        self._links = self._pages_that_count()
        self.top = self._find_top()
        self.chain = self._find_chain()
        self.closed = reading.has_end or any(self._at_front(top) for top in self.tops.values())

    def _parse_all(self, begin: bytes, parse) -> dict[int, Page | Top]:
        found = {}
        for chunk in self.reading.whole(b"TSEK", begin):
            try:
                found[chunk.offset] = parse(self.reading.data, chunk, self._budget)
            except Broken:
                self._contradiction(chunk.offset)
        return found

    def _at_front(self, top: Top) -> bool:
        """ "The file is closed if its size is what such a top says." """
        first = self.reading.first_cluster
        at_front = first is None or top.offset < first
        if not at_front or not ends_the_file(top, len(self.reading.data)):
            return False
        if not self._counts(top):
            self._contradiction_if_front_is_known(top.offset)
            return False
        return True

    def _counts(self, top: Top) -> bool:
        try:
            check_top(top, len(self.reading.data), self.reading.first_cluster)
            require(self._descriptions_are_there(top), "a description is not where the top says")
        except Broken:
            return False
        return True

    def _find_top(self) -> Top | None:
        front = [top for top in self.tops.values() if self._at_front(top)]
        if not self.reading.has_end:
            return front[-1] if front else None
        tail = self.reading.chunks[-1]
        try:
            offset, size = parse_locator(self.reading.data, tail)
        except Broken:
            return None
        top = self.tops.get(offset)
        if top is None:
            self._contradiction_unless_damaged(offset, tail)
        elif top.size != size:
            self._contradiction(tail.offset)
        elif not ends_the_file(top, len(self.reading.data)) or not self._counts(top):
            self._contradiction_if_front_is_known(offset)
        else:
            return top
        return front[-1] if front else None

    def _pages_that_count(self) -> dict[int, tuple[int | None, int]]:
        """ "A page counts": for each one that does the page before it, and its last cluster or that of a page before.
        The first page may be without clusters: the first one that has some leads to the first cluster."""
        links: dict[int, tuple[int | None, int]] = {}
        for offset, page in sorted(self.pages.items()):
            if page.copy or (page.before is not None and page.before not in links):
                continue
            end = links[page.before][1] if page.before is not None else 0
            if page.clusters:
                first = page.clusters[0]
                if first <= end or (end == 0 and first != self.reading.first_cluster):
                    continue
                end = page.clusters[-1]
            links[offset] = page.before, end
        return links

    def _last_chain(self) -> list[Page]:
        """All pages up to the last one that counts."""
        chain: list[Page] = []
        offset = max(self._links, default=None)
        while offset is not None:
            chain.append(self.pages[offset])
            offset = self._links[offset][0]
        return chain[::-1]

    def _find_chain(self) -> list[Page]:
        """Without an end: the pages up to the last one that counts, or those of a former top that stands behind it."""
        chain = self._last_chain()
        former = [top for top in self.tops.values() if ended_a_file(top) and self._counts(top)]
        if former and (not chain or former[-1].offset > chain[-1].offset):
            return [self.pages[place] for place, _, _ in former[-1].pages if place in self.pages]
        return chain

    def _contradiction(self, offset: int) -> None:
        if offset not in self._contradicted:
            self._contradicted.add(offset)
            self.reading.problem("index_contradiction", offset)

    def _contradiction_if_front_is_known(self, offset: int) -> None:
        """Whether a page leads to the first cluster is only known if nothing is lost before it."""
        if self.reading.front_is_known:
            self._contradiction(offset)

    def _contradiction_unless_damaged(self, place: int | None, named_by: Chunk) -> None:
        """A chunk that is named and not there was damaged, or was never there."""
        if place is None or not self._is_damaged(place):
            self._contradiction(named_by.offset)

    def _is_damaged(self, place: int) -> bool:
        chunks = self.reading.chunks
        position = bisect_right(chunks, place, key=lambda chunk: chunk.offset)
        if not position:
            return False
        chunk = chunks[position - 1]
        unusable = not chunk.usable or place in self._problem_offsets or place in self._contradicted
        return chunk.lost or (chunk.offset == place and unusable)

    # Comparison with the clusters

    def check(self) -> None:
        """Compares with the clusters, as far as no damage hides them."""
        reading = self.reading
        named = {cluster for page in self.pages.values() for cluster in page.clusters}
        unread = [chunk for chunk in reading.chunks if not chunk.is_readable and (chunk.is_cluster or not chunk.whole)]
        places = (chunk.offset for chunk in unread if chunk.lost or chunk.is_cluster or chunk.offset in named)
        self.damage = min(places, default=len(reading.data))
        for page in self.pages.values():
            if not page.copy and page.offset not in self._links:
                self._contradiction_if_front_is_known(page.offset)
            elif not self._descriptions_are_there(page):
                self._contradiction(page.offset)
        self._check_pages([(page, len(page.clusters)) for page in self._last_chain()])
        for top in self._tops_of_this_end():
            self._check_pages([(self.pages.get(place), clusters) for place, _, clusters in top.pages])
            self._check_top(top)

    def _tops_of_this_end(self) -> list[Top]:
        """The top that counts, and those at the front that would if it were not there."""
        front = [top for top in self.tops.values() if self._at_front(top) and top is not self.top]
        return front if self.top is None else [self.top, *front]

    def _check_pages(self, pages: list[tuple[Page | None, int]]) -> None:
        """Pages in the order of their clusters, and how many each one has; None: a damaged one."""
        recording = self.reading.recording
        running = {track: TotalsUpTo(entries) for track, entries in recording.tracks.items()}
        offsets = [chunk.offset for chunk in self.reading.clusters]
        by_cluster: dict[int, list[Entry]] = {}
        for entry in recording.all:
            by_cluster.setdefault(entry.cluster, []).append(entry)
        at = 0
        for page, count in pages:
            if page is None:
                at += count
                continue
            end = page.clusters[-1] if page.clusters else 0
            if end >= self.damage:
                return
            if page.clusters != offsets[at : at + len(page.clusters)]:
                self._contradiction(page.offset)
                return
            at += count
            entries = [entry for cluster in page.clusters for entry in by_cluster.get(cluster, [])]
            self._check_page(page, entries, {track: totals.advance(end) for track, totals in running.items()})

    def _check_page(self, page: Page, entries: list[Entry], totals: dict[int, Totals]) -> None:
        of_track: dict[int, list[Entry]] = {}
        for entry in entries:
            of_track.setdefault(entry.block.track, []).append(entry)
        positions = {offset: position for position, offset in enumerate(page.clusters)}
        for track in page.tracks.keys() | totals.keys():
            expected = page_track(of_track.get(track, []), positions, totals.get(track, Totals()))
            said = page.tracks.get(track, PageTrack([], None, Totals()))
            times_fit = said.times is None or said.times == expected.times
            if said.spans != expected.spans or said.totals != expected.totals or not times_fit:
                self._contradiction(page.offset)

    def _check_top(self, top: Top) -> None:
        try:
            self._check_places(top)
            self._check_columns(top)
            if self.damage == len(self.reading.data):
                self._check_totals(top)
        except Broken:
            self._contradiction(top.offset)

    def _check_places(self, top: Top) -> None:
        for place, size, clusters in top.pages:
            page = self.pages.get(place)
            if page is not None:
                require((page.size, len(page.clusters)) == (size, clusters), "a page is another one than the top says")
            else:
                require(self._is_damaged(place), "there is no page where the top has one")

    def _descriptions_are_there(self, said: Page | Top) -> bool:
        """TRAK and META stand where they are said to be, or something that is damaged."""
        return all(
            place is None or self._is_damaged(place) or self._chunk_tags.get(place) == tag
            for tag, place in ((b"TRAK", said.trak), (b"META", said.meta))
        )

    def _check_columns(self, top: Top) -> None:
        for track_id, track in top.tracks.items():
            first_time = first_key = 0
            for i, (place, _, _) in enumerate(top.pages):
                if place not in self.pages or place in self._contradicted:
                    first_time, first_key = track.first_time[i], track.first_key[i]
                    continue
                page = summary(self.pages[place], track_id)
                first_time = page.first_time if page.first_time is not None else first_time
                first_key = page.first_key if page.first_key is not None else first_key
                expected = (page.blocks, page.hidden, first_time, page.keys, first_key, page.key_range, page.unordered)
                said = tuple(column[i] for column in track.columns())
                require(said == expected, "a page is another one than the top says")

    def _check_totals(self, top: Top) -> None:
        for track_id in top.tracks.keys() | self.reading.recording.tracks.keys():
            require(track_id in top.tracks, "the top lacks a track")
            totals = top.tracks[track_id].totals
            require(totals == self.reading.recording.totals(track_id), "the top has other totals than the clusters")
        listed = sum(clusters for _, _, clusters in top.pages)
        require(listed == len(self.reading.clusters), "the top has not all clusters")
        written = [page for page in self.pages.values() if not page.copy]
        damaged = any(chunk.tag == b"TSEK" and not chunk.whole for chunk in self.reading.chunks)
        require(damaged or len(written) == len(top.pages), "the top has other pages than were written")
