import type { Remote } from "./download.js";

const remote = (base: string, file: string, sha256: string): Remote => ({ url: `${base}/${file}`, sha256 });

/** The four files of MNIST and Fashion-MNIST. */
export const IDX_FILES = {
  train: { images: "train-images-idx3-ubyte", labels: "train-labels-idx1-ubyte" },
  test: { images: "t10k-images-idx3-ubyte", labels: "t10k-labels-idx1-ubyte" },
} as const;

/** The files of CIFAR-10's binary version. */
export const CIFAR10_FILES = {
  train: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`),
  test: ["test_batch.bin"],
} as const;

const MNIST = "https://ossci-datasets.s3.amazonaws.com/mnist";
const FASHION = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com";

/**
 * Downloads of MNIST and Fashion-MNIST by file name without `.gz`. MNIST comes from a mirror: its
 * own site refuses downloads.
 */
export const IDX_REMOTES: Readonly<Record<"mnist" | "fashion-mnist", Readonly<Record<string, Remote>>>> = {
  mnist: {
    [IDX_FILES.train.images]: remote(
      MNIST,
      "train-images-idx3-ubyte.gz",
      "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    ),
    [IDX_FILES.train.labels]: remote(
      MNIST,
      "train-labels-idx1-ubyte.gz",
      "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    ),
    [IDX_FILES.test.images]: remote(
      MNIST,
      "t10k-images-idx3-ubyte.gz",
      "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    ),
    [IDX_FILES.test.labels]: remote(
      MNIST,
      "t10k-labels-idx1-ubyte.gz",
      "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
  },
  "fashion-mnist": {
    [IDX_FILES.train.images]: remote(
      FASHION,
      "train-images-idx3-ubyte.gz",
      "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    ),
    [IDX_FILES.train.labels]: remote(
      FASHION,
      "train-labels-idx1-ubyte.gz",
      "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    ),
    [IDX_FILES.test.images]: remote(
      FASHION,
      "t10k-images-idx3-ubyte.gz",
      "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    ),
    [IDX_FILES.test.labels]: remote(
      FASHION,
      "t10k-labels-idx1-ubyte.gz",
      "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    ),
  },
};

/** The archive with all files of CIFAR-10. */
export const CIFAR10_ARCHIVE: Remote = remote(
  "https://www.cs.toronto.edu/~kriz",
  "cifar-10-binary.tar.gz",
  "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
);

/** Names of the classes of each data set. */
export const CLASSES = {
  mnist: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
  "fashion-mnist": [
    ...["T-shirt", "trouser", "pullover", "dress", "coat"],
    ...["sandal", "shirt", "sneaker", "bag", "ankle boot"],
  ],
  cifar10: [
    ...["airplane", "automobile", "bird", "cat", "deer"],
    ...["dog", "frog", "horse", "ship", "truck"],
  ],
} as const;
