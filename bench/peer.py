"""The peer of the benchmarks: PyTorch models that do the same work as ours, one request a line.

Requests on stdin are JSON, answers on stdout too:
  {"prepare": "vgg11", "batch": 64, "work": "gradient" | "hvp" | "step", "threads": 2}
                   ->  {"parameters": n, "version": "1.13.1"}
  {"run": 1}       ->  {"ms": 301.2, "cpuMs": 570.9}
  {"memory": 1}    ->  {"peakMiB": 503.1}
float32, models in training mode, random data of the CIFAR shape (MNIST shape for the MLP).
"""

import json
import sys
import time

import numpy
import torch
import torch.nn as nn
import torch.nn.functional as F

def vgg11():
    layers, channels = [], 3
    for width in [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"]:
        if width == "M":
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(512, 10))


class Residual(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


def resnet18():
    stages = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    channels = 64
    for width, stride in [(64, 1), (128, 2), (256, 2), (512, 2)]:
        stages += [Residual(channels, width, stride), Residual(width, width, 1)]
        channels = width
    return nn.Sequential(*stages, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


class Dense(nn.Module):
    def __init__(self, inputs, growth):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, 4 * growth, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x):
        y = self.conv2(F.relu(self.bn2(self.conv1(F.relu(self.bn1(x))))))
        return torch.cat([x, y], 1)


def densenet121(growth=32):
    layers, channels = [nn.Conv2d(3, 2 * growth, 3, padding=1, bias=False)], 2 * growth
    for i, depth in enumerate([6, 12, 24, 16]):
        for _ in range(depth):
            layers.append(Dense(channels, growth))
            channels += growth
        if i < 3:
            layers += [nn.BatchNorm2d(channels), nn.ReLU()]
            layers += [nn.Conv2d(channels, channels // 2, 1, bias=False), nn.AvgPool2d(2)]
            channels //= 2
    layers += [nn.BatchNorm2d(channels), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(channels, 10))


def mlp():
    layers, width = [nn.Flatten()], 784
    for hidden in [512, 256, 128]:
        layers += [nn.Linear(width, hidden), nn.BatchNorm1d(hidden), nn.ReLU()]
        width = hidden
    return nn.Sequential(*layers, nn.Linear(width, 10))


def autoencoder():
    encoder = [nn.Conv2d(3, 32, 3, 2, 1), nn.BatchNorm2d(32), nn.ReLU()]
    encoder += [nn.Conv2d(32, 64, 3, 2, 1), nn.BatchNorm2d(64), nn.ReLU()]
    decoder = [nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.BatchNorm2d(32), nn.ReLU()]
    decoder += [nn.ConvTranspose2d(32, 3, 4, 2, 1)]
    return nn.Sequential(*encoder, *decoder)


MODELS = {f.__name__: f for f in [vgg11, resnet18, densenet121, mlp, autoencoder]}


def prepare(name, batch, work):
    torch.manual_seed(0)
    model = MODELS[name]().train()
    parameters = list(model.parameters())
    x = torch.randn(batch, *((1, 28, 28) if name == "mlp" else (3, 32, 32)))
    labels = torch.randint(0, 10, (batch,))

    def loss():
        return F.mse_loss(model(x), x) if name == "autoencoder" else F.cross_entropy(model(x), labels)

    def gradient():
        torch.autograd.grad(loss(), parameters)

    direction = [torch.randn_like(p) for p in parameters]

    def hvp():
        grads = torch.autograd.grad(loss(), parameters, create_graph=True)
        torch.autograd.grad(grads, parameters, direction)

    optimizer = torch.optim.SGD(parameters, lr=1e-4, momentum=0.9)

    def step():
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()

    return {"gradient": gradient, "hvp": hvp, "step": step}[work], sum(p.numel() for p in parameters)


def peak_memory():
    """Largest resident size in MiB. getrusage would count the parent's memory at the time of the fork."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


def export(name, batch, folder):
    """Writes the model, with batch normalization kept, and a batch for it."""
    torch.manual_seed(0)
    model = MODELS[name]().train()
    x = torch.randn(batch, *((1, 28, 28) if name == "mlp" else (3, 32, 32)))
    paths = {"model": f"{folder}/{name}.onnx", "data": f"{folder}/{name}.npz"}
    torch.onnx.export(
        model,
        x,
        paths["model"],
        training=torch.onnx.TrainingMode.TRAINING,
        do_constant_folding=False,
        input_names=["input"],
        opset_version=13,
    )
    batch_file = {"input": x.numpy()}
    if name != "autoencoder":
        batch_file["label"] = torch.randint(0, 10, (batch,)).numpy()
    numpy.savez(paths["data"], **batch_file)
    return paths


def main():
    run = None
    for line in sys.stdin:
        request = json.loads(line)
        if "prepare" in request:
            torch.set_num_threads(request["threads"])
            run, count = prepare(request["prepare"], request["batch"], request["work"])
            answer = {"parameters": count, "version": torch.__version__}
        elif "export" in request:
            answer = export(request["export"], request["batch"], request["to"])
        elif "run" in request:
            start, cpu = time.perf_counter(), time.process_time()
            run()
            answer = {
                "ms": 1000 * (time.perf_counter() - start),
                "cpuMs": 1000 * (time.process_time() - cpu),
            }
        else:
            answer = {"peakMiB": peak_memory()}
        print(json.dumps(answer), flush=True)


main()
