#!/usr/bin/env bash
# TensorFlow.js: Adadelta's first steps are as long as plain SGD's
#
# Versions: @tensorflow/tfjs 4.22.0, on its processor backend; Node.js 20
#
# Expected: Adadelta makes a step that hardly depends on the size of the gradient, and begins with
# very small ones. At rate 0.1 and the default ε of 1e-7, the first step should be about 0.1 ·
# √(ε / 0.05) = 0.00014, for a gradient of 1 and of 1000.
#
# Seen: The first step is the rate times the gradient: 0.1 for 1, and 100 for 1000.
#
# Why: The rule divides by the root of the mean square of the gradients, this one included. tfjs-
# core computes the new mean, but divides by the old one, which is 0 in the first step: √ε / √ε
# is 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

npm install --silent --no-audit --no-fund --ignore-scripts @tensorflow/tfjs@4.22.0
cat >steps.mjs <<'END'
import * as tf from "@tensorflow/tfjs";

await tf.setBackend("cpu");
for (const gradient of [1, 1000]) {
  const w = tf.variable(tf.scalar(0));
  tf.train.adadelta(0.1).applyGradients({ [w.name]: tf.scalar(gradient) });
  console.log(`gradient ${gradient}: moves by ${w.dataSync()[0].toPrecision(3)}`);
}
END
node steps.mjs >seen 2>errors

cat seen
diff seen - <<'END'
gradient 1: moves by -0.100
gradient 1000: moves by -100
END
