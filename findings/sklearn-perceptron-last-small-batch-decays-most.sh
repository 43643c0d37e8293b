#!/usr/bin/env bash
# scikit-learn: in a perceptron, a last batch of one row is pulled to 0 as hard as 200 batches
#
# Versions: scikit-learn 1.9.1, numpy 2.4.6
#
# Expected: alpha is the strength of the L2 term. One epoch over 201 rows in batches of 200 should
# shrink the weights hardly more than one over 200 rows.
#
# Seen: Over 200 rows a weight keeps 0.9995 of itself, and over 201 only 0.89955.
#
# Why: The gradient of the L2 term, alpha × weight, is divided by the rows of the batch. The batch
# that is left over has one row, so it pulls 200 times as hard.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv environment
environment/bin/python -m pip install --quiet scikit-learn==1.9.1 numpy==2.4.6

environment/bin/python - >seen 2>errors <<'END'
import numpy as np
from sklearn.neural_network import MLPRegressor

for rows in 200, 201:
    x, y = np.zeros((rows, 1)), np.zeros(rows)
    options = {"activation": "identity", "solver": "sgd", "momentum": 0, "shuffle": False}
    model = MLPRegressor(
        hidden_layer_sizes=[1], batch_size=200, alpha=0.1, learning_rate_init=1.0, **options
    )
    model.partial_fit(x, y)
    before = model.coefs_[0].item()
    model.partial_fit(x, y)  # the rows are all 0, so only the L2 term moves the first weight
    print(f"{rows} rows: {model.coefs_[0].item() / before:.5f}")
END

cat seen
diff seen - <<'END'
200 rows: 0.99950
201 rows: 0.89955
END
