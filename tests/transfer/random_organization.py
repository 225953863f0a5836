"""Random organisations as rows of an import that have no fault, with texts that are hard on files."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st

from okrgraph.discussion.vocabulary import CommentKind
from okrgraph.okrs.vocabulary import (
    CloseOutcome,
    CycleKind,
    CycleState,
    LinkKind,
    LinkState,
    LinkTestAnswer,
    MetricKind,
    ObjectiveLevel,
    ObjectiveState,
)
from okrgraph.people.vocabulary import MemberRole, PersonStatus, TeamKind
from okrgraph.transfer.formats.records import Record, RecordType
from tests.transfer.random_dependencies import MOMENTS, add_between_teams, moments_until

SLUG = "random"
# The day of the import, inside of every cycle; check-ins speak of it or of earlier days.
TODAY = date(2026, 11, 18)
_LIVE = (LinkState.PROPOSED, LinkState.ACCEPTED)

# What formats, spreadsheets and databases treat in a way of their own.
_PIECES = (
    *("=", "+", "-", "@", "'", "''", "\t", "\r", "\n", "\r\n", "\uff1d", "\uff20", '"', ",", ";", ":", "\\"),
    *("\x85", "\u2028", "\u2029", "\ufeff", "\xa0", " ", "  ", "\x01", "\x1b", "\x1c", "\x7f", "\x9f"),
    *("\U0001f331", "\U0001f469\u200d\U0001f4bb", "e\u0301", "\u202e\u05d0", "\u0627", "\ufffd", "\ufffe"),
    *("\U0010ffff", "#", "- ", "? ", ": ", " #", "|", ">", "&a", "*a", "!!str", "%", "`", "{", "}", "[", "]"),
    *("null", "~", "no", "1e3", "0x1f", "2026-01-01", "12:30", "<<", "---", "...", "\n---\n", "true", "LEAD"),
)
_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
_TEXTS = st.lists(st.sampled_from(_PIECES) | st.text(_CHARACTERS, max_size=4), min_size=1, max_size=6).map(
    "".join
)
_KEYS = (
    _TEXTS.map(lambda text: text.replace(";", "").strip())
    | st.sampled_from(
        ["null", "no", "1e3", "2026-01-01", "~", "0", "-1", "=1+1", "a", "a:LEAD", "a:LEAD:VIEWER"]
    )
    | st.sampled_from([f"obj_{'0' * 32}", f"link_{'1' * 32}", "x" * 320, "\U0001f331" * 320, "Key", "key"])
)
_NUMBERS = st.sampled_from(
    ["0", "-0.0", "+1", "-5", ".5", "7.", "1e3", "1e16", "1e-7", "123456789012345678"]
) | (st.floats(allow_nan=False, allow_infinity=False).map(repr))
_WEIGHTS = st.sampled_from(["0", "1", "0.1", "2.5", "1e6", "3"])


# Check-ins whose rows name no day speak of the one on which they were made.
_PAST = moments_until(TODAY - timedelta(days=2))
_ZONES = st.sampled_from(["UTC", "Europe/Oslo", "Asia/Kathmandu", "Pacific/Auckland"])


def _values_of(metric: MetricKind) -> st.SearchStrategy[str]:
    """Values that a key result takes."""
    match metric:
        case MetricKind.BINARY:
            return st.sampled_from(["0", "1"])
        case MetricKind.ORDINAL:
            return st.sampled_from(["0", "1", "2.5", "3"])
        case MetricKind.MILESTONE:
            return st.integers(0, 2**60).map(str)
        case _:
            return _NUMBERS


@dataclass
class RandomOrganization:
    """Rows so far. keys: of everything, in lower case where they are addresses."""

    draw: Callable[[st.SearchStrategy[Any]], Any]
    rows: list[dict[str, str]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    teams: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    cycles: list[tuple[str, CycleKind, date | None, date | None]] = field(default_factory=list)
    objectives: list[str] = field(default_factory=list)
    key_results: list[tuple[str, int, MetricKind]] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)

    def times(self, most: int, least: int = 0) -> range:
        # Drawn as integers, most of them would be small.
        return range(self.draw(st.sampled_from(range(least, most + 1))))

    def chance(self) -> bool:
        found: bool = self.draw(st.booleans())
        return found

    def one_of(self, values: Iterable[Any]) -> Any:
        return self.draw(st.sampled_from(list(values)))

    def key(self) -> str:
        drawn: str = self.draw(_KEYS)
        # Nothing is filtered: Hypothesis likes to draw the same thing again.
        key = drawn if drawn and drawn not in self.keys else f"{len(self.keys)}{drawn}"[:320]
        self.keys.add(key)
        return key

    def address(self) -> str:
        local: str = self.draw(
            _TEXTS.map(lambda text: "".join(text.replace(";", "").replace("@", "").split()))
        )
        address = f"{local}{len(self.people)}@x"
        self.keys.add(address.lower())
        self.people.append(address)
        return address

    def text(self, longest: int) -> str:
        drawn: str = self.draw(_TEXTS)
        text = drawn if drawn.strip() else f"{drawn}x"
        # One in a while fills the field to its limit.
        is_huge = self.draw(st.integers(0, 15)) == 0
        return text * (longest // len(text)) if is_huge and len(text) <= longest else text[:longest]

    def add(self, of_type: RecordType, key: str | None, /, **cells: str | None) -> None:
        named = {"type": of_type.value, "key": key, **cells}
        self.rows.append(
            {column: cell for column, cell in named.items() if cell is not None and cell.strip()}
        )

    def maybe(self, strategy: st.SearchStrategy[Any]) -> str | None:
        return str(self.draw(strategy)) if self.chance() else None

    def maybe_text(self, longest: int) -> str | None:
        return self.text(longest) if self.chance() else None

    def maybe_of(self, values: Iterable[Any]) -> str | None:
        return self.maybe(st.sampled_from(sorted(values))) if values else None

    def person(self) -> str | None:
        return self.maybe_of(self.people)

    def moment(self) -> str | None:
        return self.draw(MOMENTS).isoformat() if self.chance() else None

    def add_people(self) -> None:
        self.add(
            RecordType.ORGANIZATION,
            SLUG,
            title=self.maybe_text(200),
            time_zone=self.maybe(_ZONES),
            cadence_days=self.maybe(st.integers(1, 366)),
            grace_days=self.maybe(st.integers(0, 366)),
            company_objective_cap=self.maybe(st.integers(1, 1000)),
        )
        for number in self.times(4, least=1):
            key = self.key()
            kinds = [TeamKind.TEAM, TeamKind.DEPARTMENT] if number else [TeamKind.COMPANY]
            above = self.one_of(self.teams) if number else None
            self.add(
                RecordType.TEAM,
                key,
                title=self.text(200),
                parent=above,
                kind=self.maybe(st.sampled_from(kinds)),
            )
            self.teams.append(key)
        for _ in self.times(4, least=1):
            above = self.person()
            teams = self.draw(st.lists(st.sampled_from(self.teams), unique=True))
            self.add(
                RecordType.PERSON,
                self.address(),
                title=self.text(200),
                parent=above,
                kind="ADMIN" if self.chance() else None,
                state=self.maybe_of(PersonStatus),
                time_zone=self.maybe(_ZONES),
                team=";".join(f"{team}:{self.one_of(MemberRole)}" for team in teams),
            )

    def add_cycles(self) -> None:
        """All of them around today, so that links between any two are right; those below lie inside."""
        has_quarter = set()
        for _ in self.times(3, least=1):
            key, above = self.key(), self.one_of([None, *self.cycles])
            kinds = [kind for kind in CycleKind if kind is not CycleKind.QUARTER or above not in has_quarter]
            kind = self.one_of(kinds)
            if kind is CycleKind.QUARTER and above is not None:
                has_quarter.add(above)
            days: list[date | None] = [None, None]
            if kind is not CycleKind.BACKLOG:
                low = (above and above[2]) or date(1970, 1, 1)
                high = (above and above[3]) or date(2199, 12, 31)
                days = [self.draw(st.dates(low, TODAY)), self.draw(st.dates(TODAY, high))]
            start, target = (day and day.isoformat() for day in days)
            self.add(
                RecordType.CYCLE,
                key,
                title=self.text(200),
                parent=above and above[0],
                kind=kind,
                state=self.maybe_of(CycleState),
                start=start,
                target=target,
            )
            self.cycles.append((key, kind, days[0], days[1]))

    def add_objective(self) -> None:
        number, key = len(self.objectives), self.key()
        cycle = self.one_of(self.cycles)
        states = set(ObjectiveState)
        if cycle[1] is CycleKind.BACKLOG:
            states.remove(ObjectiveState.PUBLISHED)
        state = self.one_of(sorted(states))
        teams = self.draw(st.lists(st.sampled_from(self.teams), min_size=1, unique=True))
        cells: dict[str, str | None] = {}
        if state is not ObjectiveState.DRAFT:
            cells["published_at"] = self.moment()
        if state in (ObjectiveState.CLOSED, ObjectiveState.ARCHIVED):
            cells |= {"outcome": self.maybe_of(CloseOutcome), "learning": self.maybe_text(20_000)}
            cells |= {"score": self.maybe(st.floats(0, 1).map(repr)), "closed_at": self.moment()}
        above = self.links_from(number, key)
        self.add(
            RecordType.OBJECTIVE,
            key,
            title=self.text(500),
            description=self.maybe_text(20_000),
            why_now=self.maybe_text(20_000),
            team=";".join(teams),
            owner=self.person(),
            reviewer=self.person(),
            created_by=self.person(),
            cycle=cycle[0],
            kind=self.maybe_of(ObjectiveLevel),
            state=state,
            at=self.moment(),
            position=self.maybe(st.integers(0, 2**31 - 1)),
            parent=";".join(above),
            **cells,
        )
        self.objectives.append(key)
        self.subjects.append(key)
        for _ in self.times(2):
            self.add_key_result(number, key)

    def links_from(self, number: int, child: str) -> list[str]:
        """Add the rows of links to what is there already; returns the parents for the row of the objective."""
        ends = [*self.objectives, *(key for key, owner, _ in self.key_results if owner != number)]
        named, has_primary = [], False
        least = min(len(ends), self.one_of(range(3)))
        for parent in self.draw(st.lists(st.sampled_from(ends), unique=True, min_size=least)) if ends else ():
            has_living, rows = False, self.times(2)
            if not rows or self.chance():
                named.append(parent)
            for _ in rows:
                state = self.one_of([each for each in LinkState if each not in _LIVE or not has_living])
                kind = self.one_of(LinkKind)
                has_living |= state in _LIVE
                can_be = state in _LIVE and kind is not LinkKind.RELATES and not has_primary
                primary = self.one_of(["TRUE", "FALSE", None] if can_be else ["FALSE", None])
                has_primary |= primary == "TRUE"
                key = self.key() if len(rows) > 1 or self.chance() else None
                self.add_link(key, child=child, parent=parent, state=state, kind=kind, primary=primary)
                if key is not None:
                    self.subjects.append(key)
        return named

    def add_link(self, key: str | None, /, state: LinkState, **cells: str | None) -> None:
        if state is not LinkState.PROPOSED:
            cells |= {"decided_by": self.person(), "decided_at": self.moment()}
            cells["decision_note"] = self.maybe_text(20_000)
        self.add(
            RecordType.LINK,
            key,
            state=state,
            title=self.maybe_text(20_000),
            weight=self.maybe(_WEIGHTS),
            owner=self.person(),
            answer=self.maybe_of(LinkTestAnswer),
            parent_answer=self.maybe_of(LinkTestAnswer),
            at=self.moment(),
            **cells,
        )

    def add_key_result(self, number: int, objective: str) -> None:
        key, metric = self.key(), self.one_of(MetricKind)
        owner = self.person()
        has_current = owner is not None and self.chance()
        self.add(
            RecordType.KEY_RESULT,
            key,
            parent=objective,
            title=self.text(500),
            description=self.maybe_text(20_000),
            owner=owner,
            metric=metric,
            unit=self.maybe_text(32),
            start=self.maybe(_NUMBERS),
            target=self.maybe(_NUMBERS),
            weight=self.maybe(_WEIGHTS),
            position=self.maybe(st.integers(0, 3)),
            at=self.moment(),
            confidence=str(self.one_of(range(1, 6))) if has_current else None,
            current=self.maybe(_values_of(metric)) if has_current else None,
        )
        self.key_results.append((key, number, metric))
        self.subjects.append(key)
        for _ in self.times(3):
            self.add_check_in(key, metric)

    def add_check_in(self, key_result: str, metric: MetricKind) -> None:
        key = self.key()
        self.add(
            RecordType.CHECK_IN,
            key,
            parent=key_result,
            owner=self.one_of(self.people),
            start=self.maybe(st.sampled_from([TODAY, TODAY - timedelta(days=1), date(1970, 1, 1)])),
            current=self.maybe(_values_of(metric)),
            confidence=str(self.one_of(range(1, 6))),
            title=self.maybe_text(20_000),
            at=self.draw(_PAST).isoformat() if self.chance() else None,
        )
        self.subjects.append(key)

    def add_thread(self, subject: str) -> None:
        top = self.key()
        self.add_comment(top, parent=subject)
        for _ in self.times(2):
            self.add_comment(self.key(), reply_to=top, parent=subject if self.chance() else None)

    def add_comment(self, key: str, **cells: str | None) -> None:
        written, others = self.moment(), sorted(self.draw(st.lists(MOMENTS, min_size=3, max_size=3)))
        if written is not None:
            written, others = others[0].isoformat(), others[1:]
        resolved = others[0].isoformat() if self.chance() else None
        is_deleted = self.chance()
        self.add(
            RecordType.COMMENT,
            key,
            owner=self.one_of(self.people),
            title=None if is_deleted else self.text(10_000),
            deleted_at=others[1].isoformat() if is_deleted else None,
            edited_at=self.moment(),
            kind=self.maybe_of(CommentKind),
            at=written,
            resolved_at=resolved,
            resolved_by=self.person() if resolved is not None else None,
            **cells,
        )


@st.composite
def organizations(draw: Callable[[st.SearchStrategy[Any]], Any]) -> list[Record]:
    """The rows of an organisation with things of every type, in any order."""
    organization = RandomOrganization(draw)
    organization.add_people()
    organization.add_cycles()
    for _ in organization.times(5, least=2):
        organization.add_objective()
    if len(organization.teams) > 1:
        add_between_teams(organization)
    for _ in organization.times(3):
        organization.add_thread(organization.one_of(organization.subjects))
    rows = organization.rows
    Random(draw(st.integers(0, 2**16))).shuffle(rows)
    return [Record(line, RecordType(cells["type"]), cells) for line, cells in enumerate(rows, start=1)]
