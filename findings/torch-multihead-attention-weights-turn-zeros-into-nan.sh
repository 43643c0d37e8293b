#!/usr/bin/env bash
# PyTorch: asking MultiheadAttention for its weights turns outputs of 0 into NaN
#
# Versions: torch 2.13.0, on a processor
#
# Expected: `need_weights` only says whether the attention weights are returned as well. The output
# and the gradients of the layer are the same with and without it.
#
# Seen: For an example whose positions are all padding, the output is 0 and all gradients are 0
# without the weights. With the weights, which is the default, the output is NaN, and so is the
# gradient of every projection weight.
#
# Why: Without the weights the layer calls scaled_dot_product_attention, which returns 0 for a row
# in which everything is masked. With the weights it computes a softmax of its own, of −inf alone,
# which divides 0 by 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv environment
environment/bin/python -m pip install --quiet torch==2.13.0 numpy==2.4.6

environment/bin/python - >seen 2>errors <<'END'
import torch

torch.manual_seed(0)
layer = torch.nn.MultiheadAttention(2, 1, batch_first=True)
words = torch.ones(1, 3, 2)
padding = torch.ones(1, 3, dtype=torch.bool)
for wanted in False, True:
    layer.zero_grad()
    out, _ = layer(words, words, words, key_padding_mask=padding, need_weights=wanted)
    out.sum().backward()
    gradient = layer.in_proj_weight.grad
    print(f"need_weights={wanted}: {out.unique().tolist()}, {gradient.unique().tolist()[:1]}")
END

cat seen
diff seen - <<'END'
need_weights=False: [0.0], [0.0]
need_weights=True: [nan, nan, nan, nan, nan, nan], [nan]
END
