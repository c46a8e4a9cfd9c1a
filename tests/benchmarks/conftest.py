"""The harness is not installed: it is found from the project's root, as `python -m benchmarks` finds it there."""

import sys
from pathlib import Path

ROOT = str(Path(__file__).parents[2])

if ROOT not in sys.path:
    sys.path.append(ROOT)
