"""What the scenarios need of the data before they begin, asked of a running server or made beside it."""

import json
import subprocess
import sys
from collections.abc import Mapping
from http.client import HTTPConnection
from typing import Any

from benchmarks.live.sides import Place
from benchmarks.servers import CannotRun, environment

CURSOR = "{ organization { cursor } }"
COMPANY_OBJECTIVE = "{ objectives(first: 1, filter: {levels: [COMPANY]}) { nodes { id } } }"


def query(port: int, token: str, document: str, variables: Mapping[str, Any] | None = None) -> Any:
    """Ask a server; give its data. Raises CannotRun when it refuses."""
    client = HTTPConnection("127.0.0.1", port, timeout=60)
    body = json.dumps({"query": document, "variables": variables or {}})
    try:
        client.request(
            "POST", "/graphql", body, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        )
        answer = json.loads(client.getresponse().read())
    finally:
        client.close()
    if answer.get("errors"):
        raise CannotRun(f"A query was refused: {answer['errors'][0]}")
    return answer["data"]


def company_objective(port: int, token: str) -> str:
    """The id of an objective that everybody sees."""
    found: str = query(port, token, COMPANY_OBJECTIVE)["objectives"]["nodes"][0]["id"]
    return found


def run_module(place: Place, module: str, *arguments: str) -> None:
    """Run a module of this package to its end. Raises CannotRun when it fails."""
    command = [sys.executable, "-m", f"benchmarks.live.{module}", *arguments]
    done = subprocess.run(
        command, env=environment(**place.settings()), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CannotRun(f"{module} failed: {done.stderr.strip()[-1000:]}")
