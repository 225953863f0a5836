import asyncio
import os
import re
import subprocess
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from okrgraph import __version__
from okrgraph.events.database import fetch_all, opened
from okrgraph.people.tokens import create_token, list_tokens, revoke_token
from okrgraph.people.vocabulary import TokenScope
from tests.databases import GivenDatabase
from tests.e2e.acme import Acme, make_acme
from tests.e2e.clients import client
from tests.e2e.program import COMMAND, Ended, Shared, ended, start
from tests.processes import ROOT

VIEWER = "{ viewer { person { name } } }"
COMMENT = """mutation ($subject: ID!) {
  commentCreate(input: {subjectId: $subject, body: "Mine"}) { userErrors { code } cursor }
}"""


async def _okrgraph(*arguments: str, folder: Path, database: GivenDatabase | None = None) -> Ended:
    return await ended(await start(*arguments, folder=folder, database=database))


async def _at(shared: Shared, *arguments: str) -> Ended:
    """Run a command beside the shared server."""
    return await _okrgraph(*arguments, folder=shared.folder, database=shared.database)


async def _token(shared: Shared, acme: Acme, *options: str) -> str:
    made = await _at(
        shared, "token", "create", f"--organization={acme.slug}", f"--email={acme.email('ada')}", *options
    )
    assert (made.status, made.errors) == (0, "")
    (token,) = re.fullmatch(r"(okr_[A-Za-z0-9]+)\n", made.output).groups()  # type: ignore[union-attr]
    return token


async def _newest_token_id(shared: Shared) -> UUID:
    async with opened(shared.database.address):
        return (await list_tokens())[-1].id


async def _status(shared: Shared, token: str) -> int:
    async with client(shared.server, token) as caller:
        return (await caller.http.post("/graphql", json={"query": VIEWER})).status_code


async def test_migrating_twice_applies_everything_once(empty_database: GivenDatabase, tmp_path: Path) -> None:
    runs = [await _okrgraph("migrate", folder=tmp_path, database=empty_database) for _ in range(2)]

    assert runs == [
        Ended(0, "Applied 0001_tables, 0002_dependencies.\n", ""),
        Ended(0, "Nothing to do: the database is current.\n", ""),
    ]
    async with opened(empty_database.address):
        assert len(await fetch_all("SELECT epoch FROM log_epoch")) == 1


async def test_migrating_into_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    database = GivenDatabase(f"sqlite:///{tmp_path}/nowhere/okrgraph.db")

    refusal = (await _okrgraph("migrate", folder=tmp_path, database=database)).refusal()

    assert refusal == (
        f"The folder of the database {tmp_path}/nowhere/okrgraph.db does not exist; make it first."
    )


async def test_migrating_what_is_no_database_is_refused_and_leaves_it_alone(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear Ada, " * 100)

    refused = await _okrgraph("migrate", folder=tmp_path, database=GivenDatabase(f"sqlite:///{letter}"))

    assert refused.refusal() == (
        "The database cannot be reached (file is not a database); check OKRGRAPH_DATABASE_URL."
    )
    assert letter.read_text() == "Dear Ada, " * 100


async def test_a_new_token_is_alone_on_standard_output_and_works_at_once(shared: Shared, acme: Acme) -> None:
    token = await _token(shared, acme)

    async with client(shared.server, token) as ada:
        assert await ada.run(VIEWER) == {"viewer": {"person": {"name": "Ada"}}}
        assert (await ada.change(COMMENT, subject=acme.objective))["cursor"] is not None


async def test_a_token_may_do_no_more_than_its_scope(shared: Shared, acme: Acme) -> None:
    token = await _token(shared, acme, "--scope=read", "--expires-in=12h")

    async with client(shared.server, token) as ada:
        assert await ada.run(VIEWER) == {"viewer": {"person": {"name": "Ada"}}}
        refused = (await ada.run(COMMENT, subject=acme.objective))["commentCreate"]
    assert refused == {"userErrors": [{"code": "FORBIDDEN"}], "cursor": None}


async def test_a_revoked_token_is_refused_and_the_others_are_not(shared: Shared, acme: Acme) -> None:
    token = await _token(shared, acme, "--name=doomed")
    token_id = await _newest_token_id(shared)

    revoked = await asyncio.gather(*(_at(shared, "token", "revoke", str(token_id)) for _ in range(2)))

    assert revoked == [Ended(0, f"Revoked {token_id}.\n", "")] * 2
    assert [await _status(shared, token), await _status(shared, acme.ada)] == [401, 200]


async def test_the_list_of_tokens_says_whose_they_are_and_how_long_they_hold(
    sqlite_file: GivenDatabase, tmp_path: Path
) -> None:
    await make_acme(sqlite_file)
    async with opened(sqlite_file.address):
        ada = "Ada@ACME.example"
        await create_token("acme", ada, scope=TokenScope.READ, expires_in=timedelta(days=90))
        await create_token("acme", ada, scope=TokenScope.ADMIN, name="doomed")
        tokens = await list_tokens()
        await revoke_token(tokens[-1].id)

    listed = await _okrgraph("token", "list", folder=tmp_path, database=sqlite_file)

    assert tokens[2].expires_at is not None
    ids = [token.id for token in tokens]
    assert listed == Ended(
        0,
        f"{ids[0]}  acme  ada@acme.example  write  no end\n"
        f"{ids[1]}  acme  bo@acme.example  write  no end\n"
        f"{ids[2]}  acme  ada@acme.example  read  until {tokens[2].expires_at:%Y-%m-%d}\n"
        f"{ids[3]}  acme  ada@acme.example  admin  revoked  doomed\n",
        "",
    )


async def test_a_token_of_nobody_is_refused_in_one_sentence(
    sqlite_file: GivenDatabase, tmp_path: Path
) -> None:
    await make_acme(sqlite_file)
    nil = "00000000-0000-7000-8000-000000000000"
    refusals = {
        ("create", "--organization=acme", "--email=nobody@acme.example"): (
            "There is no active person 'nobody@acme.example' in 'acme'."
        ),
        ("create", "--organization=globex", "--email=ada@acme.example"): (
            "There is no organisation 'globex'; import one first."
        ),
        ("revoke", "7"): "'7' is not the id of a token; 'okrgraph token list' shows them.",
        ("revoke", nil): f"There is no token {nil}; 'okrgraph token list' shows them.",
    }

    refused = await asyncio.gather(
        *(_okrgraph("token", *each, folder=tmp_path, database=sqlite_file) for each in refusals)
    )

    assert [each.refusal() for each in refused] == list(refusals.values())


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("fly",), "No such command 'fly'."),
        (("migrate", "--twice"), "No such option: --twice"),
        (("serve", "--port=high"), "Invalid value for '--port': "),
        (("serve", "--port=70000"), "Invalid value for '--port': "),
        (
            ("serve", "--workers=0"),
            "Invalid value for '--workers': Input should be greater than or equal to 1",
        ),
        (
            ("serve", "--workers=65"),
            "Invalid value for '--workers': Input should be less than or equal to 64",
        ),
        (("serve", "--workers=many"), "Invalid value for '--workers': Input should be a valid integer"),
        (("import",), "Missing argument 'file'."),
        (("token", "create", "--email=a@b.example"), "Missing option '--organization'."),
        (
            ("token", "create", "--organization=a", "--email=b", "--scope=all"),
            "Invalid value for '--scope': ",
        ),
        (
            ("token", "create", "--organization=a", "--email=b", "--expires-in=soon"),
            "Invalid value for '--expires-in': say it as 90d, 12h or 30m",
        ),
    ],
)
async def test_wrong_usage_is_explained_with_status_2(
    tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    wrong = await _okrgraph(*arguments, folder=tmp_path)

    assert (wrong.status, wrong.output) == (2, "")
    assert f"Error: {complaint}" in wrong.errors


async def test_the_schema_is_the_one_in_the_repository(tmp_path: Path) -> None:
    printed = await _okrgraph("schema", folder=tmp_path)

    assert printed == Ended(0, (ROOT / "schema.graphql").read_text(), "")


def test_a_reader_that_left_early_is_no_reason_for_a_traceback(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*COMMAND, "schema"],
        cwd=tmp_path,
        env=environment,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)

    assert (done.returncode, done.stderr) == (1, b"")


async def test_the_version_is_printed(tmp_path: Path) -> None:
    assert await _okrgraph("--version", folder=tmp_path) == Ended(0, f"okrgraph {__version__}\n", "")


@pytest.mark.parametrize(
    "command", [("demo",), ("serve",), ("import",), ("export",), ("doctor",), ("token", "create")]
)
async def test_help_has_an_example(tmp_path: Path, command: tuple[str, ...]) -> None:
    shown = await _okrgraph(*command, "--help", folder=tmp_path)

    assert (shown.status, shown.errors) == (0, "")
    assert f"okrgraph {' '.join(command)}" in shown.output.split("Example: ")[1]


async def test_a_dot_env_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        f"OKRGRAPH_DATABASE_URL=sqlite:///{tmp_path}/from-file.db\nOKRGRAPH_LOG_FORMAT=json\n"
    )
    await _okrgraph("migrate", folder=tmp_path)
    await _okrgraph("migrate", folder=tmp_path, database=GivenDatabase(f"sqlite:///{tmp_path}/given.db"))

    assert (tmp_path / "from-file.db").exists()
    assert (tmp_path / "given.db").exists()
