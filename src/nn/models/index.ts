export { autoencoder } from "./autoencoder.js";
export { type Classifier, classifier } from "./classifier.js";
export { densenet } from "./densenet.js";
export { type Discriminator, discriminator, generator } from "./gan.js";
export { mlp } from "./mlp.js";
export { bitsPerDimension, type RealNvp, realnvp } from "./realnvp/index.js";
export { resnet } from "./resnet.js";
export { type ClassifierName, type ClassifierOptions, classifierNames, classifiers } from "./table.js";
export { vgg, vggNormedOnce } from "./vgg.js";
