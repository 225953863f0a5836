"""The command line: a user's mistake is one sentence on standard error, never a traceback."""

import asyncio
import os
import re
import sys
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from urllib.parse import quote
from uuid import UUID

import typer

from okrgraph import __version__
from okrgraph.kit.errors import OperatorError
from okrgraph.people.vocabulary import TokenScope
from okrgraph.transfer.formats import file_format as formats

if TYPE_CHECKING:
    from okrgraph.settings import Settings
    from okrgraph.transfer.importing import ImportRefused, ImportResult

Result = TypeVar("Result")

app = typer.Typer(
    name="okrgraph",
    help="The GraphQL collaboration server for OKR alignment.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
token_app = typer.Typer(name="token", help="Make, list and revoke API tokens.", no_args_is_help=True)
app.add_typer(token_app)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"okrgraph {__version__}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """The GraphQL collaboration server for OKR alignment."""


def _settings(**overrides: object) -> "Settings":
    from okrgraph.settings import load_settings

    return load_settings(**overrides)


def _with_database(settings: "Settings", work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    from okrgraph.events.database import opened

    async def run() -> Result:
        async with opened(settings.database):
            return await work()

    return asyncio.run(run())


def _with_migrated(settings: "Settings", work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    if settings.database.path is not None and not settings.database.path.exists():
        raise OperatorError(f"There is no database {settings.database.path}; run 'okrgraph migrate' first.")
    from okrgraph.events.migrating import require_migrated

    async def run() -> Result:
        await require_migrated(settings.database)
        return await work()

    return _with_database(settings, run)


Port = Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)]
Host = Annotated[str, typer.Option(help="Address to listen on.")]


@app.command(epilog="Example: okrgraph demo --port 9000")
def demo(
    port: Port = 8000,
    host: Host = "127.0.0.1",
    data: Annotated[Path, typer.Option(help="Folder of the demonstration's database.")] = Path(".okrgraph"),
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
) -> None:
    """Serve a demonstration organisation from an embedded database; nothing else is needed."""
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OperatorError(f"The folder {data} cannot be made: {error.strerror}.") from error
    path = (data / "demo.sqlite3").resolve()
    settings = _settings(database_url=f"sqlite:///{quote(str(path))}", public_url=f"http://{host}:{port}")
    from okrgraph.serving.demonstration import serve_demonstration

    serve_demonstration(
        settings,
        host,
        port,
        announce=lambda text: print(text, flush=True),
        open_browser=not no_browser and sys.stdout.isatty(),
    )


@app.command(epilog="Example: OKRGRAPH_DATABASE_URL=postgres://okr@db/okrgraph okrgraph serve --host 0.0.0.0")
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[
        int, typer.Option(help="Serving processes; several need PostgreSQL and Redis.", min=1, max=64)
    ] = 1,
) -> None:
    """Serve the database that the settings name."""
    settings = _settings()
    from okrgraph.serving import starting

    starting.require_servable(settings, workers)
    _with_migrated(settings, _nothing)
    starting.serve(settings, host, port, workers)


async def _nothing() -> None:
    return None


@app.command()
def migrate() -> None:
    """Bring the database to the current schema; safe to run twice."""
    from okrgraph.events import migrating

    settings = _settings()
    applied = _with_database(settings, lambda: migrating.migrate(settings.database))
    typer.echo(f"Applied {', '.join(applied)}." if applied else "Nothing to do: the database is current.")


def _progress(stage: str, done: int, total: int | None) -> None:
    is_over = total is not None and done >= total
    if sys.stderr.isatty():
        of_total = "" if total is None else f" of {total:,}"
        typer.echo(f"\r{stage}: {done:,}{of_total}\033[K", nl=is_over, err=True)
    elif is_over:
        typer.echo(f"{stage}: {done:,}", err=True)


@app.command("import", epilog="Example: okrgraph import okrs.csv --organization acme --dry-run")
def import_(
    file: Annotated[Path, typer.Argument(help="The file; - reads standard input.", allow_dash=True)],
    *,
    organization: Annotated[
        str | None, typer.Option(help="Slug of the organisation, when the file does not name it.")
    ] = None,
    file_format: Annotated[
        formats.FileFormat | None,
        typer.Option("--format", help="Format of the file; what its name ends in unless given, else csv."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, write nothing.")] = False,
    columns: Annotated[
        Path | None, typer.Option(help="A map in YAML of another tool's CSV columns to ours.")
    ] = None,
    cycle: Annotated[str | None, typer.Option(help="Outline only: key or name of the cycle.")] = None,
    team: Annotated[str | None, typer.Option(help="Outline only: key or name of the owning team.")] = None,
) -> None:
    """Load an organisation from a file: all of it or nothing; running it again changes nothing."""
    from okrgraph.transfer import importing
    from okrgraph.transfer.foreign.column_map_file import read_column_map
    from okrgraph.transfer.outline.reading import account

    chosen = file_format or formats.format_of(file.name)
    is_outline = chosen is formats.FileFormat.MARKDOWN
    if not is_outline and (cycle is not None or team is not None):
        raise OperatorError("--cycle and --team are for an outline in Markdown; other files name them.")
    if is_outline and columns is not None:
        raise OperatorError("--columns is for a CSV file; an outline has none.")
    source = sys.stdin.buffer if str(file) == "-" else file

    async def run() -> importing.ImportResult:
        options: dict[str, Any] = {"organization": organization, "dry_run": dry_run, "progress": _progress}
        if not is_outline:
            mapped = None if columns is None else read_column_map(columns)
            return await importing.import_file(source, file_format=chosen, columns=mapped, **options)
        outline = await importing.outline_of(source, organization=organization, cycle=cycle, team=team)
        for line in account(outline) if dry_run else map(str, outline.not_understood):
            typer.echo(line, err=not dry_run)
        if not outline.records:
            raise OperatorError(f"Nothing in {file} was understood as an objective or a key result.")
        return await importing.import_reading(iter(outline.records), **options)

    try:
        result = _with_migrated(_settings(), run)
    except importing.ImportRefused as refused:
        raise _refused(refused, file) from None
    _show_imported(result)


def _refused(refused: "ImportRefused", file: Path) -> OperatorError:
    """Name every problem on stderr; the error says how many there are."""
    for problem in refused.problems:
        typer.echo(str(problem), err=True)
    count = len(refused.problems)
    more = ", and more that were not looked for" if refused.is_cut else ""
    return OperatorError(
        f"Nothing was written: {count:,} problem{'s' if count != 1 else ''}{more} in {file}."
    )


def _show_imported(result: "ImportResult") -> None:
    for warning in result.warnings:
        typer.echo(f"Warning: {warning}", err=True)
    typer.echo(f"{'Would import' if result.dry_run else 'Imported'} {result.slug}:")
    for kind in sorted({*result.created, *result.changed, *result.unchanged}):
        counts = (result.created.get(kind, 0), result.changed.get(kind, 0), result.unchanged.get(kind, 0))
        typer.echo(f"  {kind}: {counts[0]:,} created, {counts[1]:,} changed, {counts[2]:,} unchanged")


def _show_exported(written: int) -> None:
    typer.echo(f"\rexporting: {written:,}\033[K", nl=False, err=True)


@app.command(epilog="Example: okrgraph export --organization acme --output acme.yaml")
def export(
    organization: Annotated[str, typer.Option(help="Slug of the organisation.")],
    file_format: Annotated[
        formats.FileFormat | None,
        typer.Option(
            "--format",
            metavar="[csv|yaml|json]",
            help="Format of the file; what its name ends in unless given, else csv.",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="The file; standard output unless given.", allow_dash=True)
    ] = None,
) -> None:
    """Write an organisation to a file that 'okrgraph import' reads, as one moment saw it.

    For operators: it carries everything, drafts that only their team sees included. It works beside a
    running server. A file that is there is replaced in the end, when everything has been written.
    """
    from okrgraph.transfer.export import exporting
    from okrgraph.transfer.export.output import opened_output

    file = None if output is None or str(output) == "-" else output
    chosen = file_format or formats.format_of("" if file is None else file.name)
    # Not into the midst of what is exported.
    is_shown = sys.stderr.isatty() and (file is not None or not sys.stdout.isatty())

    async def run() -> None:
        with opened_output(file) as write:
            await exporting.export(organization, chosen, write, _show_exported if is_shown else None)

    _with_migrated(_settings(), run)
    if is_shown:
        typer.echo(err=True)


@app.command()
def schema() -> None:
    """Print the schema definition language."""
    from okrgraph.graph.schema import sdl

    typer.echo(sdl(), nl=False)


@app.command(epilog="Example: okrgraph doctor && okrgraph serve --workers 4")
def doctor() -> None:
    """Try out all that a server needs: database, Redis, clocks, and that a change arrives at a subscription."""
    import logging

    from okrgraph.doctor import findings

    # What goes wrong is in the findings.
    logging.disable()

    async def run() -> int:
        wrong = 0
        async for finding in findings():
            typer.echo(str(finding))
            wrong += finding.is_well is False
        return wrong

    wrong = asyncio.run(run())
    if wrong:
        raise OperatorError(f"{wrong} thing{'s are' if wrong > 1 else ' is'} wrong; see above what to do.")


def _duration(text: str) -> timedelta:
    match = re.fullmatch(r"([1-9][0-9]{0,4})([dhm])", text)
    if match is None:
        raise typer.BadParameter("say it as 90d, 12h or 30m", param_hint="'--expires-in'")
    unit = {"d": "days", "h": "hours", "m": "minutes"}[match[2]]
    return timedelta(**{unit: int(match[1])})


@token_app.command(
    "create", epilog="Example: okrgraph token create --organization acme --email ada@acme.example"
)
def token_create(
    organization: Annotated[str, typer.Option(help="Slug of the organisation.")],
    email: Annotated[str, typer.Option(help="E-mail address of the person the token speaks for.")],
    name: Annotated[str, typer.Option(help="What the token is for.")] = "",
    scope: Annotated[TokenScope, typer.Option(help="What it may do at most.")] = TokenScope.WRITE,
    expires_in: Annotated[
        str | None, typer.Option(help="How long it holds: 90d, 12h, 30m. Without end unless given.")
    ] = None,
) -> None:
    """Print a new API token, and nothing else; it is stored nowhere."""
    life = _duration(expires_in) if expires_in is not None else None
    from okrgraph.people import tokens

    typer.echo(
        _with_migrated(
            _settings(),
            lambda: tokens.create_token(organization, email, name=name, scope=scope, expires_in=life),
        )
    )


@token_app.command("list")
def token_list() -> None:
    """List the API tokens of this server; never the tokens themselves."""
    from okrgraph.people import tokens

    for row in _with_migrated(_settings(), tokens.list_tokens):
        state = (
            "revoked"
            if row.revoked_at
            else (f"until {row.expires_at:%Y-%m-%d}" if row.expires_at else "no end")
        )
        typer.echo(f"{row.id}  {row.organization}  {row.email}  {row.scope}  {state}  {row.name}".rstrip())


@token_app.command("revoke")
def token_revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the token, as 'token list' shows it.")],
) -> None:
    """Revoke an API token at once."""
    from okrgraph.people import tokens

    try:
        key = UUID(token_id)
    except ValueError:
        raise OperatorError(
            f"{token_id!r} is not the id of a token; 'okrgraph token list' shows them."
        ) from None
    _with_migrated(_settings(), lambda: tokens.revoke_token(key))
    typer.echo(f"Revoked {key}.")


def main() -> None:
    """Run the command line: exit status 0 done, 1 refused, 2 wrong usage."""
    try:
        app()
    except OperatorError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)
    except BrokenPipeError:
        # The reader has gone, as `head` does; that is no error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
