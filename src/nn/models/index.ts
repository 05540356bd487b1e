export { type AutoencoderOptions, autoencoder } from "./autoencoder.js";
export { type Classifier, type ClassifierParts, classifier } from "./classifier.js";
export { type DensenetOptions, densenet } from "./densenet.js";
export {
  type Discriminator,
  discriminator,
  type GanOptions,
  type GeneratorOptions,
  generator,
} from "./gan.js";
export { type MlpOptions, mlp } from "./mlp.js";
export { bitsPerDimension, type RealNvp, type RealNvpOptions, realnvp } from "./realnvp/index.js";
export { type ResnetOptions, resnet } from "./resnet.js";
export { type ClassifierName, type ClassifierOptions, classifierNames, classifiers } from "./table.js";
export { type VggOptions, vgg, vggNormedOnce } from "./vgg.js";
