"""Why a dependency wants attention, in one sentence with the figures that say so; pure."""

from datetime import date

from okrgraph.dependencies.dates import working_days_after
from okrgraph.dependencies.flags import Flagged
from okrgraph.dependencies.vocabulary import DependencyFlag
from okrgraph.okrs.weeks import today_in


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def explanation_of(flag: DependencyFlag, dependency: Flagged, today: date, time_zone: str) -> str:
    """Explain a flag that holds of the dependency on that day."""
    match flag:
        case DependencyFlag.OVERDUE:
            late = (today - dependency.needed_by).days
            return f"Needed by {dependency.needed_by}, {_days(late)} ago, and not delivered."
        case DependencyFlag.UNANSWERED:
            assert dependency.requested_at is not None, "what was not requested is not unanswered"
            asked_on = today_in(time_zone, dependency.requested_at)
            waited = working_days_after(asked_on, today)
            return f"Requested on {asked_on} and not answered for {waited} working days."
        case DependencyFlag.ASK_OPEN:
            assert dependency.asked_at is not None, "a question that is open was asked"
            return f"Asked on {today_in(time_zone, dependency.asked_at)} whether it is on track, and not answered."
        case DependencyFlag.SLIP:
            assert dependency.promised_by is not None, "what slips was promised"
            late = (dependency.promised_by - dependency.needed_by).days
            return (
                f"Promised by {dependency.promised_by}, {_days(late)} after it is needed "
                f"on {dependency.needed_by}."
            )
        case DependencyFlag.UNOWNED_RISK:
            return f"It is {dependency.state} and nobody owns the risk."
        case DependencyFlag.DEADLOCK:
            return (
                "It blocks, and waits for others that wait for it: no order of their dates delivers them all."
            )
