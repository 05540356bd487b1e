"""The networks of the benchmarks in PyTorch. networks/ has the same networks in TypeScript."""

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


def resnet(blocks, first):
    layers, channels = [nn.Conv2d(3, first, 3, 1, 1, bias=False), nn.BatchNorm2d(first), nn.ReLU()], first
    for stage, count in enumerate(blocks):
        for i in range(count):
            width = first * 2**stage
            layers.append(Residual(channels, width, 2 if stage > 0 and i == 0 else 1))
            channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


def resnet18():
    return resnet([2, 2, 2, 2], 64)


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



def conv_normed(inputs, outputs, kernel, after=nn.ReLU, dims=2, **settings):
    conv = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[dims]
    norm = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}[dims]
    return nn.Sequential(conv(inputs, outputs, kernel, bias=False, **settings), norm(outputs), after())


class Sum(nn.Module):
    """The sum of the outputs of several modules for one input."""

    def __init__(self, *parts):
        super().__init__()
        self.parts = nn.ModuleList(parts)

    def forward(self, x):
        first, *others = [part(x) for part in self.parts]
        return sum(others, first)


class Join(Sum):
    """The outputs of several modules for one input, concatenated along the channels."""

    def forward(self, x):
        return torch.cat([part(x) for part in self.parts], 1)


def inverted(inputs, outputs, stride, expansion):
    hidden = inputs * expansion
    up = [conv_normed(inputs, hidden, 1, nn.ReLU6)] if expansion > 1 else []
    depthwise = conv_normed(hidden, hidden, 3, nn.ReLU6, stride=stride, padding=1, groups=hidden)
    body = nn.Sequential(*up, depthwise, conv_normed(hidden, outputs, 1, nn.Identity))
    return Sum(nn.Identity(), body) if stride == 1 and inputs == outputs else body


def mobilenet():
    layers, channels = [conv_normed(3, 32, 3, nn.ReLU6, padding=1)], 32
    blocks = [(16, 1, 1), (24, 1, 6), (24, 1, 6), (32, 2, 6), (32, 1, 6), (64, 2, 6), (64, 1, 6)]
    for outputs, stride, expansion in [*blocks, (96, 1, 6), (160, 2, 6), (160, 1, 6)]:
        layers.append(inverted(channels, outputs, stride, expansion))
        channels = outputs
    layers += [conv_normed(channels, 640, 1, nn.ReLU6), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(640, 10))


def double(inputs, outputs):
    return nn.Sequential(
        conv_normed(inputs, outputs, 3, padding=1), conv_normed(outputs, outputs, 3, padding=1)
    )


def level(inputs, width, depth):
    down = double(inputs, width)
    if depth == 0:
        return down
    up = nn.ConvTranspose2d(2 * width, width, 2, 2)
    deep = nn.Sequential(nn.MaxPool2d(2), level(width, 2 * width, depth - 1), up)
    return nn.Sequential(down, Join(nn.Identity(), deep), double(2 * width, width))


def unet(width=32, depth=3):
    return nn.Sequential(level(3, width, depth), nn.Conv2d(width, 3, 1))


def residual(inputs, outputs, dilation):
    settings = {"padding": dilation, "dilation": dilation}
    body = nn.Sequential(
        conv_normed(inputs, outputs, 3, **settings),
        conv_normed(outputs, outputs, 3, nn.Identity, **settings),
    )
    same = inputs == outputs
    return nn.Sequential(
        Sum(body, nn.Identity() if same else conv_normed(inputs, outputs, 1, nn.Identity)), nn.ReLU()
    )


def dilated():
    branches = [conv_normed(128, 64, 3, padding=d, dilation=d) for d in (2, 4, 6)]
    return nn.Sequential(
        conv_normed(3, 32, 5, stride=2, padding=2),
        residual(32, 64, 1),
        residual(64, 128, 2),
        residual(128, 128, 4),
        Join(conv_normed(128, 64, 1), *branches),
        conv_normed(256, 128, 3, stride=2, padding=1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(128, 10),
    )


class Couplings(nn.Module):
    """Two RealNVP couplings with checkerboard masks. Returns the log-likelihood of each image."""

    def __init__(self, channels=64, blocks=4):
        super().__init__()

        def conv3(inputs, outputs):
            return nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)

        def block():
            layers = []
            for _ in range(2):
                layers += [nn.BatchNorm2d(channels), nn.ReLU(), conv3(channels, channels)]
            return Sum(nn.Identity(), nn.Sequential(*layers))

        def net():
            last = [nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, 2, 1)]
            return nn.Sequential(conv3(1, channels), *[block() for _ in range(blocks)], *last)

        self.nets = nn.ModuleList([net(), net()])

    def forward(self, z):
        size = torch.arange(z.shape[2]).view(-1, 1) + torch.arange(z.shape[3])
        log_determinant = 0
        for parity, net in enumerate(self.nets):
            kept = (size % 2 == parity).to(z)
            s, t = net(z * kept).chunk(2, 1)
            s, t = torch.tanh(s) * (1 - kept), t * (1 - kept)
            z = z * torch.exp(s) + t
            log_determinant = log_determinant + s.sum((1, 2, 3))
        return log_determinant - 0.5 * z.square().sum((1, 2, 3))


def bottleneck(inputs, width, stride):
    body = nn.Sequential(
        conv_normed(inputs, width, 1),
        conv_normed(width, width, 3, stride=stride, padding=1, groups=8),
        conv_normed(width, 2 * width, 1, nn.Identity),
    )
    shortcut = conv_normed(inputs, 2 * width, 1, nn.Identity, stride=stride)
    return nn.Sequential(Sum(body, shortcut), nn.ReLU())


def resnext():
    stages = [bottleneck(64, 64, 1), bottleneck(128, 128, 2), bottleneck(256, 256, 2)]
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10)]
    return nn.Sequential(conv_normed(3, 64, 3, padding=1), *stages, *head)


def pooled():
    return nn.Sequential(
        conv_normed(3, 64, 7, stride=2, padding=3),
        nn.MaxPool2d(3, 2, 1),
        conv_normed(64, 128, 5, padding=2),
        nn.AvgPool2d(3, 2, 1),
        conv_normed(128, 256, 3, padding=1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(256, 10),
    )


def temporal():
    blocks = [conv_normed(64, 64, 3, dims=1, padding=d, dilation=d) for d in (1, 2, 4, 8)]
    return nn.Sequential(
        conv_normed(8, 64, 5, dims=1, stride=2, padding=2),
        *[Sum(nn.Identity(), block) for block in blocks],
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Linear(64, 10),
    )


def volumes():
    shapes = [(1, 16, 1), (16, 32, 2), (32, 32, 1), (32, 64, 2)]
    layers = [conv_normed(i, o, 3, dims=3, stride=stride, padding=1) for i, o, stride in shapes]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(64, 10))


CIFAR, MNIST = (3, 32, 32), (1, 28, 28)

# Network, shape of one sample, loss.
MODELS = {
    "vgg11": (vgg11, CIFAR, "classes"),
    "resnet18": (resnet18, CIFAR, "classes"),
    "densenet121": (densenet121, CIFAR, "classes"),
    "mlp": (mlp, MNIST, "classes"),
    "autoencoder": (autoencoder, CIFAR, "reconstruction"),
    "mobilenet": (mobilenet, CIFAR, "classes"),
    "unet": (unet, CIFAR, "reconstruction"),
    "dilated": (dilated, CIFAR, "classes"),
    "coupling": (Couplings, MNIST, "likelihood"),
    "resnext": (resnext, CIFAR, "classes"),
    "pooled": (pooled, (3, 64, 64), "classes"),
    "temporal": (temporal, (8, 256), "classes"),
    "volumes": (volumes, (1, 16, 16, 16), "classes"),
}


def subject(name):
    """Finds a network by its name; resnet-3x32 has 3 blocks per stage and 32 channels in the first."""
    if name.startswith("resnet-"):
        blocks, width = map(int, name.removeprefix("resnet-").split("x"))
        return lambda: resnet([blocks] * 3, width), CIFAR, "classes"
    return MODELS[name]
