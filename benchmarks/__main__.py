"""`python -m benchmarks`: ensue against its peers and the raw database. README.md beside this file says more."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console

from benchmarks import phases, profiling
from benchmarks.run import BENCHMARKS, LONG, run

KEPT = Path(__file__).with_name("results")
BUILT = Path("build", "benchmarks")


def main() -> int:
    """Run what the command line names; return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=f"Benchmarks: {', '.join(BENCHMARKS)}. Without names: all but {', '.join(LONG)}, which take minutes. "
        "Or one of: profile sqlite, profile postgresql, sizes, costs, phases.",
    )
    parser.add_argument("names", nargs="*", metavar="name")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results into this file as well")
    parser.add_argument("--keep", action="store_true", help="write the results into benchmarks/results, to be committed")
    parser.add_argument("--quick", action="store_true", help="two short rounds, to see that everything runs")
    arguments = parser.parse_args()
    console = Console()
    match arguments.names:
        case ["profile", ("sqlite" | "postgresql") as engine]:
            profiling.profile(engine)
            return 0
        case ["sizes"]:
            profiling.sizes(console)
            return 0
        case ["costs"]:
            profiling.costs(console)
            return 0
        case ["phases"]:
            phases.phases(console)
            return 0
    names = arguments.names or [name for name in BENCHMARKS if name not in LONG]
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        parser.error(
            f"found {', '.join(unknown)}; expected some of {', '.join(BENCHMARKS)}, or profile, sizes, costs, phases by themselves"
        )
    if arguments.keep and arguments.quick:
        parser.error("--quick is too short to keep; leave one of --keep and --quick out")
    results = run(names, console, is_quick=arguments.quick)
    for result in results:
        result.write((KEPT if arguments.keep else BUILT) / f"{result.name}.json")
    if arguments.json:
        text = json.dumps([result.as_json() for result in results], indent=2, ensure_ascii=False)
        arguments.json.write_text(text + "\n", encoding="utf-8")
    return 0 if all(row.reached is not False for result in results for row in result.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
