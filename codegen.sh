#!/usr/bin/env bash
# Regenerate generated/elluminate_api, and generated/openapi.json, from openapi.yaml.
#
#   ./codegen.sh           regenerate in place
#   ./codegen.sh --check   change nothing; exit 1 and show the difference when generated code has drifted
#   ./codegen.sh --help    this text
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

case "${1:-}" in
  "") check=false ;;
  --check) check=true ;;
  -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) echo "codegen.sh: unknown option '$1' (try --help)" >&2; exit 2 ;;
esac

# The generator and the ruff that it calls are those of the project, whatever else is on the PATH.
if [ -x .venv/bin/openapi-python-client ]; then
  PATH="$PWD/.venv/bin:$PATH"
fi
if ! command -v openapi-python-client >/dev/null; then
  echo "codegen.sh: openapi-python-client is not installed; run 'make install' first" >&2
  exit 2
fi

scratch=$(mktemp -d generated/.build.XXXXXX) # beside the result, so that it can be renamed into place
trap 'rm -rf "$scratch"' EXIT
openapi-python-client generate \
  --path openapi.yaml \
  --config generated/config.yaml \
  --custom-template-path generated/templates \
  --meta none \
  --fail-on-warning \
  --output-path "$scratch/elluminate_api" >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 1; }

# What the server reads at each start, a hundred times as fast as YAML.
python - "$scratch/openapi.json" <<'PYTHON'
import json, pathlib, sys

import yaml

loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is not in every build
contract = yaml.load(pathlib.Path("openapi.yaml").read_text("utf-8"), Loader=loader)
pathlib.Path(sys.argv[1]).write_text(json.dumps(contract, ensure_ascii=False, indent=0) + "\n", "utf-8")
PYTHON

if $check; then
  for made in elluminate_api openapi.json; do
    if ! diff -ru --exclude=__pycache__ "generated/$made" "$scratch/$made"; then
      echo "codegen.sh: generated/$made is not what openapi.yaml yields; run ./codegen.sh and commit" >&2
      exit 1
    fi
  done
  exit 0
fi
mv "$scratch/openapi.json" generated/openapi.json
if [ -d generated/elluminate_api ]; then
  mv generated/elluminate_api "$scratch/before"
fi
mv "$scratch/elluminate_api" generated/elluminate_api
