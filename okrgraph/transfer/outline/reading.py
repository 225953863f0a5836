"""Reads a Markdown outline of nested objectives and key results into records, and tells what it understood."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from okrgraph.kit.errors import OperatorError
from okrgraph.okrs.vocabulary import CycleKind, CycleState
from okrgraph.transfer.formats.records import FileProblem, Record, RecordType, quoted
from okrgraph.transfer.outline.headings import Heading, heading_of
from okrgraph.transfer.outline.item import Phrase, names_in, phrase_of
from okrgraph.transfer.outline.measures import rating_of
from okrgraph.transfer.outline.names import CycleName, Names, TeamName, folded
from okrgraph.transfer.outline.records import Context, Making, Thing, Understood
from okrgraph.transfer.outline.tree import LONGEST_OUTLINE, Node, Note, read_tree
from okrgraph.transfer.outline.words import (
    KEY_RESULT_LABELS,
    LABELS,
    OTHER_LABELS,
    TITLE_LABELS,
    What,
    field_of,
    label_of,
)

# More names than these make the sentence unreadable.
_NAMES_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Outline:
    """What was read of an outline. not_understood: by line; none of it hinders the import."""

    records: list[Record]
    understood: list[Understood]
    not_understood: list[FileProblem]


def outline_text(source: BinaryIO) -> str:
    """Read the text of an outline. Raises OperatorError when it is too long or not UTF-8."""
    data = source.read(LONGEST_OUTLINE + 1)
    if len(data) > LONGEST_OUTLINE:
        raise OperatorError("The outline is longer than 2 MB; split it into several.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = f"byte 0x{data[error.start]:02X}"
        raise OperatorError(f"Line {line} of the outline is not UTF-8 ({byte}); save it as UTF-8.") from None


def read_outline(text: str, names: Names, cycle: str | None, team: str | None) -> Outline:
    """Read an outline into records that an import takes.

    cycle, team: name or key, for what names none. Without them the only cycle under way and the company.
    Raises OperatorError when they name nothing, when an objective has no cycle, when the text is too long.
    """
    company = names.company
    if company is None:
        raise OperatorError(f"The organisation {quoted(names.slug)} has no team yet; import its teams first.")
    teams = () if team is None else (_team_called(team, names),)
    known_cycle = None if cycle is None else _cycle_called(cycle, names)
    making = Making(names, company)
    tree = read_tree(text, making.problems)
    _Walk(making).take_below(tree, Context(teams, cycle=known_cycle), None)
    return Outline(making.records, making.understood, sorted(set(making.problems)))


def _team_called(text: str, names: Names) -> TeamName:
    found = names.team(text)
    called = [each for each in names.called(text) if isinstance(each, TeamName)]
    if found is None and len(called) != 1:
        what = "Several teams are" if called else "No team is"
        raise OperatorError(
            f"{what} called {quoted(text)} in {quoted(names.slug)}; name it by key: {_listed(names.teams)}."
        )
    return found or called[0]


def _cycle_called(text: str, names: Names) -> CycleName:
    by_key = [cycle for cycle in names.cycles if cycle.key == text]
    called = by_key or [cycle for cycle in names.cycles if folded(cycle.name) == folded(text)]
    if len(called) != 1:
        what = "Several cycles are" if called else "No cycle is"
        raise OperatorError(
            f"{what} called {quoted(text)} in {quoted(names.slug)}; name it by key: {_listed(names.cycles)}."
        )
    return called[0]


def _cycle_under_way(names: Names) -> CycleName:
    dated = [cycle for cycle in names.cycles if cycle.kind is not CycleKind.BACKLOG]
    for states in ({CycleState.ACTIVE}, {CycleState.ALIGNING, CycleState.PLANNING}):
        found = [cycle for cycle in dated if cycle.state in states]
        if len(found) == 1:
            return found[0]
        if found:
            break
    if not names.cycles:
        raise OperatorError(f"The organisation {quoted(names.slug)} has no cycle yet; import one first.")
    raise OperatorError(f"Say with --cycle which cycle this is for: {_listed(names.cycles)}.")


def _listed(things: Sequence[TeamName | CycleName]) -> str:
    shown = [f"{each.key} ({each.name})" for each in things[:_NAMES_SHOWN]]
    return ", ".join(shown) + (
        f" and {len(things) - _NAMES_SHOWN} more" if len(things) > _NAMES_SHOWN else ""
    )


class _Walk:
    """The way through the tree, which decides what each heading and item is."""

    def __init__(self, making: Making) -> None:
        self.making = making
        self.names = making.names
        self._cycle: CycleName | None = None

    def take_all(
        self, nodes: Sequence[Node], context: Context, above: Thing | None, expected: What | None = None
    ) -> None:
        """Read siblings. above: the objective or key result they stand below. expected: as a label says."""
        last: Thing | None = None
        for node in nodes:
            last = self._take(node, context, above, last, expected)

    def _take(
        self, node: Node, context: Context, above: Thing | None, last: Thing | None, expected: What | None
    ) -> Thing | None:
        """Read one node; give the objective that key results which follow beside it belong to."""
        label = label_of(node.text)
        if not node.text:
            self.take_below(node, context, above, expected)
        elif _is_field(node):
            self._leave_out(node, "stands below no objective")
        elif node.is_struck:
            self._leave_out(node, "is struck through")
        elif label in OTHER_LABELS:
            self._leave_out(node, "is neither objective nor key result")
        elif label in KEY_RESULT_LABELS:
            self.take_below(node, context, above or last, What.KEY_RESULT)
        elif label in LABELS and not (label in TITLE_LABELS and node.notes):
            self.take_below(node, context, above, What.OBJECTIVE)
        elif label not in TITLE_LABELS and (heading := self._heading_of(node)) is not None:
            self._take_heading(node, heading, context, above)
            return None
        else:
            return self._take_thing(node, context, above, last, expected)
        return last

    def _heading_of(self, node: Node) -> Heading | None:
        is_above = node.level is not None or any(not _is_field(child) for child in node.children)
        return heading_of(node.text.removesuffix(":"), self.names) if is_above else None

    def _take_heading(self, node: Node, heading: Heading, context: Context, above: Thing | None) -> None:
        if heading.refusal is not None:
            if node.children:
                self._leave_out(node, "was not understood", f"{heading.refusal}.")
            return
        inner = replace(
            context,
            teams=heading.teams or context.teams,
            person=heading.person or context.person,
            cycle=heading.cycle or context.cycle,
            is_draft=heading.is_draft or context.is_draft,
        )
        self.take_below(node, inner, above)

    def take_below(
        self, node: Node, context: Context, above: Thing | None, expected: What | None = None
    ) -> None:
        for note in node.notes:
            self._leave_out_note(note)
        self.take_all(node.children, context, above, expected)

    def _take_thing(
        self, node: Node, context: Context, above: Thing | None, last: Thing | None, expected: What | None
    ) -> Thing | None:
        phrase = phrase_of(node.text, self.names, has_box=node.is_ticked is not None)
        if label_of(node.text) in TITLE_LABELS:
            phrase = replace(phrase, what=What.OBJECTIVE, title="")
        if node.level is not None and phrase.what is None and not self._has_key_results(node):
            self._remark(
                node.line,
                f"The heading {quoted(node.text)} names no team, person or cycle; it was passed over.",
            )
            self.take_below(node, context, above)
            return None
        what = phrase.what or expected or _kind_of(node, phrase, above)
        if what is What.OBJECTIVE and (phrase.title or self._take_title(node, phrase)):
            return self._take_objective(node, phrase, context, above)
        if not phrase.title:
            self._leave_out(node, "has no title")
        elif what is None:
            reason = "Below a key result stands an objective: with key results of its own, marked O: or with its team."
            self._leave_out(node, "was not understood", reason)
        elif (objective := above or last) is None:
            self._leave_out(node, "stands below no objective")
        elif objective.what is What.KEY_RESULT:
            self._leave_out(node, "is a key result below a key result")
        else:
            self._take_key_result(node, phrase, context, objective)
        return None if what is What.OBJECTIVE else last

    def _take_title(self, node: Node, phrase: Phrase) -> bool:
        """Take the first paragraph as the title of what has none, as below a heading `Objective 1`."""
        note = next((note for note in node.notes if field_of(note.text) is None), None)
        if note is None:
            return False
        node.notes.remove(note)
        found = phrase_of(note.text, self.names)
        phrase.title, phrase.whole, phrase.stem = found.title, found.whole, found.stem
        phrase.teams, phrase.person, phrase.remarks = found.teams, found.person, found.remarks
        phrase.measure, phrase.current, phrase.confidence = found.measure, found.current, found.confidence
        return bool(phrase.title)

    def _has_key_results(self, node: Node) -> bool:
        """Whether a heading that names nothing is an objective: it stands above key results."""
        below = [child for child in node.children if child.text and not _is_field(child)]
        labels = {label_of(child.text) for child in below}
        if labels & KEY_RESULT_LABELS:
            return True
        phrases = [phrase_of(child.text, self.names) for child in below if label_of(child.text) not in LABELS]
        marks = {phrase.what for phrase in phrases}
        if What.OBJECTIVE in marks or not phrases:
            return False
        if What.KEY_RESULT in marks:
            return True
        items = [child for child in below if child.level is None]
        is_flat = not any(not _is_field(inner) for child in items for inner in child.children)
        return bool(items) and (is_flat or any(phrase.measure is not None for phrase in phrases))

    def _take_objective(self, node: Node, phrase: Phrase, context: Context, above: Thing | None) -> Thing:
        self._take_fields(node, phrase, What.OBJECTIVE)
        if phrase.measure is not None:
            self._remark(node.line, "An objective has no measure; its numbers stay in the title.")
        if phrase.confidence is not None:
            self._remark(node.line, "A confidence belongs to a key result; the objective's was not taken.")
        if node.is_ticked:
            self._remark(node.line, "A tick does not close an objective; close it with its outcome.")
        cycle = context.cycle or self._cycle_under_way()
        thing = self.making.add_objective(node, phrase, context, cycle, above)
        self._remark(node.line, *phrase.remarks)
        self.take_all(_below(node), context, thing)
        return thing

    def _take_key_result(self, node: Node, phrase: Phrase, context: Context, objective: Thing) -> None:
        self._take_fields(node, phrase, What.KEY_RESULT)
        thing = self.making.add_key_result(node, phrase, objective)
        self._remark(node.line, *phrase.remarks)
        self.take_all(_below(node), context, thing)

    def _cycle_under_way(self) -> CycleName:
        if self._cycle is None:
            self._cycle = _cycle_under_way(self.names)
        return self._cycle

    def _take_fields(self, node: Node, phrase: Phrase, what: What) -> None:
        """Take lines such as `Owner: Ada` into the phrase."""
        notes, node.notes = node.notes, []
        lines = [*notes, *(Note(child.line, child.text) for child in node.children if _is_field(child))]
        for note in sorted(lines, key=lambda each: each.line):
            name, value = field_of(note.text) or ("", "")
            if name in ("owner", "team"):
                self._take_owner(note, value, phrase)
            elif name == "confidence" and what is What.KEY_RESULT:
                self._take_rating(note, value, phrase)
            elif name == "why now" and what is What.OBJECTIVE:
                phrase.why_now = value
            elif name:
                self._leave_out_note(note)
            elif label_of(note.text) not in LABELS:
                node.notes.append(note)

    def _take_owner(self, note: Note, value: str, phrase: Phrase) -> None:
        remarks: list[str] = []
        found = names_in(value, self.names, remarks, unknown="so the line was left out")
        self._remark(note.line, *remarks)
        if found is not None:
            phrase.take_names(found)

    def _take_rating(self, note: Note, value: str, phrase: Phrase) -> None:
        rating = rating_of(value)
        phrase.confidence = rating or phrase.confidence
        if rating is None:
            self._leave_out_note(note)

    def _remark(self, line: int, *sentences: str) -> None:
        self.making.remark(line, *sentences)

    def _leave_out(self, node: Node, why: str, reason: str = "") -> None:
        count = node.size()
        below = f", with {'the line' if count == 1 else f'the {count} lines'} below it" if count else ""
        self._remark(node.line, f"{quoted(node.text)} {why} and was left out{below}. {reason}".rstrip())

    def _leave_out_note(self, note: Note) -> None:
        if label_of(note.text) not in LABELS:
            self._remark(note.line, f"The text {quoted(note.text)} was left out.")


def _is_field(node: Node) -> bool:
    return not node.children and field_of(node.text) is not None


def _below(node: Node) -> list[Node]:
    return [child for child in node.children if not _is_field(child)]


def _kind_of(node: Node, phrase: Phrase, above: Thing | None) -> What | None:
    """What a line is that does not say it: by what stands above and below it; None for neither."""
    below = _below(node)
    labels = {label_of(child.text) for child in below}
    has_below = any(label not in OTHER_LABELS for label in labels)
    if above is None or labels & KEY_RESULT_LABELS:
        return What.OBJECTIVE
    if above.what is What.KEY_RESULT:
        return What.OBJECTIVE if has_below or phrase.teams else None
    return What.OBJECTIVE if has_below and phrase.measure is None else What.KEY_RESULT


def account(outline: Outline) -> Iterator[str]:
    """Tell line by line what was understood, as a tree, what was not, and how much it is."""
    width = len(str(max((each.line for each in outline.understood), default=0)))
    for each in outline.understood:
        facts = f" ({'; '.join(each.facts)})" if each.facts else ""
        text = f"{each.what.capitalize()}: {each.title}{facts}"
        yield _printable(f"{each.line:>{width}}  {'  ' * each.depth}{text}")
    if outline.not_understood:
        yield "Not understood:"
        yield from map(str, outline.not_understood)
    counts = [
        _counted(sum(each.type is RecordType.OBJECTIVE for each in outline.records), "objective"),
        _counted(sum(each.type is RecordType.KEY_RESULT for each in outline.records), "key result"),
        _counted(sum(each.supports is not None for each in outline.understood), "alignment link"),
    ]
    remarks = _counted(len(outline.not_understood), "remark")
    yield f"Understood: {', '.join(counts)}; {remarks}."


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _printable(text: str) -> str:
    """The text without what would move a terminal's cursor or change its colours."""
    return "".join(each if each.isprintable() else "?" for each in text)
