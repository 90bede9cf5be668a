"""The image and the compose file against the settings: what they say is known, what is known can be said."""

import re

import pytest

from app.config import load_settings, variables
from app.environment import COMMANDS, ROOT

VARIABLES = {variable for variable, _, _ in variables()}
COMPOSE = (ROOT / "docker-compose.yml").read_text()
IMAGE = (ROOT / "Dockerfile").read_text()
SERVICES = ("api", "worker", "migrate")
WATCHING = ("prometheus", "grafana")
"""Services that run where somebody asks for the profile `observability`."""

SET_BY_THE_IMAGE = {
    "COUNTERFOIL_HOST": "0.0.0.0",  # noqa: S104 - inside a container
    "COUNTERFOIL_LOG_FORMAT": "json",
    "COUNTERFOIL_METRICS_PORT": "9101",
}
LEFT_ALONE = {"COUNTERFOIL_PORT", "COUNTERFOIL_OPEN"}
"""Inside, the API always listens on its default port; others reach it, so it is never open."""


def handed_on() -> dict[str, str]:
    """The variables that every container of ours is given, each with its value as it is written."""
    ours = COMPOSE.partition("x-counterfoil:")[2].partition("\nservices:")[0]
    return dict(re.findall(r"^    ([A-Z][A-Z_]+): *(.*)$", ours, re.MULTILINE))


def service(name: str) -> str:
    """The lines of one service."""
    return re.split(r"\n(?=  \w|\w)", COMPOSE.partition(f"\n  {name}:\n")[2])[0]


def test_every_setting_can_be_made_for_the_containers() -> None:
    assert set(handed_on()) == VARIABLES - set(SET_BY_THE_IMAGE) - LEFT_ALONE


def test_the_image_says_the_rest() -> None:
    said = dict(re.findall(r"\b(COUNTERFOIL_[A-Z_]+)=(\S+)", IMAGE))
    assert said == {**SET_BY_THE_IMAGE, "COUNTERFOIL_ENVIRONMENT": "system"}


def test_secrets_come_from_outside_and_are_asked_for() -> None:
    assert handed_on()["COUNTERFOIL_JWT_KEY"].startswith("${COUNTERFOIL_JWT_KEY:?")
    passwords = re.findall(r"\$\{?POSTGRES_PASSWORD[^}]*\}?", COMPOSE)
    assert passwords
    assert all(password.startswith("${POSTGRES_PASSWORD:?") for password in passwords)


def test_what_the_containers_are_told_makes_valid_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in {**SET_BY_THE_IMAGE, **handed_on()}.items():
        monkeypatch.setenv(variable, re.sub(r"\$\{\w+:\?[^}]*\}", "x" * 32, value))
    settings = load_settings()
    settings.require_authentication()
    assert (settings.host, settings.port, settings.log_format) == ("0.0.0.0", 8000, "json")  # noqa: S104 - read only


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_of_ours_runs_a_command_of_ours(name: str) -> None:
    assert "<<: *counterfoil" in service(name)
    assert re.findall(r'^    command: \["([\w-]+)"\]$', service(name), re.MULTILINE) == [name]
    assert name in COMMANDS


def test_whatever_stays_up_is_looked_after() -> None:
    names = ("postgres", "redis", "api", "worker", *WATCHING)
    assert all("healthcheck:" in service(name) for name in names)
    assert all("restart: unless-stopped" in service(name) for name in names if name not in SERVICES)
    assert "service_completed_successfully" in service("api")
    assert "depends_on: *ready" in service("worker")


@pytest.mark.parametrize("name", WATCHING)
def test_who_watches_is_pinned_and_started_by_its_profile_alone_and_reached_from_this_machine_alone(name: str) -> None:
    said = service(name)
    assert "profiles: [observability]" in said
    assert re.search(r"^    image: \w+/\w+:v?\d+\.\d+\.\d+$", said, re.MULTILINE)
    ports = re.search(r"^    ports:\n((?:      .*\n)+)", said, re.MULTILINE)
    assert ports is not None
    assert all(line.strip().startswith('- "127.0.0.1:') for line in ports.group(1).splitlines())


@pytest.mark.parametrize("name", WATCHING)
def test_every_file_that_is_mounted_is_there(name: str) -> None:
    mounted = re.findall(r"^      - \./(\S+?):(\S+):ro$", service(name), re.MULTILINE)
    assert mounted
    assert [place for place, _ in mounted if not any((ROOT / place).iterdir())] == []


def test_grafana_finds_its_dashboard_and_prometheus_where_they_are_mounted() -> None:
    provisioning = ROOT / "app/observability/grafana/provisioning"
    provider = (provisioning / "dashboards/counterfoil.yml").read_text()
    assert "path: /var/lib/grafana/dashboards" in provider
    assert "- ./app/observability/grafana/dashboards:/var/lib/grafana/dashboards:ro" in service("grafana")
    source = (provisioning / "datasources/prometheus.yml").read_text()
    assert "url: http://prometheus:9090" in source


def test_prometheus_looks_where_the_processes_can_be_watched() -> None:
    looks = (ROOT / "app/observability/prometheus/prometheus.yml").read_text()
    found = dict(re.findall(r"names: \[(\w+)\], type: A, port: (\d+)", looks))
    assert found == {"api": "8000", "worker": SET_BY_THE_IMAGE["COUNTERFOIL_METRICS_PORT"]}
    assert "EXPOSE 8000 9101" in IMAGE
    assert ":9101/livez" in service("worker")


def test_workers_can_be_multiplied() -> None:
    assert "ports:" not in service("worker")
    assert "container_name" not in COMPOSE


def test_the_image_does_not_run_as_root() -> None:
    user = re.findall(r"^USER (\w+)$", IMAGE, re.MULTILINE)
    assert user == ["counterfoil"]
    assert IMAGE.index("USER counterfoil") < IMAGE.index("ENTRYPOINT")
