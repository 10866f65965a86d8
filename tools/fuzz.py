"""Coverage-guided fuzzing of the codec, both implementations side by side: `make fuzz`.

FUZZ_SECONDS (default 60) is shared by the targets of fuzz/targets.py. Inputs start from fuzz/corpus.txt; what finds
new ways through the code stays in build/fuzz for the next run. An input that fails is printed as the line to add to
the corpus, which tests/codec replays.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "fuzz" / "corpus.txt"
FOUND = ROOT / "build" / "fuzz"


def inputs(target: str) -> list[bytes]:
    lines = (line.split() for line in CORPUS.read_text().splitlines())
    return [bytes.fromhex(data) for name, data in lines if name == target]


def run(target: str, seconds: int) -> bool:
    seeds, failed = FOUND / target, FOUND / f"{target}-failed-"
    seeds.mkdir(parents=True, exist_ok=True)
    for old in FOUND.glob(f"{failed.name}*"):
        old.unlink()
    for number, data in enumerate(inputs(target)):
        (seeds / f"corpus-{number}").write_bytes(data)
    done = subprocess.run([
        sys.executable, ROOT / "fuzz" / "run.py", target, seeds,
        f"-max_total_time={seconds}", f"-artifact_prefix={failed}",
        "-max_len=200", "-timeout=10", "-rss_limit_mb=2048", "-verbosity=0", "-print_final_stats=1",
    ])  # fmt: skip
    for file in FOUND.glob(f"{failed.name}*"):
        print(f"add to {CORPUS.relative_to(ROOT)}: {target} {file.read_bytes().hex()}")
    print(f"{target}: {'nothing found' if done.returncode == 0 else 'FAILED'}")
    return done.returncode == 0


def main() -> int:
    targets = sorted({line.split()[0] for line in CORPUS.read_text().splitlines()})
    seconds = int(os.environ.get("FUZZ_SECONDS", "60"))
    return 0 if all([run(target, max(1, seconds // len(targets))) for target in targets]) else 1


if __name__ == "__main__":
    sys.exit(main())
