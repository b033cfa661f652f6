"""``psfbridge doctor``: diagnosis of the installation."""

from __future__ import annotations

import argparse
from typing import Any

from psfbridge.cli._common import say

__all__ = ["add", "run"]


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "doctor", help=("check this computer: Python, Java, ImageJ, OpenCL")
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:  # noqa: ARG001 - every command takes them
    """Print the facts, then the advice."""
    from psfbridge.bridge.doctor import examine

    findings = examine()
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        line = f"{'ok ' if finding.works else 'no '} {finding.subject:<{width}}  {finding.fact}"
        say(line, tone="" if finding.works else "care")
    advice = [finding.advice for finding in findings if finding.advice]
    if advice:
        say("\nWhat to do:")
    for line in dict.fromkeys(advice):
        say(f"- {line}")
    return 0
