"""``python -m sgdexplained script.py``: a script goes its own way, and its step is explained."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

SOURCE = Path(__file__).parents[2] / "src"

BEGIN = """
import sys
import torch
from torch import nn
torch.manual_seed(0)
"""
LOOP = """
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for number in range(3):
    optimizer.zero_grad()
    loss = (model(torch.randn(5, 3)) - 1).square().mean()
    loss.backward()
    optimizer.step()
    print(loss.item())
"""
MODEL = """
model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
model[0].bias.data[1] = -99
"""


ENVIRONMENT = {"PYTHONPATH": str(SOURCE), "PATH": "", "OMP_NUM_THREADS": "1"}

# To load PyTorch takes longer than any of the scripts. So those that load it anyway run alone in a
# copy of one process that has loaded it. With the command each has a process of its own.
LOADED = """
import os, sys, torch
for folder in sys.stdin:
    child = os.fork()
    if not child:
        os.chdir(folder.rstrip())
        for stream, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
        sys.argv = ["train.py"]
        with open("train.py") as file:
            code = compile(file.read(), "train.py", "exec")
        exec(code, {"__name__": "__main__", "__file__": "train.py"})
        sys.stdout.flush()
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture(scope="module", autouse=True)
def loaded():
    with subprocess.Popen(
        [sys.executable, "-c", LOADED],
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        Ran.loaded = process
        yield
        process.stdin.close()


class Ran:
    """A script that ran with and without the command; both must have done the same."""

    loaded = None

    def __init__(self, folder, code, *options, arguments=(), fails=False):
        (folder / "train.py").write_text(code, "utf-8")
        if hasattr(os, "fork") and code.startswith(BEGIN) and not fails and not arguments:
            self.alone = self.run_in_a_copy(folder)
        else:
            self.alone = self.run(folder, "train.py", *arguments)
        ours = self.run(folder, "-m", "sgdexplained", *options, "train.py", *arguments)
        assert ours.stdout == self.alone.stdout
        assert ours.returncode == self.alone.returncode
        self.out, self.err, self.status = ours.stdout, ours.stderr, ours.returncode

    @staticmethod
    def run(folder, *arguments):
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
        )

    def run_in_a_copy(self, folder):
        self.loaded.stdin.write(f"{folder}\n")
        self.loaded.stdin.flush()
        status = int(self.loaded.stdout.readline())
        texts = [(folder / name).read_text("utf-8") for name in ("out", "err")]
        return subprocess.CompletedProcess("train.py", status, *texts)


def test_the_first_step_is_explained(tmp_path):
    ran = Ran(tmp_path, BEGIN + MODEL + LOOP)

    assert ran.err.startswith("sgdexplained: step 1, of SGD:\n5 of 21 do not move: ")
    assert "shut receiver" in ran.err
    assert "the derivative of relu is 0" in ran.err
    assert ran.err.count("sgdexplained") == 1


def test_a_later_step(tmp_path):
    first, third = (
        Ran(tmp_path, BEGIN + MODEL + LOOP, "--step", number).err for number in ("1", "3")
    )

    assert third.startswith("sgdexplained: step 3, of SGD:\n")
    assert first != third


def test_a_step_that_never_comes(tmp_path):
    ran = Ran(tmp_path, BEGIN + MODEL + LOOP, "--step=4")

    assert ran.err == (
        "sgdexplained: the script called optimizer.step() 3 times, so step 4 was not explained\n"
    )


@pytest.mark.parametrize("behind", [["--step", "2"], ["--lr=1", "--step=2", "data"]])
def test_a_step_behind_the_script_is_the_scripts_and_that_is_told(tmp_path, behind):
    code = "import sys; print(sys.argv[1:])" + BEGIN + MODEL + LOOP
    ran = Ran(tmp_path, code, arguments=behind)
    assert ran.out.startswith(f"{behind}\n")
    hint, rest = ran.err.split("\n", 1)
    assert hint == (
        "sgdexplained: --step 2 stands behind train.py, so it went to the script, and step 1 is "
        "explained. To explain step 2: python -m sgdexplained --step 2 train.py"
    )
    assert rest.startswith("sgdexplained: step 1, of SGD:\n")

    # Who says which step is wanted knows the difference.
    second = Ran(tmp_path, code, "--step", "3", arguments=behind).err
    assert second.startswith("sgdexplained: step 3, of SGD:\n")
    assert "behind" not in Ran(tmp_path, code, arguments=["--steps", "2", "--step", "x"]).err


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("print(1)", "the script has not used PyTorch, so no step was explained"),
        (BEGIN, "the script never called optimizer.step(), and no backward pass either"),
        (
            BEGIN + MODEL + "model(torch.ones(1, 3)).sum().backward()",
            "the script never called optimizer.step(), after a backward pass",
        ),
    ],
)
def test_a_script_without_a_step(tmp_path, code, said):
    assert Ran(tmp_path, code).err == f"sgdexplained: {said}\n"


def test_arguments_and_exit_status_are_the_scripts(tmp_path):
    code = "import sys\nprint(sys.argv, __name__, __file__, sys.path[0])\nsys.exit(len(sys.argv))"
    ran = Ran(tmp_path, code, arguments=("--step", "x", "-h"))

    assert ran.status == 4
    assert "['train.py', '--step', 'x', '-h'] __main__" in ran.out


def test_words_to_exit_with(tmp_path):
    ran = Ran(tmp_path, "raise SystemExit('words')")

    assert ran.status == 1
    assert ran.err.startswith("words\n")


@pytest.mark.parametrize(
    "code",
    [
        "def f():\n    raise ValueError('mine')\nf()",
        "try:\n    1 / 0\nexcept ArithmeticError as error:\n    raise KeyError('x') from error",
        "this is no Python",
        BEGIN + MODEL + "model(torch.ones(1, 2))",
        BEGIN + MODEL + "(model(torch.ones(1, 3)) > 0).float().sum().backward()",
        BEGIN + MODEL + "loss = model(torch.ones(1, 3)).sum()\nloss.backward()\nloss.backward()",
    ],
)
def test_errors_are_the_scripts(tmp_path, code):
    ran = Ran(tmp_path, code, fails=True)
    theirs = [line for line in ran.alone.stderr.splitlines() if "torch" not in line]
    traced, said = ran.err.split("sgdexplained: ")  # what is said comes after it
    ours = [line for line in traced.splitlines() if "torch" not in line.lower()]

    assert ran.status == 1
    assert traced.splitlines()[-1] == ran.alone.stderr.splitlines()[-1]
    assert ("cut by the comparison >" in " ".join(said.split())) == ("> 0" in code)
    assert [line for line in theirs if "train.py" in line] == [
        line for line in ours if "train.py" in line
    ]
    assert str(SOURCE) not in ran.err
    assert "overrides.py" not in ran.err


def test_ctrl_c_leaves_with_its_status(tmp_path):
    (tmp_path / "train.py").write_text("raise KeyboardInterrupt", "utf-8")
    ran = Ran.run(tmp_path, "-m", "sgdexplained", "train.py")

    assert ran.returncode == 130
    assert "KeyboardInterrupt" in ran.stderr


def test_a_cut_is_named_with_its_line(tmp_path):
    code = (
        BEGIN
        + """
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.head = nn.Linear(3, 4), nn.Linear(4, 1)
    def forward(self, x):
        h = self.encoder(x)
        return self.head(h.detach())
model = Model()
"""
        + LOOP
    )
    ran = Ran(tmp_path, code)

    line = code.splitlines().index("        return self.head(h.detach())") + 1
    assert f"cut by .detach() at train.py:{line}" in " ".join(ran.err.split())
    assert "16 cut off from the loss" in ran.err


def test_what_happens_before_the_step_is_named(tmp_path):
    clipped = LOOP.replace(
        "    optimizer.step()", "    optimizer.zero_grad()\n    optimizer.step()"
    )
    ran = Ran(tmp_path, BEGIN + MODEL + clipped)

    line = (BEGIN + MODEL + clipped).splitlines().index("    optimizer.step()")
    assert f"cleared by Optimizer.zero_grad at train.py:{line}" in " ".join(ran.err.split())
    assert "16 cleared before the step" in ran.err or "cleared" in ran.err


def test_parameters_without_a_module_have_their_names(tmp_path):
    code = (
        BEGIN
        + """
weight, unused = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(2))
several = [nn.Parameter(torch.ones(1))]
optimizer = torch.optim.Adam([weight, unused, *several])
(weight * torch.tensor([1.0, 0.0, 2.0]) * several[0]).sum().backward()
optimizer.step()
"""
    )
    ran = Ran(tmp_path, code)

    for name in ("weight", "unused", "several[0]"):
        assert f"\n{name} " in ran.err


def test_of_two_networks_the_one_that_the_optimizer_has_is_explained(tmp_path):
    code = (
        BEGIN
        + """
G, D = nn.Linear(2, 2), nn.Linear(2, 1)
g, d = torch.optim.Adam(G.parameters()), torch.optim.SGD(D.parameters(), lr=0.1)
for _ in range(2):
    with torch.device("cpu"):
        fake = G(torch.randn(4, 2))
        d.zero_grad()
        D(fake.detach()).mean().backward()
        d.step()
        g.zero_grad()
        (-D(fake).mean()).backward()
        g.step()
    print(G.weight.sum().item())
"""
    )
    ran = Ran(tmp_path, code, "--step=2")

    assert "step 2, of Adam" in ran.err
    assert "\nweight  2 × 2 " in ran.err
    assert "not listed: D, whose 2 parameters another optimizer has (SGD)" in ran.err
    assert "hook" not in ran.err


def test_a_closure(tmp_path):
    code = (
        BEGIN
        + """
weight = nn.Parameter(torch.ones(3))
unused = nn.Parameter(torch.ones(2))
x = torch.tensor([[1.0, 0.0, 2.0], [3.0, 0.0, 1.0]])
optimizer = torch.optim.LBFGS([weight, unused], lr=0.1)
def closure():
    optimizer.zero_grad()
    loss = (x @ weight).square().sum()
    loss.backward()
    return loss
for _ in range(2):
    print(optimizer.step(closure).item())
"""
    )
    ran = Ran(tmp_path, code)

    assert "3 of 5 do not move: 2 not used by the loss, 1 with an inactive sender." in ran.err


def test_a_scaler_attention_and_a_schedule_compute_the_same(tmp_path):
    code = (
        BEGIN
        + """
model = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 4)
scaler = torch.amp.GradScaler("cpu")
for _ in range(4):
    optimizer.zero_grad()
    with torch.autocast("cpu"):
        loss = model(torch.randn(2, 3, 8)).square().mean()
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    nn.utils.clip_grad_norm_(model.parameters(), 0.1)
    scaler.step(optimizer)
    scaler.update()
    scheduler.step()
    print(repr(loss.item()), repr(model.linear1.weight.sum().item()))
"""
    )
    for step in ("1", "3"):
        ran = Ran(tmp_path, code, "--step", step)

        assert f"step {step}, of AdamW" in ran.err
        assert "Warning" not in ran.err


def test_help_and_bad_arguments(tmp_path):
    helped = Ran.run(tmp_path, "-m", "sgdexplained", "--help")
    assert helped.returncode == 0
    assert "--step N" in helped.stdout

    wrong = Ran.run(tmp_path, "-m", "sgdexplained", "--step", "0", "train.py")
    assert wrong.returncode == 2
    assert "'0' is no step, expected 1, 2, 3, ..." in wrong.stderr

    missing = Ran.run(tmp_path, "-m", "sgdexplained", "nowhere.py")
    assert missing.returncode == 2
    assert missing.stderr == "sgdexplained: cannot read 'nowhere.py': No such file or directory\n"


def test_nothing_is_left_in_pytorch():
    from sgdexplained.pytorch.command import Following

    before = torch.autograd.backward
    following = Following(1)
    following.begin()
    assert torch.autograd.backward != before
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()

    assert torch.autograd.backward == before
    assert not torch.overrides._get_current_function_mode_stack()
    assert not model.weight._post_accumulate_grad_hooks
    assert following.end() == ""


def test_a_mistake_of_ours_does_not_stop_the_script(monkeypatch, capsys):
    from sgdexplained.pytorch import command

    def fails(*_):
        raise ValueError("ours")

    monkeypatch.setattr(command.Pass, "recorded", fails)
    following = command.Following(1)
    following.begin()
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([weight], lr=0.5)
    weight.sum().backward()
    optimizer.step()

    assert weight.tolist() == [0.5, 0.5]
    assert following.end() == ""
    assert not torch.overrides._get_current_function_mode_stack()
    assert capsys.readouterr().err == (
        "sgdexplained: the step could not be explained: ValueError: ours\n"
    )


def test_a_compiled_model_is_seen_and_runs_on(tmp_path):
    # The script that runs alone compiles for `eager` too, so the numbers are the same.
    code = MODEL + "own, model = model, torch.compile(model, backend='eager')\n" + LOOP
    ran = Ran(
        tmp_path, BEGIN + code + "print(torch._dynamo.utils.counters['frames'])\n", fails=True
    )

    assert "step 1, of SGD:\n5 of 21 do not move" in ran.err
    assert "the derivative of relu is 0" in " ".join(ran.err.split())


def test_workers_that_load_data(tmp_path):
    code = """
import argparse
from torch.utils.data import DataLoader, TensorDataset

def main():
    options = argparse.ArgumentParser()
    options.add_argument("--lr", type=float)
    lr = options.parse_args().lr
    data = TensorDataset(torch.randn(4, 3), torch.randn(4, 1))
    model = nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for x, t in DataLoader(data, batch_size=2, num_workers=1, multiprocessing_context="spawn"):
        optimizer.zero_grad()
        (model(x) - t).square().mean().backward()
        optimizer.step()
    print("done")

if __name__ == "__main__":
    main()
"""
    ran = Ran(tmp_path, BEGIN + code, arguments=("--lr", "0"))

    assert ran.out == "done\n"
    assert ran.err.startswith(
        "sgdexplained: step 1, of SGD:\n4 of 4 do not move: 4 with learning rate"
    )
    assert ran.err.count("sgdexplained") == 1
