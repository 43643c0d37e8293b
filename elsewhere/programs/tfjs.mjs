// TensorFlow.js, on its processor backend.

import * as tf from "@tensorflow/tfjs";

await tf.setBackend("cpu");

// Derivatives
export function slopes(f, ...point) {
  const x = point.map((number) => tf.tensor(number));
  const back = tf.grads((...x) => tf.sum(f(...x)))(x);
  return back.flatMap((one) => [...one.dataSync()]);
}

// The gradient of a weight
function gradient(lossOf, trainable = true) {
  const w = tf.variable(tf.scalar(1.5), trainable);
  const v = tf.variable(tf.scalar(1));
  const { grads } = tf.variableGrads(() => lossOf(w, v));
  return grads[w.name] ? grads[w.name].dataSync()[0] : null;
}

function rows(steps = 1) {
  const table = tf.variable(tf.ones([2, 1]));
  const optimizer = tf.train.adam(0.1);
  let back, before;
  for (const row of steps > 1 ? [1, 0] : [0]) {
    const loss = () => tf.sum(tf.gather(table, tf.tensor1d([row], "int32")));
    back = tf.variableGrads(loss).grads;
    before = table.dataSync()[1];
    optimizer.applyGradients(back);
  }
  return steps > 1 ? table.dataSync()[1] - before : back[table.name].dataSync()[1];
}

// Optimisers
export function moves(make, gradients) {
  const w = tf.variable(tf.ones([2, 2]));
  const optimizer = make();
  return gradients.map((gradient) => {
    const before = w.dataSync()[0];
    optimizer.applyGradients(gradient === null ? {} : { [w.name]: tf.fill([2, 2], gradient) });
    return w.dataSync()[0] - before;
  });
}

// Rows of an embedding: row 1 is looked up first, then row 0, and row 2 never
function rowsMoved(optimizer) {
  const table = tf.variable(tf.ones([3, 2]));
  return [1, 0].map((row) => {
    const loss = () => tf.sum(tf.gather(table, tf.tensor1d([row], "int32")));
    const before = table.arraySync();
    optimizer.applyGradients(tf.variableGrads(loss).grads);
    return table.arraySync().map(([now], at) => now - before[at][0]);
  });
}

// Means
function weighted(lossFunction, weights) {
  const output = tf.variable(tf.ones([4]));
  const { value, grads } = tf.variableGrads(() =>
    lossFunction(tf.zeros([4]), output, tf.tensor1d(weights)),
  );
  return [value.dataSync()[0], grads[output.name].dataSync()[1]];
}

function parts() {
  const back = [[4], [0, 0, 0]].map((x) => tf.grad((w) => tf.mean(tf.mul(w, tf.tensor1d(x)))));
  return back.reduce((total, one) => total + one(tf.scalar(0)).dataSync()[0], 0);
}

// Where numbers end
export function softmaxGradients(gaps) {
  const z = tf.tensor2d(gaps.map((gap) => [gap, 0]));
  const labels = tf.tensor2d(gaps.map(() => [1, 0]));
  const loss = (z) =>
    tf.losses.softmaxCrossEntropy(labels, z, undefined, 0, tf.Reduction.SUM);
  return tf.grad(loss)(z).arraySync();
}

export const tanh = (x) => [...tf.tanh(tf.tensor1d(x)).dataSync()];

export const sigmoid = (x) => [...tf.sigmoid(tf.tensor1d(x)).dataSync()];

export function step(w, rate, gradient) {
  const weight = tf.variable(tf.scalar(w));
  tf.train.sgd(rate).applyGradients({ [weight.name]: tf.scalar(gradient) });
  return weight.dataSync()[0];
}

export const KINKS = {
  "relu-at-0": (x) => tf.relu(x),
  "relu6-at-6": (x) => tf.relu6(x),
  "clip-at-bound": (x) => tf.clipByValue(x, 0, 6),
  "leaky-relu-at-0": (x) => tf.leakyRelu(x),
  "elu-at-0": (x) => tf.elu(x),
  "selu-at-0": (x) => tf.selu(x),
  "hard-sigmoid-at-3": (x) => tf.layers.activation({ activation: "hardSigmoid" }).apply(tf.sub(x, 0.5)),
  "abs-at-0": (x) => tf.abs(x),
  "maximum-tie": (x, y) => tf.maximum(x, y),
  "minimum-tie": (x, y) => tf.minimum(x, y),
  "max-tie": (x) => tf.max(x),
  "min-tie": (x) => tf.min(x),
  "max-pool-tie": (x) => tf.maxPool(tf.reshape(x, [1, 1, 2, 1]), [1, 2], [1, 2], "valid"),
  "hinge-at-margin": (x) => tf.losses.hingeLoss(tf.onesLike(x), x),
  "l1-at-0": (x) => tf.losses.absoluteDifference(tf.zerosLike(x), x),
  "logistic-at-0": (x) => tf.losses.sigmoidCrossEntropy(tf.onesLike(x), x),
  "sqrt-at-0": (x) => tf.sqrt(x),
  "where-sqrt-at-0": (x) =>
    tf.where(tf.scalar(x.dataSync()[0] > 0, "bool"), tf.sqrt(x), tf.zerosLike(x)),
  "norm-at-0": (x) => tf.norm(x),
  "distance-at-0": (x) => tf.norm(tf.sub(x, tf.zeros([2]))),
  "std-of-equal": (x) => tf.sqrt(tf.moments(x).variance),
  "prod-with-0": (x) => tf.prod(x),
  "power-0-at-0": (x) => tf.pow(x, 0),
};

export const NONE = {
  unused: () => gradient((w, v) => tf.mul(v, 1)),
  detached: () => gradient((w, v) => tf.add(tf.scalar(w.dataSync()[0]), v)),
  "half-cut": () => gradient((w, v) => tf.add(tf.mul(w, w.dataSync()[0]), v)),
  "all-cut": () => gradient(() => tf.scalar(1)),
  "times-zero": () => gradient((w, v) => tf.add(tf.mul(0, w), v)),
  "int-cast": () => gradient((w, v) => tf.add(tf.cast(tf.cast(w, "int32"), "float32"), v)),
  round: () => gradient((w, v) => tf.add(tf.round(w), v)),
  floor: () => gradient((w, v) => tf.add(tf.floor(w), v)),
  sign: () => gradient((w, v) => tf.add(tf.sign(w), v)),
  comparison: () => gradient((w, v) => tf.add(tf.cast(tf.greater(w, 0), "float32"), v)),
  argmax: () =>
    gradient((w, v) => tf.add(tf.cast(tf.argMax(tf.stack([w, tf.mul(0, w)])), "float32"), v)),
  frozen: () => gradient((w, v) => tf.add(w, v), false),
  "unused-row": () => rows(),
  "unused-row-adam": () => rows(2),
};

export const OPTIMIZERS = {
  SGD: () => tf.train.sgd(0.1),
  "SGD, momentum 0.9": () => tf.train.momentum(0.1, 0.9),
  Adam: () => tf.train.adam(0.1),
  Adamax: () => tf.train.adamax(0.1),
  Adagrad: () => tf.train.adagrad(0.1),
  Adadelta: () => tf.train.adadelta(0.1),
  RMSprop: () => tf.train.rmsprop(0.1),
};

export const ROWS = {
  SGD: () => rowsMoved(tf.train.sgd(0.1)),
  "SGD, momentum 0.9": () => rowsMoved(tf.train.momentum(0.1, 0.9)),
  Adam: () => rowsMoved(tf.train.adam(0.1)),
  Adamax: () => rowsMoved(tf.train.adamax(0.1)),
  Adagrad: () => rowsMoved(tf.train.adagrad(0.1)),
  Adadelta: () => rowsMoved(tf.train.adadelta(0.1)),
  RMSprop: () => rowsMoved(tf.train.rmsprop(0.1)),
};

export const MEAN = {
  plain: () => weighted(tf.losses.meanSquaredError, [1, 1, 1, 1])[0],
  "sample-weights": () => weighted(tf.losses.meanSquaredError, [0, 1, 2, 4])[0],
  "sample-weights-huber": () => 2 * weighted(tf.losses.huberLoss, [0, 1, 2, 4])[0],
  "all-weights-0": () => weighted(tf.losses.meanSquaredError, [0, 0, 0, 0]),
  "uneven-parts": parts,
};
