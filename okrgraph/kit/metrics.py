"""What the server counts of itself, for /metrics; each name here is declared once and counted where it happens."""

from prometheus_client import Counter, Gauge

CONNECTIONS = Gauge(
    "okrgraph_connections",
    "Open live connections.",
    ["transport"],
    multiprocess_mode="livesum",
)
SUBSCRIBERS = Gauge(
    "okrgraph_subscribers", "Subscriptions that follow a change log.", multiprocess_mode="livesum"
)
RING_LAG = Gauge(
    "okrgraph_ring_lag",
    "Positions that the slowest live subscriber is behind its log.",
    multiprocess_mode="livemax",
)
GAP_REPAIRS = Counter(
    "okrgraph_gap_repairs", "Ranges read from the log because announcements were lost or came late."
)
RESYNCS = Counter("okrgraph_resyncs", "Resync changes sent, by reason.", ["reason"])
EXECUTIONS = Counter(
    "okrgraph_event_executions",
    "Executions of a subscription's document on changes; shared ones serve every subscriber of the document.",
    ["shared"],
)
DELIVERIES = Counter("okrgraph_deliveries", "Batches of changes sent to subscribers.")
EVICTIONS = Counter("okrgraph_evictions", "Connections ended by the server, by reason.", ["reason"])
ANNOUNCEMENTS = Counter(
    "okrgraph_announcements", "Transactions announced to other workers, by what became of it.", ["result"]
)
BROKER_CONNECTED = Gauge(
    "okrgraph_broker_connected",
    "1 while announcements of other workers are heard.",
    multiprocess_mode="livemin",
)
OPERATIONS = Counter("okrgraph_operations", "Queries executed, by executor.", ["executor"])
DECLINED = Counter("okrgraph_engine_declined", "Queries that the engine left to graphql-core.", ["reason"])
WORKERS = Gauge("okrgraph_workers", "Processes that serve now.", multiprocess_mode="livesum")
REPLACEMENTS = Counter(
    "okrgraph_worker_replacements", "Workers started because one ended that nobody had told to."
)
