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
from okrgraph.transfer.cells import Cells
from okrgraph.transfer.drafts import Draft
from okrgraph.transfer.okr_plan import weight_of
from okrgraph.transfer.plan import Plan
from okrgraph.transfer.records import Record, RecordType

Link = Draft[AlignmentLink]
# A link is known by its ends.
Ends = tuple[UUID, UUID]


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


@dataclass(slots=True)
class _Links:
    """The links of the plan by their ends.

    named: those that the file names, by child. first: of each child, the one to its first parent.
    line_of_row: of each link, the row of type link that is about it.
    """

    by_ends: dict[Ends, list[Link]] = field(default_factory=dict)
    named: dict[UUID, list[Link]] = field(default_factory=dict)
    first: dict[UUID, Link] = field(default_factory=dict)
    line_of_row: dict[UUID, int] = field(default_factory=dict)

    def add(self, draft: Link) -> None:
        self.by_ends.setdefault(_ends(draft), []).append(draft)

    def between(self, ends: Ends, known: Link | None, *, is_to_live: bool) -> Link | None:
        """The link known by key, else the live one between two ends, else the newest that ended.

        Of two ends one link is live at most: who wants a link to live gets the one that does.
        """
        found = self.by_ends.get(ends, [])
        live = next((draft for draft in found if is_live(draft.entity)), None)
        if live is not None and (known is None or is_to_live):
            return live
        if known is not None:
            return known
        return max(found, key=lambda draft: (draft.entity.created_at, draft.entity.id), default=None)

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
    for record in plan.link_rows:
        cells = Cells(record, plan.problems)
        found = _link_of_row(plan, links, cells)
        if found is not None:
            _take_fields(plan, found, cells)
            _remember_key(plan, found, record)
        elif record.key is not None:
            plan.lost_keys.add(record.key)
    of_child = plan.links_of()
    for child_id, named in links.named.items():
        _settle_primary(of_child[child_id], named, links.first.get(child_id))


def _take_parents(plan: Plan, links: _Links, child: Draft[Objective], cells: Cells) -> None:
    for key in (keys := cells.items("parent")):
        parent = plan.find(cells, "parent", key, KeyResult, Objective)
        if parent is None or not _is_elsewhere(child, parent, cells):
            continue
        created_at = child.entity.created_at if child.is_new else plan.at
        draft = _found_or_new(plan, links, child, parent, created_at=created_at, is_to_live=True)
        draft.record = cells.record
        draft.entity.kind = LinkKind.SUPPORTS
        _take_state(plan, draft, LinkState.ACCEPTED)
        if key == keys[0]:
            links.first[child.entity.id] = draft
    if len(set(keys)) < len(keys):
        cells.refuse("parent", "A parent is named twice.")


def _is_elsewhere(child: Draft[Objective], parent: Draft[Any], cells: Cells) -> bool:
    """Refuse a link from an objective to itself or to its own key result."""
    own = parent.entity.objective_id if isinstance(parent.entity, KeyResult) else parent.entity.id
    if own != child.entity.id:
        return True
    cells.refuse("parent", "An objective cannot support itself or its own key result.")
    return False


def _found_or_new(
    plan: Plan,
    links: _Links,
    child: Draft[Objective],
    parent: Draft[Any],
    *,
    created_at: datetime,
    is_to_live: bool,
    known: Link | None = None,
) -> Link:
    draft = links.between((child.entity.id, parent.entity.id), known, is_to_live=is_to_live)
    if draft is None:
        is_key_result = isinstance(parent.entity, KeyResult)
        entity = AlignmentLink(
            id=new_key(),
            organization_id=plan.organization_id,
            child_id=child.entity.id,
            parent_key_result_id=parent.entity.id if is_key_result else None,
            parent_objective_id=None if is_key_result else parent.entity.id,
            created_at=created_at,
            updated_at=plan.at,
        )
        draft = Draft(entity)
        plan.links[entity.id] = draft
        links.add(draft)
    links.name(draft)
    return draft


def _link_of_row(plan: Plan, links: _Links, cells: Cells) -> Link | None:
    """Find or make the link that a row is about; None when the row is wrong about its ends."""
    record = cells.record
    known: Link | None = plan.by_key.get(record.key) if record.key is not None else None
    draft: Link | None
    if known is not None and not ("child" in cells or "parent" in cells):
        draft = links.between(_ends(known), known, is_to_live=_is_to_live(cells))
    else:
        draft = _link_between_named(plan, links, cells, known)
    if draft is None:
        return None
    links.name(draft)
    first = links.line_of_row.setdefault(draft.entity.id, record.line)
    if first != record.line:
        cells.refuse("child", f"Line {first} names the link between these two already.")
        return None
    draft.record = record
    return draft


def _is_to_live(cells: Cells) -> bool:
    return cells.word("state") in tuple(LIVE)


def _link_between_named(plan: Plan, links: _Links, cells: Cells, known: Link | None) -> Link | None:
    for column in ("child", "parent"):
        if column not in cells:
            cells.refuse(column, "A link names both of its ends, child and parent.")
    child = plan.named(cells, "child", Objective)
    key = cells.word("parent")
    parent = None if key is None else plan.find(cells, "parent", key, KeyResult, Objective)
    if child is None or parent is None or not _is_elsewhere(child, parent, cells):
        return None
    if known is not None and _ends(known) != (child.entity.id, parent.entity.id):
        cells.refuse("key", "This key stands for a link between other things; give this one another key.")
        return None
    return _found_or_new(
        plan, links, child, parent, created_at=plan.at, known=known, is_to_live=_is_to_live(cells)
    )


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


def _take_state(plan: Plan, draft: Link, state: LinkState) -> None:
    """Set the state, and when it was decided: with a new link's creation, else with the import."""
    link = draft.entity
    if draft.is_new or draft.was("state") is not state:
        decided_at = link.created_at if draft.is_new else plan.at
        link.decided_at = None if state is LinkState.PROPOSED else decided_at
    else:
        link.decided_at = draft.was("decided_at")
    link.state = state


def _remember_key(plan: Plan, draft: Link, record: Record) -> None:
    """Let other rows speak of the link by its key; a link keeps the key that it has."""
    if record.key is None or record.key in plan.by_key:
        return
    plan.by_key[record.key] = draft
    if draft.entity.id not in plan.key_of_link:
        plan.new_keys.append((RecordType.LINK, record.key, draft.entity.id))


def _settle_primary(of_child: Iterable[Link], named: Iterable[Link], first: Link | None) -> None:
    """Leave one primary link: the first parent of the row, else the one there is, else the first new one."""
    primary: Link | None = None
    for draft in of_child:
        link = draft.entity
        was_able = (
            not draft.is_new and draft.was("state") in LIVE and draft.was("kind") is not LinkKind.RELATES
        )
        if link.is_primary and can_be_primary(link) and was_able:
            primary = draft
        elif link.kind is LinkKind.RELATES or can_be_primary(link):
            link.is_primary = False
    if first is not None and can_be_primary(first.entity):
        if primary is not None:
            primary.entity.is_primary = False
        primary = first
    if primary is None:
        primary = next((draft for draft in named if can_be_primary(draft.entity) and _is_fresh(draft)), None)
    if primary is not None:
        primary.entity.is_primary = True


def _is_fresh(draft: Link) -> bool:
    """Whether the link is new, or lives or aligns again since this import."""
    if draft.is_new:
        return True
    return draft.was("state") not in LIVE or draft.was("kind") is LinkKind.RELATES
