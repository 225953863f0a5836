"""Plans alignment links, from the parents that objectives name and from rows of their own."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from okrgraph.kit.ids import new_key
from okrgraph.okrs.link_reads import LIVE
from okrgraph.okrs.models import AlignmentLink, KeyResult, Objective
from okrgraph.okrs.vocabulary import LinkKind, LinkState, LinkTestAnswer
from okrgraph.transfer.formats.records import Record, RecordType
from okrgraph.transfer.plans.cells import Cells
from okrgraph.transfer.plans.drafts import Draft
from okrgraph.transfer.plans.okrs import weight_of
from okrgraph.transfer.plans.plan import Plan

Link = Draft[AlignmentLink]
# Child and parent, by which a link is known.
Ends = tuple[UUID, UUID]
_DECISION = ("decided_by_id", "decided_at", "decision_note")


def is_live(link: AlignmentLink) -> bool:
    return link.state in LIVE


def can_be_primary(link: AlignmentLink) -> bool:
    return is_live(link) and link.kind is not LinkKind.RELATES


def parent_of(link: AlignmentLink) -> UUID:
    parent = link.parent_key_result_id or link.parent_objective_id
    assert parent is not None, "the database holds exactly one parent"
    return parent


def _ends(draft: Link) -> Ends:
    return draft.entity.child_id, parent_of(draft.entity)


def _newest(drafts: Iterable[Link]) -> Link | None:
    return max(drafts, key=lambda draft: (draft.entity.created_at, draft.entity.id), default=None)


def _living(drafts: Iterable[Link]) -> Link | None:
    """Of two ends one link is live at most."""
    return next((draft for draft in drafts if is_live(draft.entity)), None)


@dataclass(slots=True, eq=False)
class _Row:
    """A row of type link on the way to its link.

    known: the link that its key stands for. to_live: what the row says of it, None when it says nothing.
    found: None for a link that is yet to be made. lives: whether the link will, once the row is taken.
    """

    cells: Cells
    ends: Ends
    is_to_key_result: bool
    known: Link | None
    to_live: bool | None
    found: Link | None = None
    lives: bool = False

    @property
    def key(self) -> str | None:
        return self.cells.record.key

    @property
    def line(self) -> int:
        return self.cells.record.line

    @property
    def rank(self) -> int:
        """Who is sure of a link comes first, then who needs the live one."""
        if self.known is not None:
            return 1 if self.to_live else 0
        return 3 if self.to_live is False else 2


@dataclass(slots=True)
class _Links:
    """The links of the plan by their ends.

    named: those that the file names, by child. first: of each child, the one to its first parent. chosen: of
    each child, the one whose row says that it is the primary. passed_over: those whose rows say they are not.
    """

    by_ends: dict[Ends, list[Link]] = field(default_factory=dict)
    named: dict[UUID, list[Link]] = field(default_factory=dict)
    first: dict[UUID, Link] = field(default_factory=dict)
    chosen: dict[UUID, Link] = field(default_factory=dict)
    passed_over: set[UUID] = field(default_factory=set)

    def add(self, draft: Link) -> None:
        self.by_ends.setdefault(_ends(draft), []).append(draft)

    def name(self, draft: Link) -> None:
        named = self.named.setdefault(draft.entity.child_id, [])
        if draft not in named:
            named.append(draft)


def plan_links(plan: Plan) -> None:
    """Take what objectives name as `parent`, SUPPORTS and ACCEPTED; then rows of type link may refine it."""
    links = _Links()
    for draft in plan.links.values():
        links.add(draft)
    for child, cells in plan.named_in_file(Objective):
        _take_parents(plan, links, child, cells)
    for row in _matched(plan, links, [_read(plan, Cells(each, plan.problems)) for each in plan.link_rows]):
        draft = row.found or _new_link(plan, links, row.ends, plan.at, is_to_key_result=row.is_to_key_result)
        draft.record = row.cells.record
        links.name(draft)
        _take_fields(plan, draft, row.cells)
        _take_primary(links, draft, row.cells)
        _remember_key(plan, draft, row.cells.record)
    of_child = plan.links_of()
    for child_id, named in links.named.items():
        _settle_primary(links, child_id, of_child[child_id], named)


def _take_parents(plan: Plan, links: _Links, child: Draft[Objective], cells: Cells) -> None:
    for key in (keys := cells.items("parent")):
        parent = plan.find(cells, "parent", key, KeyResult, Objective)
        if parent is None or not _is_elsewhere(child, parent, cells):
            continue
        ends = (child.entity.id, parent.entity.id)
        found = links.by_ends.get(ends, [])
        draft = _living(found) or _newest(found)
        if draft is None:
            at = child.entity.created_at if child.is_of_import else plan.at
            to_key_result = isinstance(parent.entity, KeyResult)
            draft = _new_link(plan, links, ends, at, is_to_key_result=to_key_result)
        links.name(draft)
        draft.record = cells.record
        draft.entity.kind = LinkKind.SUPPORTS
        _take_state(plan, draft, LinkState.ACCEPTED)
        if key == keys[0]:
            links.first[child.entity.id] = draft
    _refuse_twice(cells, keys)


def _refuse_twice(cells: Cells, keys: list[str]) -> None:
    if len(set(keys)) < len(keys):
        cells.refuse("parent", "A parent is named twice.")


def check_parents(plan: Plan, record: Record) -> None:
    """Refuse parents that are not there, of an objective that is refused for another reason."""
    cells = Cells(record, plan.problems)
    for key in (keys := cells.items("parent")):
        plan.find(cells, "parent", key, KeyResult, Objective)
    _refuse_twice(cells, keys)


def _is_elsewhere(child: Draft[Objective], parent: Draft[Any], cells: Cells) -> bool:
    """Refuse a link from an objective to itself or to its own key result."""
    own = parent.entity.objective_id if isinstance(parent.entity, KeyResult) else parent.entity.id
    if own != child.entity.id:
        return True
    cells.refuse("parent", "An objective cannot support itself or its own key result.")
    return False


def _new_link(plan: Plan, links: _Links, ends: Ends, at: datetime, *, is_to_key_result: bool) -> Link:
    child_id, parent_id = ends
    entity = AlignmentLink(
        id=new_key(),
        organization_id=plan.organization_id,
        child_id=child_id,
        parent_key_result_id=parent_id if is_to_key_result else None,
        parent_objective_id=None if is_to_key_result else parent_id,
        created_at=at,
        updated_at=plan.at,
    )
    draft = Draft(entity)
    plan.links[entity.id] = draft
    links.add(draft)
    return draft


def _read(plan: Plan, cells: Cells) -> _Row | None:
    """Read what a row says of its ends; None when it is wrong about them."""
    key, state = cells.record.key, cells.word("state")
    known: Link | None = plan.by_key.get(key) if key is not None else None
    to_live = None if state is None else state in tuple(LIVE)
    if known is not None and not ("child" in cells or "parent" in cells):
        is_to_key_result = known.entity.parent_key_result_id is not None
        return _Row(cells, _ends(known), is_to_key_result, known, to_live)
    for column in ("child", "parent"):
        if column not in cells:
            cells.refuse(column, "A link names both of its ends, child and parent.")
    child = plan.named(cells, "child", Objective)
    parent_key = cells.word("parent")
    parent = None if parent_key is None else plan.find(cells, "parent", parent_key, KeyResult, Objective)
    if child is not None and parent is not None and _is_elsewhere(child, parent, cells):
        ends = (child.entity.id, parent.entity.id)
        if known is None or _ends(known) == ends:
            return _Row(cells, ends, isinstance(parent.entity, KeyResult), known, to_live)
        cells.refuse("key", "This key stands for a link between other things; give this one another key.")
    if key is not None:
        plan.lost_keys.add(key)
    _check_rest(plan, cells)
    return None


def _check_rest(plan: Plan, cells: Cells) -> None:
    """Refuse what else is wrong with a row that is no link."""
    nothing = AlignmentLink(id=new_key(), organization_id=plan.organization_id, created_at=plan.at)
    _take_fields(plan, Draft(nothing), cells)
    cells.truth("primary")


def _matched(plan: Plan, links: _Links, read: Iterable[_Row | None]) -> list[_Row]:
    """Find the links of rows. Between two ends there may be several, told apart by keys; one of them is live."""
    rows = [row for row in read if row is not None]
    matched: dict[Ends, list[_Row]] = {}
    for row in sorted(rows, key=lambda row: row.rank):
        others = matched.setdefault(row.ends, [])
        taken = [other.found for other in others]
        free = [draft for draft in links.by_ends.get(row.ends, ()) if draft not in taken]
        row.found = _link_for(plan, row, free)
        lives_now = row.found is None or is_live(row.found.entity)
        row.lives = lives_now if row.to_live is None else row.to_live
        rival = next((other for other in others if _are_rivals(row, other)), None)
        if rival is None:
            others.append(row)
            continue
        row.cells.refuse("child", f"Line {rival.line} names the link between these two already.")
        if row.key is not None:
            plan.lost_keys.add(row.key)
    return [row for row in rows if row in matched[row.ends]]


def _link_for(plan: Plan, row: _Row, free: Iterable[Link]) -> Link | None:
    """Of the links between its ends that no other row has: the live one, or the one that the key stands for.

    Who wants a link to live gets the one that does, even under another key; what is over has its own key.
    """
    if row.known is not None and not row.to_live:
        return row.known
    own = [draft for draft in free if row.key is None or draft.entity.id not in plan.key_of_link]
    return _living(own if row.to_live is False else free) or row.known or _newest(own)


def _are_rivals(row: _Row, other: _Row) -> bool:
    is_same = row.found is not None and row.found is other.found
    return is_same or (row.lives and other.lives) or row.key is None or other.key is None


def _take_fields(plan: Plan, draft: Link, cells: Cells) -> None:
    draft.take("created_at", cells.moment("at"))
    draft.take("kind", cells.choice("kind", LinkKind))
    state = cells.choice("state", LinkState)
    if state is not None or draft.is_new:
        _take_state(plan, draft, state or LinkState.ACCEPTED)
    draft.take("weight", weight_of(cells))
    draft.take("rationale", cells.text("title", "The rationale"))
    draft.take("child_answer", cells.choice("answer", LinkTestAnswer))
    draft.take("parent_answer", cells.choice("parent_answer", LinkTestAnswer))
    proposer = plan.person(cells, "owner")
    draft.take("proposed_by_id", proposer and proposer.entity.id)
    if state is not None or "state" not in cells:
        _take_decision(plan, draft, cells)


def _take_state(plan: Plan, draft: Link, state: LinkState) -> None:
    """Set the state, and when it was decided: with a new link's creation, else with the import.

    Who decided, and what they said, is not known of a new state.
    """
    link = draft.entity
    if draft.is_new or draft.was("state") is not state:
        decided_at = link.created_at if draft.is_new else plan.at
        link.decided_at = None if state is LinkState.PROPOSED else decided_at
        link.decided_by_id = link.decision_note = None
    else:
        for column in _DECISION:
            setattr(link, column, draft.was(column))
    link.state = state


def _take_decision(plan: Plan, draft: Link, cells: Cells) -> None:
    if draft.entity.state is LinkState.PROPOSED:
        for column in ("decided_by", "decided_at", "decision_note"):
            if column in cells:
                cells.refuse(
                    column, "A PROPOSED link is not decided; leave this empty, or give the state it got."
                )
        return
    decider = plan.person(cells, "decided_by")
    draft.take("decided_by_id", decider and decider.entity.id)
    draft.take("decided_at", cells.moment("decided_at"))
    draft.take("decision_note", cells.text("decision_note", "The note"))


def _take_primary(links: _Links, draft: Link, cells: Cells) -> None:
    """Note whether this shall be the primary link of its child."""
    is_primary, child_id = cells.truth("primary"), draft.entity.child_id
    if is_primary is None:
        return
    if not is_primary:
        links.passed_over.add(draft.entity.id)
    elif not can_be_primary(draft.entity):
        cells.refuse(
            "primary", "A link that is RELATES, DECLINED or WITHDRAWN cannot be primary; leave this empty."
        )
    elif (rival := links.chosen.setdefault(child_id, draft)) is not draft:
        cells.refuse(
            "primary", f"Line {rival.line} names the primary link of this objective already; write FALSE."
        )


def _remember_key(plan: Plan, draft: Link, record: Record) -> None:
    """Let other rows speak of the link by its key; a link keeps the key that it has."""
    if record.key is None or record.key in plan.by_key:
        return
    plan.by_key[record.key] = draft
    if draft.entity.id not in plan.key_of_link:
        plan.new_keys.append((RecordType.LINK, record.key, draft.entity.id))


def _settle_primary(links: _Links, child_id: UUID, of_child: Iterable[Link], named: Iterable[Link]) -> None:
    """Leave one primary link at most: the one whose row says so, else the first parent of the objective's row,
    else the one there is, else the first new one that no row passes over.
    """
    of_child = list(of_child)
    able = [draft for draft in of_child if can_be_primary(draft.entity)]
    standing = (draft for draft in able if draft.entity.is_primary and not _is_fresh(draft))
    wanted = (links.chosen.get(child_id), links.first.get(child_id), *standing, *filter(_is_fresh, named))
    primary = next(
        (draft for draft in wanted if draft in able and draft.entity.id not in links.passed_over), None
    )
    for draft in of_child:
        if draft in able or draft.entity.kind is LinkKind.RELATES or draft.entity.id in links.passed_over:
            draft.entity.is_primary = draft is primary


def _is_fresh(draft: Link) -> bool:
    """Whether the link is new, or lives or aligns again since this import."""
    if draft.is_new:
        return True
    return draft.was("state") not in LIVE or draft.was("kind") is LinkKind.RELATES
