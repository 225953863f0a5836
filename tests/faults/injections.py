"""Every fault of a run by name, and the rows of the fault table that one machine does not allow."""

from tests.faults import breaking_data as data
from tests.faults import breaking_redis as redis
from tests.faults import breaking_workers as workers
from tests.faults.mix import Injection

# Two lanes that run side by side: what befalls the workers, and all the rest.
WORKERS = (
    Injection("kill -9 of a worker", workers.kill_worker),
    Injection("crash between commit and publish", workers.die_before_publish),
    Injection("SIGSTOP of a worker", workers.freeze_worker),
    Injection("half-open connections", workers.half_open),
    Injection("connections reset", workers.sever),
    Injection("56 kbit/s line", workers.slow_line),
    Injection("stalled readers", workers.stalled_readers),
    Injection("reconnect herd", workers.herd),
    Injection("rolling deploy", workers.deploy),
)
CLIENTS_AND_DATA = (
    Injection("bulk import", data.bulk_import),
    Injection("epoch changed", data.new_epoch),
    Injection("retention passes a sleeping cursor", data.retention),
    Injection("SIGSTOP of clients", workers.freeze_clients),
    Injection("membership ended while the victim lags", data.lose_membership),
    Injection("token revoked", data.revoke),
    Injection("reader that stops for a while", workers.slow_reader),
)
NODE = (Injection("kill -9 of Node", workers.kill_node),)
REDIS = (
    Injection("kill -9 of Redis", redis.kill_redis),
    Injection("Redis absent", redis.no_redis),
    Injection("Redis FLUSHALL", redis.flush_redis),
    Injection("Redis CLIENT KILL TYPE pubsub", redis.kill_subscriptions),
    Injection("Redis drops, doubles, delays, reorders", redis.mischief),
    Injection("Redis connections reset", redis.sever_redis),
    Injection("Redis half-open", redis.deaf_redis),
)
POSTGRES = (
    Injection("PostgreSQL immediate restart", data.restart_postgres),
    Injection("backends terminated", data.kill_writers),
    Injection("long open transactions", data.long_transaction),
)
# For workers behind a supervisor.
SEVERAL = (
    Injection("kill -9 of one of two workers behind a port", workers.kill_one_of_several),
    Injection("SIGHUP: rolling restart behind a port", workers.hang_up),
    Injection("connections reset", workers.sever),
    Injection("kill -9 of Redis", redis.kill_redis),
)
# By itself: what is on its way meanwhile could be told neither lost nor kept.
FAILOVER = Injection("failover that loses a tail", data.failover)
ALL = (*WORKERS, *CLIENTS_AND_DATA, *NODE, *REDIS, *POSTGRES, *SEVERAL, FAILOVER)
