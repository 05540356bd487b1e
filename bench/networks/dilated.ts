import { add, concat } from "../../src/engine/lang/index.js";
import { globalAveragePool, linear, relu } from "../../src/nn/layers.js";
import { chain, type LayerFunction, type Network, network, type Registry } from "../../src/nn/network.js";
import { convNormed, identity } from "./layers.js";

/**
 * Residual stages with growing dilation, then an atrous spatial pyramid and a linear head. Source:
 * Chen et al. 2017 (DeepLab v3).
 */
export function dilated(): Network {
  return network((registry) => {
    const widths = [64, 128];
    const stem = chain(
      convNormed(registry, "stem", { inputs: 3, outputs: 32, kernel: 5, stride: 2, padding: 2 }),
      residual(registry, "stage1", { inputs: 32, outputs: widths[0], dilation: 1 }),
      residual(registry, "stage2", { inputs: widths[0], outputs: widths[1], dilation: 2 }),
      residual(registry, "stage3", { inputs: widths[1], outputs: widths[1], dilation: 4 }),
    );
    const branches = [
      convNormed(registry, "pyramid1", { inputs: widths[1], outputs: 64, kernel: 1 }),
      ...[2, 4, 6].map((dilation) =>
        convNormed(registry, `pyramid${dilation}`, {
          inputs: widths[1],
          outputs: 64,
          kernel: 3,
          padding: dilation,
          dilation,
        }),
      ),
    ];
    const pyramid: LayerFunction = (pass, x) =>
      concat(
        branches.map((branch) => branch(pass, x)),
        1,
      );
    const last = convNormed(registry, "last", {
      inputs: 256,
      outputs: 128,
      kernel: 3,
      stride: 2,
      padding: 1,
    });
    return chain(
      stem,
      pyramid,
      last,
      globalAveragePool,
      linear(registry, "head", { inputs: 128, outputs: 10 }),
    );
  });
}

interface ResidualSettings {
  readonly inputs: number;
  readonly outputs: number;
  readonly dilation: number;
}

function residual(
  registry: Registry,
  name: string,
  { inputs, outputs, dilation }: ResidualSettings,
): LayerFunction {
  const settings = { outputs, kernel: 3, padding: dilation, dilation };
  const body = chain(
    convNormed(registry, `${name}.1`, { inputs, ...settings }),
    convNormed(registry, `${name}.2`, { inputs: outputs, ...settings, after: identity }),
  );
  const shortcut =
    inputs === outputs
      ? identity
      : convNormed(registry, `${name}.shortcut`, { inputs, outputs, kernel: 1, after: identity });
  return (pass, x) => relu(pass, add(body(pass, x), shortcut(pass, x)));
}
