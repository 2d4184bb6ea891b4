"""Keep the programs of a recorded set that run alike here: `python -m tests.data.select_snippets SET.json > snippets.json`."""
import json
import sys
from pathlib import Path

from tests.torch.programs import run, same

KEYS = ("id", "feature", "code", "stdout", "exc_type", "exc_msg", "warnings")
recorded = json.loads(Path(sys.argv[1]).read_text())["snippets"]
kept = [{key: s[key] for key in KEYS} for s in recorded if same(s, run(s["code"]))]
print(json.dumps(kept, indent=0))
print(f"kept {len(kept)} of {len(recorded)}", file=sys.stderr)
