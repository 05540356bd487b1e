import { add, concat } from "../../src/engine/lang/index.js";
import { globalAveragePool, linear, relu } from "../../src/nn/layers.js";
import { chain, type LayerFunction, type Network, network, type Registry } from "../../src/nn/network.js";
import { convNormed, identity } from "./layers.js";

/** Strided and dilated residual stages under an atrous spatial pyramid (Chen et al. 2017, DeepLab v3). */
export function dilated(): Network {
  return network((registry) => {
    const widths = [64, 128];
    const stem = chain(
      convNormed(registry, "stem", 3, 32, { kernel: 5, stride: 2, padding: 2 }),
      residual(registry, "stage1", 32, widths[0], 1),
      residual(registry, "stage2", widths[0], widths[1], 2),
      residual(registry, "stage3", widths[1], widths[1], 4),
    );
    const branches = [
      convNormed(registry, "pyramid1", widths[1], 64, { kernel: 1 }),
      ...[2, 4, 6].map((dilation) =>
        convNormed(registry, `pyramid${dilation}`, widths[1], 64, {
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
    const last = convNormed(registry, "last", 256, 128, { kernel: 3, stride: 2, padding: 1 });
    return chain(
      stem,
      pyramid,
      last,
      globalAveragePool,
      linear(registry, "head", { inputs: 128, outputs: 10 }),
    );
  });
}

function residual(
  registry: Registry,
  name: string,
  inputs: number,
  outputs: number,
  dilation: number,
): LayerFunction {
  const settings = { kernel: 3, padding: dilation, dilation };
  const body = chain(
    convNormed(registry, `${name}.1`, inputs, outputs, settings),
    convNormed(registry, `${name}.2`, outputs, outputs, { ...settings, after: identity }),
  );
  const shortcut =
    inputs === outputs
      ? identity
      : convNormed(registry, `${name}.shortcut`, inputs, outputs, { kernel: 1, after: identity });
  return (pass, x) => relu(pass, add(body(pass, x), shortcut(pass, x)));
}
