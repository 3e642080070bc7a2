"""Fuzz one target for a while: python -m tests.fuzz media --seconds 600.

Needs `pip install atheris` (Linux, macOS). The corpus grows in --corpus and can be kept; a find is
written to tests/data/fuzz/<target>/, where the tests try it again for ever.

The memory of `media` grows by about 3 MB a second: FFmpeg keeps 3 to 9 kB of some broken Matroska
files, when it reads them and when it cannot write them anew. In the app that ends with the child
process, after comfy.media.workers.CALLS files.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
from pathlib import Path

import atheris

FINDS = Path(__file__).parent.parent / "data" / "fuzz"
FUZZED = ["comfy.media", "comfy.protocol", "comfy.client.events", "comfy.workflow", "tomllib"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=("media", "protocol", "converter", "manifest"))
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--corpus", type=Path, default=None, metavar="FOLDER")
    options = parser.parse_args()
    with atheris.instrument_imports(include=FUZZED, enable_loader_override=False):
        from tests.fuzz.targets import TARGETS, seeds  # noqa: PLC0415  # to be instrumented
    corpus = options.corpus or Path(tempfile.mkdtemp(prefix="corpus-"))
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in seeds(options.target):
        (corpus / hashlib.sha256(seed).hexdigest()[:20]).write_bytes(seed)
    finds = FINDS / options.target
    finds.mkdir(parents=True, exist_ok=True)
    fuzzer = [
        sys.argv[0],
        str(corpus),
        f"-max_total_time={options.seconds}",
        f"-artifact_prefix={finds}/",
        "-max_len=40000",
        "-timeout=30",
        "-rss_limit_mb=3000",
        "-print_final_stats=1",
    ]
    atheris.Setup(fuzzer, TARGETS[options.target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
