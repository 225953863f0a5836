"""Comments as they are read: what they are about, their answers, their tombstones, their HTML."""

import re
from typing import Any

import pytest

from okrgraph.discussion.comments import NewComment, create_comment, delete_comment, resolve_comment
from okrgraph.discussion.models import Comment
from okrgraph.discussion.vocabulary import CommentKind, SubjectType
from okrgraph.graph.comments import rendered
from okrgraph.kit.ids import global_id
from okrgraph.people.vocabulary import MemberRole
from tests.building import make_organization
from tests.graph.rich_world import plain

READ = """query($id: ID!) { node(id: $id) { ... on Comment {
    body bodyHtml kind version deletedAt resolvedAt editedAt author { name } resolvedBy { name }
    subject { __typename id } parentComment { id } replies { body parentComment { id } replies { id } } } } }"""

# What could run or fetch something in a reader's browser, if it came through as HTML.
PAYLOADS = (
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img src='x' onerror='alert(1)' />",
    '"><img src=x onerror=alert(1)>',
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='javascript:alert(1)'></object>",
    "<embed src='javascript:alert(1)'>",
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<input autofocus onfocus=alert(1)>",
    "<form action='javascript:alert(1)'><button>x</button></form>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' &#106;avascript:alert(1)'>x</a>",
    "<style>@import 'javascript:alert(1)';</style>",
    "<link rel=stylesheet href=javascript:alert(1)>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<base href='javascript:alert(1)//'>",
    "<div style='background:url(javascript:alert(1))'>x</div>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](vbscript:msgbox(1))",
    "[x](file:///etc/passwd)",
    "[x]: javascript:alert(1)\n\n[x]",
    '[x](https://ok.example "\\" onmouseover=alert(1)")',
    '[x](https://ok.example/"onmouseover=alert(1))',
    "<javascript:alert(1)>",
    '<https://ok.example/"onclick=alert(1)>',
    "![x](javascript:alert(1))",
    "![x](https://track.example/pixel.gif)",
    '![x](x "onerror=alert(1)")',
    "`<script>alert(1)</script>`",
    "```<script>\n<script>alert(1)</script>\n```",
    '```x" onclick="alert(1)\nx\n```',
    "| <img src=x onerror=alert(1)> |\n|---|\n| <script>alert(1)</script> |",
    "@<img src=x onerror=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
)
TAG = re.compile(r"<\s*/?\s*([a-zA-Z!?][^\s>/]*)([^>]*)>")
HARMLESS = {
    *("p", "a", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "hr", "br"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
ATTRIBUTE = re.compile(r'([a-zA-Z-]+)="([^"]*)"')


def require_inert(html: str) -> None:
    for name, rest in TAG.findall(html):
        assert name in HARMLESS, html
        attributes = dict(ATTRIBUTE.findall(rest))
        assert ATTRIBUTE.sub("", rest).strip() == "", html
        assert attributes.keys() <= {"href", "title", "rel", "start"}, html
        if "href" in attributes:
            scheme = SCHEME.match(attributes["href"])
            assert scheme is None or scheme[0] in {"https:", "http:", "mailto:"}, html
            assert attributes["href"].isprintable(), html
            assert "&" not in attributes["href"].replace("&amp;", ""), html
            assert attributes["rel"] == "noopener noreferrer", html


async def test_nothing_in_a_comments_html_runs_or_fetches(graph) -> None:
    org = await make_organization()
    ada = await org.person("Ada", {org.company: MemberRole.LEAD})
    objective = await org.objective(ada, published=True)
    ids = {}
    for payload in PAYLOADS:
        ids[payload] = global_id("Comment", (await org.comment(ada, objective, payload)).id)
    document = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Comment { body bodyHtml } } }"
    found = await graph.run(ada, document, ids=list(ids.values()))
    assert [node["body"] for node in found["nodes"]] == [payload.strip() for payload in PAYLOADS]
    for node in found["nodes"]:
        require_inert(node["bodyHtml"])


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ("**a** *b* ~~c~~ `d`", "<p><strong>a</strong> <em>b</em> <s>c</s> <code>d</code></p>\n"),
        ("a & b < c", "<p>a &amp; b &lt; c</p>\n"),
        ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>\n"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"),
        (
            "[x](https://ok.example/?a=1&b=2)",
            '<p><a href="https://ok.example/?a=1&amp;b=2" rel="noopener noreferrer">x</a></p>\n',
        ),
        (
            "<ada@acme.example>",
            '<p><a href="mailto:ada@acme.example" rel="noopener noreferrer">ada@acme.example</a></p>\n',
        ),
        ("", ""),
    ],
)
def test_markdown_becomes_html(body, html) -> None:
    assert rendered(body) == html


async def remark(viewer: Any, subject_type: SubjectType, key: Any, **values: Any) -> Comment:
    done = await create_comment(plain(viewer), NewComment(subject_type, key, "Remark", **values))
    return await Comment.get(id=done.entity_id)


async def test_a_comment_names_its_subject_and_its_answers_oldest_first(graph) -> None:
    org = await make_organization()
    ada = await org.person("Ada", {org.company: MemberRole.LEAD})
    bob = await org.person("Bob")
    objective = await org.objective(ada, published=True)
    key_result = await org.key_result(objective, ada)
    check_in = await org.check_in(key_result, viewer=ada)
    link = await org.link(await org.objective(ada, published=True), key_result)
    for kind, key in (
        (SubjectType.OBJECTIVE, objective.id),
        (SubjectType.KEY_RESULT, key_result.id),
        (SubjectType.CHECK_IN, check_in.id),
        (SubjectType.ALIGNMENT_LINK, link.id),
    ):
        top = await remark(bob, kind, key, kind=CommentKind.QUESTION)
        for body in ("first", "second"):
            await create_comment(plain(ada), NewComment(kind, key, body, parent_comment_id=top.id))
        found = (await graph.run(bob, READ, id=global_id("Comment", top.id)))["node"]
        own = {"id": global_id("Comment", top.id)}
        assert found == {
            "body": "Remark",
            "bodyHtml": "<p>Remark</p>\n",
            "kind": "QUESTION",
            "version": 1,
            "deletedAt": None,
            "resolvedAt": None,
            "editedAt": None,
            "author": {"name": "Bob"},
            "resolvedBy": None,
            "subject": {"__typename": kind.value, "id": global_id(kind.value, key)},
            "parentComment": None,
            "replies": [{"body": body, "parentComment": own, "replies": []} for body in ("first", "second")],
        }


async def test_comments_stand_with_their_own_subject_only(graph) -> None:
    org = await make_organization()
    ada = await org.person("Ada", {org.company: MemberRole.LEAD})
    objective = await org.objective(ada, published=True)
    key_result = await org.key_result(objective, ada)
    await org.comment(ada, objective, "On the objective")
    await remark(ada, SubjectType.KEY_RESULT, key_result.id)
    document = """query($id: ID!) { objective(id: $id) {
        comments { totalCount nodes { body } } keyResults { comments { totalCount nodes { body } } } } }"""
    found = (await graph.run(ada, document, id=global_id("Objective", objective.id)))["objective"]
    assert found == {
        "comments": {"totalCount": 1, "nodes": [{"body": "On the objective"}]},
        "keyResults": [{"comments": {"totalCount": 1, "nodes": [{"body": "Remark"}]}}],
    }


async def test_a_deleted_comment_is_a_tombstone_that_keeps_its_answers(graph) -> None:
    org = await make_organization()
    ada = await org.person("Ada", {org.company: MemberRole.LEAD})
    objective = await org.objective(ada, published=True)
    top = await org.comment(ada, objective, "Sorry")
    await org.comment(ada, objective, "Never mind", parent_comment_id=top.id)
    await resolve_comment(plain(ada), top.id)
    await delete_comment(plain(ada), top.id)
    found = (await graph.run(ada, READ, id=global_id("Comment", top.id)))["node"]
    assert (found["body"], found["bodyHtml"], found["version"]) == ("", "", 3)
    assert found["deletedAt"] is not None
    assert found["resolvedBy"] == {"name": "Ada"}
    assert [reply["body"] for reply in found["replies"]] == ["Never mind"]
    document = "query($id: ID!) { objective(id: $id) { comments { totalCount nodes { body } } } }"
    found = await graph.run(ada, document, id=global_id("Objective", objective.id))
    assert found["objective"]["comments"] == {"totalCount": 1, "nodes": [{"body": ""}]}
