"""The words and measures that the reference data is composed of; lists only, no rule of composition."""

from dataclasses import dataclass


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


FIRST_NAMES = _words(
    "Ada|Adrián|Aiko|Amara|Anders|Anika|Arjun|Astrid|Ayşe|Bastian|Beatriz|Björn|Camille|Chidi|Clara|"
    "Darius|Dilan|Elena|Emre|Esther|Fatima|Felix|Freya|Gideon|Hana|Hugo|Ines|Ivo|Jasper|Joana|Kenji|Kofi|"
    "Leila|Linus|Lucía|Malik|Mateo|Mei|Nadia|Noah|Olga|Otis|Priya|Rafael|Rosa|Samir|Sanna|Tariq|Vera|Zoë"
)

LAST_NAMES = _words(
    "Abbott|Adeyemi|Almeida|Andersson|Arslan|Bakker|Banerjee|Bauer|Becker|Bianchi|Björk|Brandt|Castillo|"
    "Chen|Costa|Dahl|Diallo|Dubois|Eriksen|Farkas|Fischer|Fontaine|García|Gruber|Haddad|Hansen|Hashimoto|"
    "Ibáñez|Ivanova|Jensen|Kapoor|Keller|Kimura|Kowalczyk|Lambert|Lehmann|Lindqvist|Lopes|Marchetti|"
    "Mensah|Moreau|Müller|Navarro|Novák|Nyström|Okafor|Olsen|Park|Pereira|Petrov|Rahman|Ricci|Romero|"
    "Santos|Schreiber|Tanaka|Thorne|Vargas|Weiss|Yavuz"
)

# One for each team of scale 1; larger scales add a place.
AREAS = _words(
    "Payments|Checkout|Search|Onboarding|Billing|Growth|Retention|Pricing|Catalogue|Logistics|Returns|"
    "Inventory|Fraud|Risk|Compliance|Identity|Permissions|Notifications|Messaging|Mobile|Web|"
    "Design System|Accessibility|Localisation|Platform|Infrastructure|Observability|Data Pipelines|"
    "Analytics|Experimentation|Machine Learning|Recommendations|Content|Brand|Community|Events|"
    "Partnerships|Marketplace|Merchant Tools|Enterprise|Mid-Market|Self-Service|Customer Success|Support|"
    "Field Service|Training|Documentation|Developer Relations|Integrations|Public API|Security|Privacy|"
    "Quality|Release|Finance|Treasury|Procurement|Recruiting|People Operations|Workplace"
)

PLACES = _words(
    "Oslo|Porto|Lyon|Graz|Turku|Leeds|Ghent|Brno|Cork|Bergen|Malmö|Aarhus|Basel|Bilbao|Bologna|Bremen|"
    "Dresden|Dundee|Gdynia|Geneva|Girona|Kaunas|Leipzig|Linz|Lublin|Nantes|Parma|Pécs|Tampere|Tartu|"
    "Trieste|Uppsala|Utrecht"
)

# Each makes three objectives of a team, so the phrases in a row have to differ.
TEAM_OUTCOMES = (
    "Make {team} easy to start with",
    "Halve the waiting time in {team}",
    "Earn the trust of new customers in {team}",
    "Make the work of {team} predictable",
    "Bring {team} to every region",
    "Take the surprises out of {team}",
    "Turn {team} into a reason to stay",
    "Let customers solve it themselves in {team}",
    "Make {team} cheap to run",
    "Give {team} one source of truth",
    "Make quality visible in {team}",
    "Win back customers through {team}",
    "Make {team} ready for ten times the load",
    "Remove the manual steps from {team}",
    "Bring decisions in {team} closer to the customer",
    "Make {team} safe by default",
    "Shorten the path from idea to customer in {team}",
    "Let partners build on {team}",
    "Make {team} a place where people grow",
    "Retire the old way of working in {team}",
    "Make every promise of {team} a kept one",
    "Understand why customers leave {team}",
    "Make {team} work well on small screens",
    "Prove the value of {team} with numbers",
)

# VERBS and THINGS: every pair makes a title, 45 by 48.
VERBS = _words(
    "Simplify|Speed up|Stabilise|Document|Automate|Rework|Measure|Tidy up|Harden|Redesign|Review|Trim|"
    "Pilot|Map out|Test|Rebuild|Streamline|Clarify|Take over|Repair|Improve|Prepare|Extend|Standardise|"
    "Monitor|Secure|Rehearse|Modernise|Unify|Shorten|Teach|Relaunch|Localise|Consolidate|Scale|Refine|"
    "Open up|Benchmark|Reorganise|Complete|Validate|Restart|Sharpen|Strengthen|Explain"
)

THINGS = _words(
    "the weekly release|the sign-up path|the refund path|the price list|the hand-over to support|"
    "the first-day guide|the monthly report|the incident drill|the search index|the partner portal|"
    "the renewal process|the help pages|the data export|the on-call rota|the design review|"
    "the customer interviews|the test suite|the access requests|the invoice run|the product tour|"
    "the welcome messages|the supplier checks|the capacity plan|the event calendar|the mobile build|"
    "the feedback loop|the audit trail|the hiring steps|the warehouse feed|the fraud rules|"
    "the translation queue|the load test|the roadmap page|the quarterly survey|the case studies|"
    "the referral offer|the escalation path|the service desk|the metrics board|the demo account|"
    "the contract templates|the style guide|the backup routine|the training plan|the status page|"
    "the address check|the pilot programme|the archive"
)

WHY_NOWS = (
    "Two large renewals depend on it before the year ends.",
    "Last quarter showed that customers notice the difference.",
    "The current way does not carry the load expected in spring.",
    "Three teams are waiting for it, and each has a workaround of its own.",
    "Competitors have made this the expected standard.",
    "The rules change in January; late is more expensive than now.",
)

COMMENT_BODIES = {
    "COMMENT": (
        "Our numbers moved the same way last month, so this fits.",
        "Thanks for writing down the starting value, that makes it comparable.",
        "We saw the same in our team. Happy to share what we tried.",
        "Read and understood; we plan around it.",
    ),
    "QUESTION": (
        "Does this include the customers that came with the migration?",
        "Which source is the figure read from?",
        "Will you need anything from us before week 6?",
    ),
    "CONCERN": (
        "This needs the same two people as our own objective. **How do we share them?**",
        "The target looks out of reach as long as the old process runs beside it.",
        "If this slips by two weeks, our launch slips as well.",
    ),
    "SUGGESTION": (
        "You could start with the *smallest* region: less risk, and numbers within two weeks.",
        "Consider measuring the median instead of the mean.",
    ),
    "SUPPORT": ("This helps us directly, thank you.", "Good choice. We will line up our release with it."),
    "DECISION": ("Agreed in the weekly review: scope stays, the date moves by one week.",),
}

REPLIES = (
    "Yes, that is included.",
    "Good point, the description now says so.",
    "Let us talk about it in the weekly review.",
    "We checked: it holds for our part too.",
)


@dataclass(frozen=True, slots=True)
class Measure:
    """A kind of key result: its title and the ranges of start and target, whole numbers of 10**-decimals."""

    kind: str
    unit: str
    title: str
    start: tuple[int, int]
    target: tuple[int, int]
    decimals: int = 0


# Neighbours differ, and an objective takes up to three in a row. BASELINE has neither start nor target: its
# ranges only bound the value that a check-in records.
MEASURES = (
    Measure("NUMBER", "teams", "Grow active teams in {team} from {start} to {target}", (20, 60), (90, 180)),
    Measure("PERCENT", "%", "Raise activation in {team} from {start} % to {target} %", (20, 45), (55, 80)),
    Measure(
        "DURATION", "min", "Cut response time in {team} from {start} to {target} minutes", (45, 90), (5, 30)
    ),
    Measure("MILESTONE", "steps", "Reach all {target} steps of the {team} roll-out", (0, 0), (4, 8)),
    Measure("GUARDRAIL_MIN", "%", "Keep {team} available for at least {target} %", (980, 985), (995, 999), 1),
    Measure(
        "CURRENCY",
        "EUR",
        "Grow revenue of {team} from {start} to {target} EUR",
        (20000, 60000),
        (80000, 150000),
    ),
    Measure("RATE", "per week", "Raise weekly releases of {team} from {start} to {target}", (1, 4), (8, 20)),
    Measure("BINARY", "", "Pass the external review of {team}", (0, 0), (1, 1)),
    Measure(
        "NUMBER",
        "points",
        "Lift the recommendation score of {team} from {start} to {target}",
        (18, 38),
        (45, 60),
    ),
    Measure(
        "GUARDRAIL_MAX", "tickets", "Keep open tickets of {team} at {target} or fewer", (80, 120), (20, 50)
    ),
    Measure("PERCENT", "%", "Bring churn in {team} down from {start} % to {target} %", (60, 95), (20, 45), 1),
    Measure(
        "CORRIDOR", "%", "Hold the workload of {team} between {start} % and {target} %", (65, 72), (80, 90)
    ),
    Measure("NUMBER", "studies", "Publish {target} case studies from {team}", (0, 0), (3, 9)),
    Measure("ORDINAL", "", "Take the {team} maturity check to its top level", (0, 0), (3, 3)),
    Measure(
        "DURATION", "days", "Shorten lead time of {team} from {start} to {target} days", (18, 40), (4, 12)
    ),
    Measure("BASELINE", "hours", "Record how many hours customers spend in {team}", (20, 40), (60, 90)),
    Measure(
        "CURRENCY",
        "EUR",
        "Lower cost per order in {team} from {start} to {target} EUR",
        (800, 1500),
        (300, 600),
        2,
    ),
)


@dataclass(frozen=True, slots=True)
class CompanyObjective:
    """An objective of the company with its four key results."""

    title: str
    why_now: str
    key_results: tuple[Measure, Measure, Measure, Measure]


COMPANY_OBJECTIVES = (
    CompanyObjective(
        "Become the tool that teams reach for first",
        "The market is choosing its standard this year, and teams rarely switch twice.",
        (
            Measure(
                "NUMBER", "teams", "Grow weekly active teams from {start} to {target}", (300, 300), (500, 500)
            ),
            Measure(
                "PERCENT", "%", "Raise first-week activation from {start} % to {target} %", (34, 34), (55, 55)
            ),
            Measure(
                "NUMBER",
                "points",
                "Lift the recommendation score from {start} to {target}",
                (38, 38),
                (55, 55),
            ),
            Measure(
                "DURATION",
                "min",
                "Bring the first result down from {start} to {target} minutes",
                (42, 42),
                (10, 10),
            ),
        ),
    ),
    CompanyObjective(
        "Make our customers stay and grow with us",
        "Renewals of the two largest regions fall into the coming half-year.",
        (
            Measure(
                "PERCENT",
                "%",
                "Raise net revenue retention from {start} % to {target} %",
                (104, 104),
                (115, 115),
            ),
            Measure(
                "CURRENCY",
                "EUR",
                "Grow expansion revenue from {start} to {target} EUR",
                (900000, 900000),
                (1400000, 1400000),
            ),
            Measure(
                "RATE", "per month", "Bring {target} customer stories a month to light", (40, 40), (150, 150)
            ),
            Measure(
                "PERCENT", "%", "Bring yearly churn down from {start} % to {target} %", (92, 92), (60, 60), 1
            ),
        ),
    ),
    CompanyObjective(
        "Be the partner that never lets them down",
        "Every lost deal of the last two quarters named reliability among its reasons.",
        (
            Measure(
                "GUARDRAIL_MIN",
                "%",
                "Keep the service available for at least {target} %",
                (9900, 9900),
                (9995, 9995),
                2,
            ),
            Measure(
                "DURATION",
                "min",
                "Answer the gravest incidents in under {target} minutes",
                (60, 60),
                (15, 15),
            ),
            Measure("MILESTONE", "audits", "Pass all {target} audits of the certification", (0, 0), (5, 5)),
            Measure(
                "GUARDRAIL_MAX",
                "tickets",
                "Keep tickets older than a week at {target} or fewer",
                (120, 120),
                (30, 30),
            ),
        ),
    ),
)
