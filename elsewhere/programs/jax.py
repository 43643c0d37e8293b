"""JAX, with the losses and optimisers of Optax."""

import math

import jax
import jax.numpy as jnp
import optax

jax.config.update("jax_enable_x64", True)


# ## Derivatives
def flat(gradients):
    return [slope for one in gradients for slope in one.ravel().tolist()]


def slopes(function, *point):
    x = [jnp.asarray(number, jnp.float32) for number in point]
    return flat(jax.grad(lambda *x: function(*x).sum(), argnums=range(len(x)))(*x))


def forward(function, *point):
    x = [jnp.asarray(number, jnp.float32) for number in point]
    return flat(jax.jacfwd(lambda *x: function(*x).sum(), argnums=range(len(x)))(*x))


def compiled(function, *point):
    return slopes(jax.jit(function), *point)


MODES = {"reverse": slopes, "forward": forward, "compiled": compiled}


# ## The gradient of a weight
def gradient(loss_of):
    return jax.grad(loss_of)(1.5, 1.0)


def rows(steps=1):
    optimizer = optax.adam(0.1)
    table = jnp.ones((2, 1), jnp.float32)
    state = optimizer.init(table)
    for row in ([1], [0])[:steps] if steps > 1 else [[0]]:
        back = jax.grad(lambda table, row=row: table[jnp.array(row)].sum())(table)
        update, state = optimizer.update(back, state, table)
        table = optax.apply_updates(table, update)
    return update[1, 0] if steps > 1 else back[1, 0]


# ## Optimisers
def moves(make, gradients):
    # Where the weight has no gradient, there is another that has one.
    ones = jnp.ones((2, 2), jnp.float32)
    weights = {"w": ones} | ({"v": ones} if None in gradients else {})
    optimizer = make(0.1)
    state = optimizer.init(weights)
    found = []
    for gradient in gradients:
        given = weights | {"w": None if gradient is None else gradient * ones}
        update, state = optimizer.update(given, state, weights)
        weights, before = optax.apply_updates(weights, update), weights
        found.append((weights["w"] - before["w"])[0, 0])
    return found


# ## Rows of an embedding: row 1 is looked up first, then row 0, and row 2 never
def rows_moved(optimizer):
    table = jnp.ones((3, 2), jnp.float32)
    state = optimizer.init(table)
    found = []
    for row in 1, 0:
        back = jax.grad(lambda table, row=row: table[jnp.array([row])].sum())(table)
        update, state = optimizer.update(back, state, table)
        table = optax.apply_updates(table, update)
        found.append(update[:, 0].tolist())
    return found


# ## Means: rows of two equal logits have the loss log 2
def cross_entropy(labels, where=None):
    def loss(z):
        each = optax.softmax_cross_entropy_with_integer_labels(z, jnp.array(labels))
        return each.mean(where=where)

    value, back = jax.value_and_grad(loss)(jnp.zeros((4, 2), jnp.float32))
    return [value / math.log(2), back[0, 0]]


def parts():
    optimizer = optax.MultiSteps(optax.sgd(1.0), every_k_schedule=2)
    w = jnp.float32(0)
    state = optimizer.init(w)
    for x in [4.0], [0.0, 0.0, 0.0]:
        back = jax.grad(lambda w, x=x: (w * jnp.array(x, jnp.float32)).mean())(w)
        update, state = optimizer.update(back, state, w)
    return -update


# ## Where numbers end
def softmax_gradients(gaps, dtype):
    def loss(z):
        labels = jnp.zeros(len(gaps), int)
        return optax.softmax_cross_entropy_with_integer_labels(z, labels).sum()

    return jax.grad(loss)(jnp.array([[gap, 0.0] for gap in gaps], dtype)).tolist()


def tanh(x, dtype):
    return jnp.tanh(jnp.array(x, dtype)).tolist()


def sigmoid(x, dtype):
    return jax.nn.sigmoid(jnp.array(x, dtype)).tolist()


def step(w, rate, gradient, dtype):
    weight = jnp.array(w, dtype)
    optimizer = optax.sgd(rate)
    state = optimizer.init(weight)
    update, _ = optimizer.update(jnp.array(gradient, dtype), state, weight)
    return optax.apply_updates(weight, update).item()


KINKS = {
    "relu-at-0": jax.nn.relu,
    "relu6-at-6": jax.nn.relu6,
    "hard-tanh-at-1": jax.nn.hard_tanh,
    "clip-at-bound": lambda x: jnp.clip(x, 0, 6),
    "leaky-relu-at-0": jax.nn.leaky_relu,
    "elu-at-0": jax.nn.elu,
    "celu-at-0": jax.nn.celu,
    "selu-at-0": jax.nn.selu,
    "hard-sigmoid-at-3": jax.nn.hard_sigmoid,
    "abs-at-0": jnp.abs,
    "maximum-tie": jnp.maximum,
    "minimum-tie": jnp.minimum,
    "max-tie": jnp.max,
    "min-tie": jnp.min,
    "max-pool-tie": lambda x: jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (2,), (2,), "VALID"),
    "sort-tie": lambda x: jnp.sort(x)[0],
    "median-tie": jnp.median,
    "hinge-at-margin": lambda x: optax.hinge_loss(x, jnp.float32(1)),
    "multi-hinge-at-margin": lambda x: optax.losses.multiclass_hinge_loss(x, 1),
    "l1-at-0": lambda x: jnp.mean(jnp.abs(x - 0)),
    "logistic-at-0": lambda x: optax.sigmoid_binary_cross_entropy(x, jnp.float32(1)),
    "sqrt-at-0": jnp.sqrt,
    "where-sqrt-at-0": lambda x: jnp.where(x > 0, jnp.sqrt(x), 0),
    "norm-at-0": jnp.linalg.norm,
    "distance-at-0": lambda x: optax.safe_norm(x - jnp.zeros(2, jnp.float32), 0.0),
    "std-of-equal": jnp.std,
    "prod-with-0": jnp.prod,
    "power-0-at-0": lambda x: jnp.power(x, jnp.float32(0)),
    "logaddexp-cancels": lambda x: jnp.logaddexp(x, -x),
}

NONE = {
    "unused": lambda: gradient(lambda w, v: v),
    "detached": lambda: gradient(lambda w, v: jax.lax.stop_gradient(w) + v),
    "half-cut": lambda: gradient(lambda w, v: w * jax.lax.stop_gradient(w) + v),
    "all-cut": lambda: gradient(lambda w, v: jax.lax.stop_gradient(w + v)),
    "times-zero": lambda: gradient(lambda w, v: 0 * w + v),
    "int-cast": lambda: gradient(lambda w, v: w.astype(int).astype(float) + v),
    "round": lambda: gradient(lambda w, v: jnp.round(w) + v),
    "floor": lambda: gradient(lambda w, v: jnp.floor(w) + v),
    "sign": lambda: gradient(lambda w, v: jnp.sign(w) + v),
    "comparison": lambda: gradient(lambda w, v: (w > 0).astype(float) + v),
    "argmax": lambda: gradient(lambda w, v: jnp.argmax(jnp.stack([w, 0 * w])) + v),
    "unused-row": rows,
    "unused-row-adam": lambda: rows(steps=2),
}

OPTIMIZERS = {
    "SGD": optax.sgd,
    "SGD, momentum 0.9": lambda rate: optax.sgd(rate, momentum=0.9),
    "Adam": optax.adam,
    "AdamW": optax.adamw,
    "Adamax": optax.adamax,
    "AdamaxW": optax.adamaxw,
    "NAdam": optax.nadam,
    "NAdamW": optax.nadamw,
    "RAdam": optax.radam,
    "AMSGrad": optax.amsgrad,
    "AdaBelief": optax.adabelief,
    "AdaDelta": optax.adadelta,
    "Adadelta, without a rate": lambda rate: optax.adadelta(),
    "AdaFactor": optax.adafactor,
    "Adagrad": optax.adagrad,
    "Adan": optax.adan,
    "Fromage": optax.fromage,
    "LAMB": optax.lamb,
    "LAMB, weight decay 0.01": lambda rate: optax.lamb(rate, weight_decay=0.01),
    "LARS": optax.lars,
    "LBFGS": lambda rate: optax.lbfgs(rate, linesearch=None),
    "Lion": optax.lion,
    "Noisy SGD": lambda rate: optax.noisy_sgd(rate, key=0),
    "Novograd": optax.novograd,
    "Optimistic Adam": lambda rate: optax.optimistic_adam_v2(rate),
    "Optimistic gradient descent": optax.optimistic_gradient_descent,
    "RMSprop": optax.rmsprop,
    "Rprop": optax.rprop,
    "Sign SGD": optax.sign_sgd,
    "SM3": optax.sm3,
    "Yogi": optax.yogi,
    "ACProp": optax.contrib.acprop,
    "AdEMAMix": optax.contrib.ademamix,
    "Simplified AdEMAMix": optax.contrib.simplified_ademamix,
    "Adopt": optax.contrib.adopt,
    "COCOB": lambda rate: optax.contrib.cocob(),
    "DAdaptation": lambda rate: optax.contrib.dadapt_adamw(rate),
    "Muon": optax.contrib.muon,
    "Prodigy": lambda rate: optax.contrib.prodigy(rate),
    "Normalised SGD": lambda rate: optax.chain(optax.contrib.normalize(), optax.sgd(rate)),
    "Schedule-free AdamW": lambda rate: optax.contrib.schedule_free_adamw(rate),
    "Schedule-free SGD": lambda rate: optax.contrib.schedule_free_sgd(rate),
}

ROWS = {
    "SGD": lambda: rows_moved(optax.sgd(0.1)),
    "SGD, momentum 0.9": lambda: rows_moved(optax.sgd(0.1, momentum=0.9)),
    "Adam": lambda: rows_moved(optax.adam(0.1)),
    "AdamW": lambda: rows_moved(optax.adamw(0.1)),
    "Adamax": lambda: rows_moved(optax.adamax(0.1)),
    "Adagrad": lambda: rows_moved(optax.adagrad(0.1)),
    "RMSprop": lambda: rows_moved(optax.rmsprop(0.1)),
    "Lion": lambda: rows_moved(optax.lion(0.1)),
    "SM3": lambda: rows_moved(optax.sm3(0.1)),
    "Yogi": lambda: rows_moved(optax.yogi(0.1)),
}

MEAN = {
    "plain": lambda: cross_entropy([0, 0, 1, 1])[0],
    "one-ignored": lambda: cross_entropy([0, 0, 1, 1], where=jnp.array([1, 1, 1, 0], bool))[0],
    "negative-ignored": lambda: cross_entropy([0, 0, 1, -100]),
    "all-ignored": lambda: cross_entropy([0, 0, 1, 1], where=jnp.zeros(4, bool)),
    "uneven-parts": parts,
}

TYPES = {
    "float16": jnp.float16,
    "bfloat16": jnp.bfloat16,
    "float32": jnp.float32,
    "float64": jnp.float64,
}
