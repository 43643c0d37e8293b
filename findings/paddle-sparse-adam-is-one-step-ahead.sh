#!/usr/bin/env bash
# PaddlePaddle: with sparse gradients Adam's bias correction is one step ahead
#
# Versions: paddlepaddle 3.3.1, on a processor
#
# Expected: nn.Embedding(sparse=True) saves memory and changes no number: Adam's first step is as
# long as the rate, 0.1, whatever the gradient. PyTorch's SparseAdam does that.
#
# Seen: The first step is 0.0744 with sparse gradients, lazy or not, and 0.1 without. All rows are
# looked up in every step, so both should agree, step by step. Each sparse step is too short, less
# so from step to step.
#
# Why: The kernel (selected_rows/cpu/adam_kernel.cc) hands the powers of β₁ and β₂ on as pointers,
# and multiplies them by β₁ and β₂ before they are read. The output is the same memory, so the
# first step is corrected as if it were the second. The dense kernel reads them first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv environment
environment/bin/python -m pip install --quiet paddlepaddle==3.3.1 'setuptools<81'

environment/bin/python - >seen 2>errors <<'END'
import paddle

paddle.set_device("cpu")
for sparse, lazy in (False, False), (True, False), (True, True):
    table = paddle.nn.Embedding(2, 2, sparse=sparse)
    table.weight.set_value(paddle.ones((2, 2)))
    adam = paddle.optimizer.Adam(0.1, parameters=[table.weight], lazy_mode=lazy)
    steps = []
    for _ in range(4):
        before = table.weight[0, 0].item()
        table(paddle.to_tensor([0, 1])).sum().backward()
        adam.step()
        adam.clear_grad(set_to_zero=False)
        steps.append(f"{before - table.weight[0, 0].item():.4f}")
    print(f"sparse {sparse}, lazy {lazy}:", *steps)
END

cat seen
diff seen - <<'END'
sparse False, lazy False: 0.1000 0.1000 0.1000 0.1000
sparse True, lazy False: 0.0744 0.0858 0.0910 0.0939
sparse True, lazy True: 0.0744 0.0858 0.0910 0.0939
END
