"""A small network whose second convolution has shut filters, and what a step does to it."""

from textwrap import fill

import torch
from torch import nn

from sgdexplained import explain

torch.manual_seed(0)
model = nn.Sequential(
    nn.Conv2d(1, 4, kernel_size=3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(4, 8, kernel_size=3, padding=1),
    nn.ReLU(),
    nn.Flatten(),
    nn.Linear(128, 3),
)
with torch.no_grad():
    model[3].bias[:3] = -5  # a large step in the past did this

images = torch.rand(6, 1, 8, 8)
labels = torch.tensor([0, 1, 2, 0, 1, 2])
optimizer = torch.optim.Adam(model.parameters())

report = explain(model, images, labels, nn.functional.cross_entropy, optimizer)
print(report)
print()
print(fill(report.row("3.weight", (0, 2, 1, 1)).sentence, 80))
