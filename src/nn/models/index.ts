export { autoencoder } from "./autoencoder.js";
export { densenet } from "./densenet.js";
export { type Discriminator, discriminator, generator } from "./gan.js";
export { mlp } from "./mlp.js";
export { bitsPerDimension, type RealNvp, realnvp } from "./realnvp/index.js";
export { resnet } from "./resnet.js";
export { vgg } from "./vgg.js";
