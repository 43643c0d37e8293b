"""A transformer block with three mistakes in it, and what a step does to it."""

import torch
from torch import nn

from sgdexplained import explain


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(8, 8, padding_idx=0)
        self.norm1 = nn.LayerNorm(8)
        self.attention = nn.MultiheadAttention(8, 2, bias=False, batch_first=True)
        self.norm2 = nn.LayerNorm(8)
        self.up, self.down = nn.Linear(8, 16), nn.Linear(16, 8)
        self.head = nn.Linear(8, 8)

    def forward(self, tokens):
        x = self.embed(tokens)
        y = self.norm1(x).data
        x = x + self.attention(y, y, y, need_weights=False)[0]
        x = x + self.down(self.up(self.norm2(x)).relu())
        return self.head(x).flatten(0, 1)


torch.manual_seed(0)
model = Block()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
model.down.requires_grad_(False)
model.head = nn.Linear(8, 5)  # five classes, please

tokens = torch.tensor([[1, 2, 3, 0], [4, 1, 2, 5]])
labels = torch.tensor([0, 1, 2, 3, 4, 0, 1, 2])

report = explain(model, tokens, labels, nn.functional.cross_entropy, optimizer)
print(report)
