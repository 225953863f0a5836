"""The fault report: what was broken, what was written and delivered, and what was not as it must be."""

import platform
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from okrgraph import __version__
from tests.faults.history import Fault, History, Run
from tests.faults.mix import Round

NOT_HERE = (
    "1 % packet loss, which would hit all that talks on the loopback of the machine; a proxy injects the rest",
    "loss of power and failing disks: processes are killed, the machine is not",
    "asynchronous replication between machines: a lagging standby is a copy of the cluster that is promoted",
)


def _percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


class Totals:
    """Sums over rounds."""

    def __init__(self, rounds: Sequence[Round]) -> None:
        self.rounds = rounds
        self.histories = [history for each in rounds for history in each.histories]
        self.verdicts = [verdict for each in rounds for verdict in each.verdicts]
        self.faults = [fault for history in self.histories for fault in history.faults]
        attempts = [
            attempt for history in self.histories for each in history.operations for attempt in each.attempts
        ]
        self.outcomes = Counter(attempt.outcome for attempt in attempts)
        self.written = sum(_written(history) for history in self.histories)
        self.delivered = sum(verdict.delivered for verdict in self.verdicts)
        self.resyncs = sum((verdict.resyncs for verdict in self.verdicts), Counter[str]())
        self.conflated = sum(verdict.conflated for verdict in self.verdicts)
        self.runs = sum(bool(run.frames) for run in self._runs())
        self.subscribers = sum(len(history.subscribers) for history in self.histories)
        self.live = [seconds for verdict in self.verdicts for seconds in verdict.live_seconds]
        self.violations = [violation for verdict in self.verdicts for violation in verdict.violations]

    def _runs(self) -> Iterable[Run]:
        return (run for history in self.histories for each in history.subscribers for run in each.runs)

    def count(self, what: str) -> int:
        return sum(violation.what == what for violation in self.violations)


def _written(history: History) -> int:
    """Rows of the log, those of a history that a failover ended included."""
    seen = {id(log): len(log.entries) for log in history.logs.values()}
    return sum(seen.values())


def report(rounds: Sequence[Round], *, command: str, database: str, seed: int) -> str:
    """Markdown."""
    totals = Totals(rounds)
    made_by = (
        f"{datetime.now(UTC):%Y-%m-%d}, okrgraph {__version__}, Python {platform.python_version()}, "
        f"strawberry-graphql {version('strawberry-graphql')}, {platform.system()} {platform.machine()}. "
        f"Command: `{command}`, seed {seed}, {sum(each.seconds for each in rounds):.0f} s."
    )
    lines = [
        f"### {database}",
        "",
        made_by,
        "",
        "| | |",
        "|---|---:|",
        *_counts(totals),
        "",
        "| fault | injected | up to date again after, median | worst | the last one |",
        "|---|---:|---:|---:|---|",
        *_faults(totals.faults),
    ]
    if totals.violations:
        lines += ["", "Broken:", "", *(f"- {violation}" for violation in totals.violations[:100])]
    return "\n".join(lines) + "\n"


def _counts(totals: Totals) -> list[str]:
    outcomes, violations = totals.outcomes, totals.violations
    resyncs = ", ".join(f"{count} {reason}" for reason, count in sorted(totals.resyncs.items()))
    live = f"{_percentile(totals.live, 0.5):.2f} s, {_percentile(totals.live, 0.99):.2f} s"
    rows = {
        "faults injected": len(totals.faults),
        "mutations acknowledged, answers unknown": f"{outcomes['ok']:,}, {outcomes['info']:,}",
        "events written": f"{totals.written:,}",
        "events delivered": f"{totals.delivered:,}",
        "**lost**": totals.count("lost"),
        "**duplicated in effect**": totals.count("duplicated"),
        "**reordered**": totals.count("reordered") + totals.count("split"),
        "leaked to who may not see": totals.count("leaked"),
        "other violations": len(violations)
        - sum(totals.count(what) for what in ("lost", "duplicated", "reordered", "split", "leaked")),
        "subscribers, subscriptions with reconnects": f"{totals.subscribers}, {totals.runs:,}",
        "Resyncs": resyncs or "0",
        "conflated batches": totals.conflated,
        "commit to client during faults, p50 and p99": live,
    }
    return [f"| {name} | {value} |" for name, value in rows.items()]


def _faults(faults: Sequence[Fault]) -> list[str]:
    by_name: dict[str, list[Fault]] = defaultdict(list)
    for fault in faults:
        by_name[fault.name].append(fault)
    lines = []
    for name, some in by_name.items():
        took = [fault.steady for fault in some if fault.steady is not None]
        stuck = "" if len(took) == len(some) else f", {len(some) - len(took)} never"
        worst = f"{max(took, default=0.0):.1f} s{stuck}"
        middle = f"{_percentile(took, 0.5):.1f} s"
        lines.append(f"| {name} | {len(some)} | {middle} | {worst} | {some[-1].note} |")
    return lines
