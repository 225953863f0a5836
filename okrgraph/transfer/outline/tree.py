"""Reads the Markdown of an outline as a tree of headings and items with line numbers; it knows no OKR rule."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

from okrgraph.kit.errors import OperatorError
from okrgraph.transfer.formats.records import FileProblem
from okrgraph.transfer.outline.words import What, begins_anew, marked

LONGEST_OUTLINE = 2_000_000
DEEPEST_LIST = 12
# Far enough beyond it that what the parser drops for its depth was refused before.
_DEEPEST_PARSED = 100
# Lines such as "Objective 1: Grow" stand below every heading, key results below them.
_PARAGRAPH_LEVEL = {What.OBJECTIVE: 7, What.KEY_RESULT: 8}

_BULLET = r"[-*+•◦▪‣]|[0-9]{1,2}[.)]"
_ITEM = re.compile(rf"^([ \t]*)(?:{_BULLET})[ \t]+(?=\S)", re.MULTILINE)
_ITEM_IN_TEXT = re.compile(r"-[ \t]+(?=\S)")
_HEADING_WITHOUT_BLANK = re.compile(r"^( {0,3}#{2,6})(?=[^\s#])", re.MULTILINE)
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n\w[\w-]*:(?:(?!---).*\n)+?(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_BOX = re.compile(r"\[([ xX])\](?:\s+|$)")
_WIKI_LINK = re.compile(r"\[\[(?:[^\[\]|]*\|)?([^\[\]|]*)\]\]")
_MARKUP = re.compile(r"[*_\[\]<>&\\`!~]")

# Without indented code, a list may be indented as a whole; without references, "[x]: y" stays text.
_BLOCKS = MarkdownIt("commonmark", {"maxNesting": _DEEPEST_PARSED}).disable(["code", "reference", "inline"])
_INLINE = MarkdownIt("commonmark").enable("strikethrough")
_SKIPPED = {
    "fence": "A code block was left out.",
    "blockquote_open": "A quotation was left out.",
    "html_block": "HTML was left out.",
}


@dataclass(frozen=True, slots=True)
class Note:
    """A paragraph beside the items."""

    line: int
    text: str


@dataclass(slots=True)
class Node:
    """A heading or an item with what stands below it. The root has neither line nor text.

    level: of a heading; None for an item. is_ticked: None without a checkbox. is_struck: struck through as a
    whole.
    """

    line: int = 0
    text: str = ""
    level: int | None = None
    is_ticked: bool | None = None
    is_struck: bool = False
    children: list["Node"] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def size(self) -> int:
        """How many headings and items stand below it."""
        return sum(1 + child.size() for child in self.children)


def read_tree(text: str, problems: list[FileProblem]) -> Node:
    """Read Markdown; what is neither heading, item nor paragraph goes into the problems.

    Raises OperatorError when it is too long or nested too deep.
    """
    if len(text) > LONGEST_OUTLINE:
        raise OperatorError("The outline is longer than 2 MB; split it into several.")
    growing = _Growing(problems)
    for token in _BLOCKS.parse(_evened(text, problems)):
        growing.take(token)
    return growing.root


def _evened(text: str, problems: list[FileProblem]) -> str:
    """The text with one form of items, headings and line ends, without comments; every line keeps its number."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    front = _FRONT_MATTER.match(text)
    if front is not None:
        text = "\n" * front[0].count("\n") + text[front.end() :]
    text = "".join(_without_comments(text, problems))
    # Every item is made to begin with "- ", so that two blanks below "1." are as good as three.
    return _HEADING_WITHOUT_BLANK.sub(r"\1 ", _ITEM.sub(r"\1- ", text))


def _without_comments(text: str, problems: list[FileProblem]) -> Iterator[str]:
    place = 0
    while (start := text.find("<!--", place)) >= 0:
        end = text.find("-->", start)
        yield text[place:start]
        if end < 0:
            line = text.count("\n", 0, start) + 1
            problems.append(FileProblem(line, None, "This comment does not end; all below it was left out."))
            return
        place = end + len("-->")
        yield "\n" * text.count("\n", start, place)
    yield text[place:]


class _Growing:
    """The tree while the parser's tokens arrive."""

    def __init__(self, problems: list[FileProblem]) -> None:
        self.root = Node(level=0)
        self._problems = problems
        self._headings = [self.root]
        self._items: list[Node] = []
        self._level: int | None = None
        self._quotations = 0

    def take(self, token: Token) -> None:
        line = token.map[0] + 1 if token.map else 0
        if token.type in _SKIPPED and not self._quotations:
            self._problems.append(FileProblem(line, None, _SKIPPED[token.type]))
        match token.type:
            case "blockquote_open" | "blockquote_close":
                self._quotations += token.nesting
            case _ if self._quotations:
                return
            case "list_item_open":
                self._open_item(line)
            case "list_item_close":
                self._items.pop()
            case "heading_open":
                self._level = int(token.tag[1])
            case "heading_close":
                self._level = None
            case "inline" if token.content.strip():
                self._take_text(line, token.content)

    def _open_item(self, line: int) -> None:
        if len(self._items) == DEEPEST_LIST:
            raise OperatorError(
                f"Line {line} of the outline is nested deeper than {DEEPEST_LIST} levels; flatten the list there."
            )
        node = Node(line)
        self._above.children.append(node)
        self._items.append(node)

    @property
    def _above(self) -> Node:
        return self._items[-1] if self._items else self._headings[-1]

    def _take_text(self, line: int, content: str) -> None:
        if self._level is not None and not self._items:
            self._open_heading(line, self._level, " ".join(content.split("\n")))
            return
        for number, text in _parts(content, line):
            node = self._above
            item = _ITEM_IN_TEXT.match(text)
            if self._items and not (node.text or node.children or node.notes):
                _fill(node, text)
            elif item is not None:
                self._add_item(number, text[item.end() :])
            elif (what := marked(_plain(text)).what) is None:
                node.notes.append(Note(number, _plain(text)))
            elif self._items:
                node.children.append(_fill(Node(number), text))
            else:
                self._open_heading(number, _PARAGRAPH_LEVEL[what], text)

    def _add_item(self, line: int, text: str) -> None:
        """Take an item that is indented so far that Markdown takes it for the rest of the text above."""
        node = self._above
        node.children.append(_fill(Node(line), text))
        reason = "This is indented by more than one level; it was read as one level below the line above."
        self._problems.append(FileProblem(line, None, reason))

    def _open_heading(self, line: int, level: int, text: str) -> None:
        node = _fill(Node(line, level=level), text)
        while (self._headings[-1].level or 0) >= level:
            self._headings.pop()
        self._headings[-1].children.append(node)
        self._headings.append(node)


def _parts(content: str, first: int) -> list[tuple[int, str]]:
    """The lines of a paragraph, with those put together that belong together."""
    parts: list[tuple[int, list[str]]] = []
    for number, raw in enumerate(content.split("\n"), first):
        line = raw.strip()
        if not parts or _ITEM_IN_TEXT.match(line) or begins_anew(line):
            parts.append((number, [line]))
        elif line:
            parts[-1][1].append(line)
    return [(number, " ".join(lines)) for number, lines in parts]


def _fill(node: Node, text: str) -> Node:
    box = _BOX.match(text)
    if box is not None:
        node.is_ticked, text = box[1] != " ", text[box.end() :]
    node.is_struck = text.startswith("~~") and text.endswith("~~") and text.count("~~") == 2
    node.text = _plain(text)
    return node


def _plain(text: str) -> str:
    """The text as a reader sees it: without emphasis, links, tags and line breaks."""
    # Longer than any title; parsing it would be work for nothing.
    if _MARKUP.search(text) is not None and len(text) <= 5_000:
        tokens = _INLINE.parseInline(_WIKI_LINK.sub(r"\1", text))
        text = "".join(_words(token for block in tokens for token in block.children or ()))
    return " ".join(text.replace("\x00", "").split())


def _words(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in ("text", "code_inline", "image", "text_special"):
            yield token.content
        elif token.type in ("softbreak", "hardbreak") or token.content.lower().startswith("<br"):
            yield " "
