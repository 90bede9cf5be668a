"""A PostgreSQL and a Redis-compatible server of our own, started and stopped with us."""

from app.infra.embedded.process import ServerProblem
from app.infra.embedded.servers import Servers

__all__ = ["ServerProblem", "Servers"]
