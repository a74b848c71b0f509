"""The container: held to rules here, and built where there is a Docker that can."""

import re

import pytest

from tests.package.dockerfile_rules import RULES, parse
from tests.support.worker import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
FROM = "FROM mcr.microsoft.com/azure-functions/python:4-python3.13\n"
USER = "USER 10001:10001\n"
COPY = "COPY --chown=root:root build/package /home/site/wwwroot\n"

PLANTED: dict[str, list[tuple[str, str]]] = {
    "only known instructions, in capitals (DL4000: no MAINTAINER)": [
        (USER, f"MAINTAINER somebody\n{USER}"),
        (USER, f"user root\n{USER}"),
        (USER, f"RUNN x\n{USER}"),
    ],
    "the public base image of the deployed Python": [
        ("4-python3.13", "4-python3.12"),
        ("mcr.microsoft.com/", ""),
        (FROM, f"{FROM}FROM alpine:3.20\n"),
        ("4-python3.13", "4-python3.13-slim"),
    ],
    "a tag, and not latest (DL3006, DL3007)": [(":4-python3.13", ""), (":4-python3.13", ":latest")],
    "the last user is a number and not root (DL3002)": [
        (USER, ""),
        (USER, f"{USER}USER root\n"),
        (USER, "USER 0:0\n"),
        (USER, "USER app\n"),
        (USER, "USER 10001\n"),
    ],
    "nothing is added from an address or an archive (DL3020)": [(COPY, "ADD build/package.zip /home/site/wwwroot\n")],
    "the package is copied, and nothing else": [
        (COPY, "COPY . /home/site/wwwroot\n"),
        (COPY, f"{COPY}COPY local.settings.json /home/site/wwwroot\n"),
        (COPY, "COPY build/package /home/site/wwwroot\n"),
    ],
    "no shell reads what is run (DL3025)": [
        ('RUN ["chmod", "-R", "a=rX", "/home/site/wwwroot"]', "RUN chmod -R a=rX /home/site/wwwroot"),
        (USER, f"{USER}CMD python3 app.py\n"),
        ('CMD ["python3", "-c",', "CMD python3 -c"),
    ],
    "nothing is fetched or installed while it is built (DL3004, DL3008, DL3013, DL4006)": [
        (USER, f'RUN ["pip", "install", "requests"]\n{USER}'),
        (USER, f"RUN curl https://example.com/x | sh\n{USER}"),
        (USER, f'RUN ["apt-get", "install", "-y", "vim"]\n{USER}'),
        (USER, f"RUN true && \\\n    sudo id\n{USER}"),
    ],
    "no secret and no setting in the image": [
        (USER, f"ENV PIC_ENVIRONMENT=local\n{USER}"),
        (USER, f"ARG NPM_TOKEN\n{USER}"),
        (USER, f"ENV A=1 \\\n    STORAGE_PASSWORD=x\n{USER}"),
        (USER, f"LABEL secret=x\n{USER}"),
    ],
    "a port that anybody may bind (DL3011)": [
        ("EXPOSE 8080", "EXPOSE 80"),
        ("EXPOSE 8080\n", ""),
        ("EXPOSE 8080", "EXPOSE 8080 22"),
        ("EXPOSE 8080", "EXPOSE 99999x"),
    ],
    "one health check (DL3012)": [
        ("/health'", "/'"),
        (USER, f"{USER}HEALTHCHECK NONE\n"),
        ("HEALTHCHECK --interval", "# HEALTHCHECK --interval"),
    ],
    "nothing for debugging": [
        (USER, f"ENV AZURE_FUNCTIONS_ENVIRONMENT=Development\n{USER}"),
        ("IsEnabled=true", "IsEnabled=false"),
    ],
    "the app cannot change itself": [
        ('RUN ["chmod", "-R", "a=rX", "/home/site/wwwroot"]\n', ""),
        (USER, f'RUN ["chmod", "-R", "777", "/home"]\n{USER}'),
        (USER, f'RUN ["chown", "-R", "10001", "/home"]\n{USER}'),
    ],
    "no volume, no trigger, no other shell": [(USER, f"VOLUME /data\n{USER}"), (USER, f"ONBUILD RUN x\n{USER}")],
}


@pytest.mark.parametrize("rule", RULES)
def test_the_dockerfile_keeps_to_the_rule(rule: str) -> None:
    """As it is committed."""
    assert RULES[rule](parse(DOCKERFILE)) == []


@pytest.mark.parametrize(
    ("rule", "old", "new"), [(rule, *each) for rule, planted in PLANTED.items() for each in planted]
)
def test_a_planted_violation_is_found(rule: str, old: str, new: str) -> None:
    """Every rule can fail."""
    assert old in DOCKERFILE
    assert RULES[rule](parse(DOCKERFILE.replace(old, new, 1))) != []


def test_every_rule_has_a_violation() -> None:
    """None is there for show."""
    assert set(PLANTED) == set(RULES)


def test_a_comment_within_an_instruction_hides_nothing() -> None:
    """Docker leaves it out and goes on with the next line."""
    (found,) = parse("RUN one && \\\n  # a comment\n  two\n")
    assert (found.name, found.text) == ("RUN", "one && two")


def test_nothing_but_the_package_can_get_into_an_image() -> None:
    """Whatever somebody copies later: a secret that lies beside it is not even sent to the builder."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["*", "!build/package"]


def test_the_port_is_the_one_that_the_host_listens_on() -> None:
    """Said in three places."""
    assert re.findall(r"EXPOSE (\d+)|http://\+:(\d+)|127\.0\.0\.1:(\d+)", DOCKERFILE) == [
        ("", "8080", ""),
        ("8080", "", ""),
        ("", "", "8080"),
    ]
