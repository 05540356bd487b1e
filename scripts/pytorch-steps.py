"""Repeats a training run in PyTorch.

Reads weights and batches from an npz file; prints the losses of the compared steps as JSON.
"""

import json
import sys

import numpy
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(2)


def vgg11(width):
    layers, channels = [], 3
    for factor in [1, "pool", 2, "pool", 4, 4, "pool", 8, 8, "pool", 8, 8, "pool"]:
        if factor == "pool":
            layers.append(nn.MaxPool2d(2))
        else:
            outputs = factor * width
            layers += [nn.Conv2d(channels, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]
            channels = outputs
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels, 10))


class Residual(nn.Module):
    """Has its modules in the order of their use, which is the order of our parameters."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.shortcut_norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(y + (self.shortcut_norm(self.shortcut(x)) if hasattr(self, "shortcut") else x))


def resnet18(width):
    layers, channels = [nn.Conv2d(3, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()], width
    for stage in range(4):
        outputs = width * 2**stage
        layers += [Residual(channels, outputs, 1 if stage == 0 else 2), Residual(outputs, outputs, 1)]
        channels = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


steps = json.loads(sys.argv[1])
given = numpy.load(sys.argv[2])
# A run in float64 shows the effect of rounding alone.
dtype = torch.float64 if sys.argv[3] == "float64" else torch.float32
model = {"vgg11": vgg11, "resnet18": resnet18}[steps["network"]](steps["width"]).to(dtype)
parameters = list(model.parameters())
with torch.no_grad():
    for i, parameter in enumerate(parameters):
        parameter.copy_(torch.from_numpy(given[f"parameter{i}"]))
optimizer = torch.optim.SGD(
    parameters, lr=steps["rate"], momentum=steps["momentum"], weight_decay=steps["weightDecay"]
)
losses = []
for step in range(1, max(steps["compared"]) + 1):
    images = torch.from_numpy(given[f"images{step}"]).to(dtype)
    labels = torch.from_numpy(given[f"labels{step}"]).long()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    if step in steps["compared"]:
        losses.append(loss.item())
print(json.dumps({"version": torch.__version__, "losses": losses}))
