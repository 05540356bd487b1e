"""PyTorch's side of the benchmarks. Reads one JSON request a line from stdin, answers on stdout:

  {"prepare": "vgg11", "batch": 64, "work": "gradient" | "hvp" | "step", "threads": 2}
                   ->  {"parameters": n, "version": "1.13.1"}
  {"run": 1}       ->  {"ms": 301.2, "cpuMs": 570.9}
  {"memory": 1}    ->  {"peakMiB": 503.1}

Models are float32 in training mode; data are random.
"""

import json
import sys
import time

import numpy
import torch
import torch.nn.functional as F

from models import subject


def prepare(name, batch, work):
    torch.manual_seed(0)
    build, sample, kind = subject(name)
    model = build().train()
    parameters = list(model.parameters())
    x = torch.randn(batch, *sample)
    labels = torch.randint(0, 10, (batch,))

    def loss():
        output = model(x)
        if kind == "classes":
            return F.cross_entropy(output, labels)
        return F.mse_loss(output, x) if kind == "reconstruction" else -output.mean()

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
    """Peak resident size in MiB. getrusage would count the parent's memory at the time of the fork."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


def export(name, batch, folder):
    """Writes the model, with its batch normalizations kept, and a batch file."""
    torch.manual_seed(0)
    build, sample, kind = subject(name)
    model = build().train()
    x = torch.randn(batch, *sample)
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
    if kind == "classes":
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
