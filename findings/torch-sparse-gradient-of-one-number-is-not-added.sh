#!/usr/bin/env bash
# PyTorch: a sparse gradient of a single number is not added, so SGD leaves the weight where it is
#
# Versions: torch 2.13.0, on a processor
#
# Expected: A table with one number for each user, such as the bias of a recommender, moves with
# sparse=True as it moves without. The gradient of the user who is looked up is −2, so at rate 0.1
# that number goes from 0 to 0.2.
#
# Seen: With sparse=True nothing moves, though the gradient is there and is −2; its to_dense() is 0.
# Two users in a batch, or two numbers for each, are moved.
#
# Why: sum() hands back one number that is repeated without being copied, so the values of the
# gradient have stride 0. Of shape (1, 1) they count as contiguous all the same, and are not copied.
# The kernel that adds them to the table (add_dense_sparse_worker_hybrid_cpu in
# SparseTensorMath.cpp) takes the first stride of the values for the length of a row. It is 0, so
# nothing is added.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv environment
environment/bin/python -m pip install --quiet torch==2.13.0 numpy==2.4.6

environment/bin/python - >seen 2>errors <<'END'
import torch


def moved(users, width, sparse):
    """Let the sum of the users' numbers come nearer to 1; return the first number of user 1."""
    table = torch.nn.Embedding.from_pretrained(
        torch.zeros(3, width), freeze=False, sparse=sparse
    )
    sgd = torch.optim.SGD(table.parameters(), lr=0.1)
    (table(torch.tensor(users)).sum() - 1).pow(2).backward()
    gradient = table.weight.grad
    value = gradient.coalesce().values()[0, 0] if sparse else gradient[1, 0]
    sgd.step()
    return f"gradient {value:.0f}, number {table.weight[1, 0].item():.1f}"


for users, width in ([1], 1), ([1, 2], 1), ([1], 2):
    for sparse in False, True:
        kind = "sparse" if sparse else "dense"
        print(f"users {users}, width {width}, {kind}: {moved(users, width, sparse)}")
END

cat seen
diff seen - <<'END'
users [1], width 1, dense: gradient -2, number 0.2
users [1], width 1, sparse: gradient -2, number 0.0
users [1, 2], width 1, dense: gradient -2, number 0.2
users [1, 2], width 1, sparse: gradient -2, number 0.2
users [1], width 2, dense: gradient -2, number 0.2
users [1], width 2, sparse: gradient -2, number 0.2
END
