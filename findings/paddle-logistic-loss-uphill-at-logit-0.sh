#!/usr/bin/env bash
# PaddlePaddle: the logistic loss of a logit of exactly 0 has a wrong derivative
#
# Versions: paddlepaddle 3.3.1, on a processor
#
# Expected: The derivative of the logistic loss is sigmoid(z) − label: 0.5 for the label 0 and −0.5
# for the label 1 at z = 0, which is where a network of zeros begins.
#
# Seen: It is −0.5 and −1.5: the label 0 goes uphill, and the label 1 three times too far. Beside 0
# all is right.
#
# Why: The kernel (sigmoid_cross_entropy_with_logits_grad_kernel.cc) adds two parts, each with a
# jump at 0 that the other undoes; one part asks x > 0, the other x >= 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv environment
environment/bin/python -m pip install --quiet paddlepaddle==3.3.1 'setuptools<81'

environment/bin/python - >seen 2>errors <<'END'
import paddle
from paddle.nn.functional import binary_cross_entropy_with_logits as loss

for z in -0.001, 0.0, 0.001:
    found = []
    for label in 0.0, 1.0:
        x = paddle.to_tensor(z, stop_gradient=False)
        loss(x, paddle.to_tensor(label)).backward()
        found.append(f"{x.grad.item():.2f}")
    print(z, *found)
END

cat seen
diff seen - <<'END'
-0.001 0.50 -0.50
0.0 -0.50 -1.50
0.001 0.50 -0.50
END
