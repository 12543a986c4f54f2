"""How fast a network of ours trains beside RecBole's of the same name and sizes: cases a second, on the same sessions, turn by turn."""
import argparse
import importlib
import inspect
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

TOP     = Path(__file__).resolve().parent.parent
PINS    = ["torch==2.13.0"], ["recbole==1.2.1", "numpy<2"]      # RecBole 1.2.1 uses np.float_ and the like, which numpy 2 has not
MAX_LEN = 50                                                    # clicks that a network sees, here and there
SKIP    = 3                                                     # steps before each measurement that do not count


def _transformer(s):
    return dict(n_layers=s["n_layers"], n_heads=s["n_heads"], inner_size=4 * s["hidden"], hidden_dropout_prob=s["dropout"], attn_dropout_prob=s["dropout"])

PEERS = {       # RecBole's names for the sizes of our network
    "GRU4Rec":  lambda s: dict(num_layers=s["n_layers"], dropout_prob=s["dropout"]),
    "NARM":     lambda s: dict(n_layers=s["n_layers"], dropout_probs=[s["dropout"]] * 2),
    "SRGNN":    lambda s: dict(step=1),
    "SASRec":   _transformer,
    "BERT4Rec": lambda s: dict(_transformer(s), mask_ratio=.2, transform="mask_itemseq"),
}


# ---- the two children: each sets up once, then answers every line on standard input with the measurement of some steps

def network_of(name):
    "The class of a network: a name of the leaderboard's, or `module:Class`."
    if ":" in name: return getattr(importlib.import_module(name.split(":")[0]), name.split(":")[1])
    networks = getattr(importlib.import_module("sessrec.leaderboard"), "NETWORKS", {})
    if name not in networks: raise ValueError(f"sessrec.leaderboard.NETWORKS has no {name!r}, only {', '.join(networks) or 'nothing'}; module:Class works too")
    return networks[name]

def write_atomic(sessions, n_items, path):
    "The sessions as RecBole's `.inter`. Its times are 32-bit floats, too coarse for unix seconds: a click's place in its session stands for the time."
    import numpy as np
    import pandas as pd
    session = np.repeat(np.arange(len(sessions)), sessions.lengths)
    place   = np.arange(len(session)) - sessions.offsets[session]
    table   = pd.DataFrame({"session_id:token": session, "item_id:token": sessions.items, "timestamp:float": place})[sessions.items > 0]
    missing = np.setdiff1d(np.arange(1, n_items + 1), sessions.items)       # sessions of one click: no case, but the item is in RecBole's catalogue
    more    = pd.DataFrame({"session_id:token": len(sessions) + np.arange(len(missing)), "item_id:token": missing, "timestamp:float": 0})
    pd.concat([table, more]).to_csv(path, sep="\t", index=False)

def ours(job):
    "Our side: `Batches`, and the lines of `sessrec.training.fit`. First gives the facts, then the measuring function."
    import numpy as np
    import torch
    from sessrec.preprocessing import load
    from sessrec.training import Batches, like_lengths
    torch.set_num_threads(job["threads"])
    train, make = load(job["data"]).train, network_of(job["model"])
    if not len(train): raise ValueError(f"{job['data']} holds no training sessions")
    known = inspect.signature(make.__init__).parameters
    torch.manual_seed(0)
    model = make(train.n_items, **{k: job["hidden"] for k in ("hidden_size", "embedding_dim") if k in known})
    plan, optimizer = model.plan, torch.optim.AdamW(model.parameters(), lr=model.plan.lr, weight_decay=model.plan.weight_decay, fused=True)
    model.train()
    size    = {k: known[k].default if k in known else 1 for k in ("n_layers", "n_heads")}
    size   |= {"hidden": job["hidden"], "dropout": next((m.p for m in model.modules() if isinstance(m, torch.nn.Dropout)), 0.)}
    whole   = Batches(train, job["batch_size"], model.max_len, model.form)
    rows    = {"cases": max(1, round(job["batch_size"] * len(whole.start) / whole.n_cases)), "sessions": job["batch_size"]}
    batches = {k: Batches(train, n, model.max_len, model.form) for k, n in rows.items()}
    order   = {k: sorted(like_lengths(b.length, b.batch_size, [0, 0]), key=lambda r: b.length[r].sum()) for k, b in batches.items()}
    rng     = np.random.default_rng(0)

    def some(setting, n):       # a batch holds sessions of like length, so a few at random are not like the epoch: take them evenly, from short to long
        cases, size = 0, len(order[setting])
        for i in rng.permutation(((np.arange(n) + rng.random()) * size / n).astype(int)):
            hidden, answers = model.asked(*batches[setting].gather(order[setting][i]))
            loss = model.loss(hidden, answers)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), plan.clip)
            optimizer.step()
            optimizer.zero_grad()
            loss.item()
            cases += len(answers)
        return cases

    if job["model_max_len"] != model.max_len: raise ValueError(f"{job['model']} looks at {model.max_len} clicks, RecBole's at {job['model_max_len']}")
    write_atomic(train, train.n_items, job["atomic"])
    yield {"n_items": train.n_items, "n_cases": whole.n_cases, "rows": rows, "size": size, "torch": torch.__version__,
           "parameters": sum(p.numel() for p in model.parameters())}
    yield some

def recbole(job):
    "RecBole's side: its own data set, loader, model and trainer."
    import torch
    import recbole as package
    from recbole.config import Config
    from recbole.data import create_dataset, data_preparation
    from recbole.utils import get_model, get_trainer, init_seed
    torch.set_num_threads(job["threads"])
    size, part = job["size"], max(.001, 20 / job["n_cases"])
    config = Config(model=job["peer"], dataset="sessions", config_dict={
        "data_path": os.getcwd(), "USER_ID_FIELD": "session_id", "ITEM_ID_FIELD": "item_id", "TIME_FIELD": "timestamp",
        "load_col": {"inter": ["session_id", "item_id", "timestamp"]}, "MAX_ITEM_LIST_LENGTH": MAX_LEN,
        "loss_type": "CE", "train_neg_sample_args": None, "train_batch_size": job["batch_size"], "use_gpu": False, "state": "ERROR", "show_progress": False,
        "eval_args": {"split": {"RS": [1 - 2 * part, part, part]}, "group_by": "none", "order": "TO", "mode": "full"},      # the deepest clicks do not train
        "embedding_size": size["hidden"], "hidden_size": size["hidden"], **PEERS[job["peer"]](size)})
    init_seed(config["seed"], config["reproducibility"])
    dataset   = create_dataset(config)
    loader, *_ = data_preparation(config, dataset)
    model     = get_model(config["model"])(config, loader._dataset)
    trainer   = get_trainer(config["MODEL_TYPE"], config["model"])(config, model)
    source    = (b for _ in itertools.count() for b in loader)

    def some(setting, n):
        cases = 0
        def counted():
            nonlocal cases
            for b in itertools.islice(source, n):
                cases += int((b["MASK_INDEX"] > 0).sum()) if "MASK_INDEX" in b.interaction else len(b)
                yield b
        trainer._train_epoch(counted(), 0)
        return cases

    yield {"n_items": dataset.item_num - 1, "n_cases": loader.sample_size, "recbole": package.__version__, "torch": torch.__version__,
           "parameters": sum(p.numel() for p in model.parameters())}
    yield some

def child(side):
    "Talk with the parent: JSON lines in and out; whatever a library prints goes to standard error."
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    tell = lambda x: print(json.dumps(x), file=out)
    sys.argv, sys.path[0] = sys.argv[:1], str(TOP)      # RecBole reads the command line; tools/ hides no package
    try:
        setup = {"ours": ours, "recbole": recbole}[side](json.loads(sys.stdin.readline()))
        tell(next(setup))
        some  = next(setup)
        for line in sys.stdin:
            setting, steps = json.loads(line)
            some(setting, SKIP)
            start = perf_counter()
            cases = some(setting, steps)
            tell({"cases_a_second": cases / (perf_counter() - start), "cases_a_step": cases / steps})
    except Exception as e: tell({"error": f"{type(e).__name__}: {e}"})


# ---- the parent

class Side:
    "A child process, and the last line that it said when it fails."
    def __init__(self, name, python, job, folder):
        self.name, self.said = name, Path(folder)/f"{name}.log"
        env = {k: v for k, v in os.environ.items() if name == "ours" or k not in ("PYTHONPATH", "PYTHONHOME")}
        with open(self.said, "w") as log:
            self.process = subprocess.Popen([python, __file__, "--child", name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                                            env=env, cwd=None if name == "ours" else folder)
        try: self.facts = self.ask(job)
        except BaseException: self.close(); raise

    def ask(self, what):
        try: print(json.dumps(what), file=self.process.stdin, flush=True)
        except BrokenPipeError: pass
        line = self.process.stdout.readline()
        if not line:
            said = self.said.read_text(errors="replace").strip().splitlines()
            raise ValueError(f"{self.name} ended with exit code {self.process.wait()}: {said[-1] if said else 'without a word'}")
        answer = json.loads(line)
        if "error" in answer: raise ValueError(f"{self.name}: {' '.join(answer['error'].split())}")
        return answer

    def close(self):
        self.process.kill()
        self.process.communicate()

def make_env(folder):
    "RecBole's own environment, made if there is none; gives its Python."
    python, is_new = folder/"bin"/"python", not folder.exists()
    if python.exists(): return str(python)
    print(f"making RecBole's environment in {folder} …", file=sys.stderr)
    for words in ([sys.executable, "-m", "venv", folder], *([python, "-m", "pip", "install", "--quiet", *pins] for pins in PINS)):
        done = subprocess.run(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if not done.returncode: continue
        if is_new: shutil.rmtree(folder, ignore_errors=True)
        raise ValueError(f"RecBole's environment cannot be made in {folder}: {(done.stdout.strip().splitlines() or ['without a word'])[-1]}")
    return str(python)

def same(a, b):
    "Do both sides learn the same cases of the same items?"
    if a["n_items"] != b["n_items"]: raise ValueError(f"RecBole has {b['n_items']} items, we have {a['n_items']}")
    lost = a["n_cases"] - b["n_cases"]
    if not 0 <= lost <= max(100, .01 * a["n_cases"]): raise ValueError(f"RecBole trains on {b['n_cases']} cases, we train on {a['n_cases']}")

def bench(o):
    "All rounds; in each, ours and RecBole's take turns, once for each of our two batch sizes."
    if o.peer_model not in PEERS: raise ValueError(f"there are no sizes for RecBole's {o.peer_model!r}; known are {', '.join(PEERS)}")
    for name in ("hidden", "batch_size", "steps", "rounds"):
        if getattr(o, name) < 1: raise ValueError(f"--{name.replace('_', '-')} must be 1 or more, got {getattr(o, name)}")
    if not Path(o.data).is_dir(): raise ValueError(f"{o.data}: no such folder; `sessrec prepare` writes it")
    python = make_env(Path(o.env).absolute())
    shared = {"threads": os.cpu_count(), "hidden": o.hidden, "batch_size": o.batch_size}
    sides  = []
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder)/"sessions").mkdir()
        try:
            sides.append(Side("ours", sys.executable, shared | {"data": o.data, "model": o.model, "model_max_len": MAX_LEN,
                                                                "atomic": str(Path(folder)/"sessions"/"sessions.inter")}, folder))
            us = sides[0].facts
            print("RecBole turns the sessions into cases …", file=sys.stderr)
            sides.append(Side("recbole", python, shared | {"peer": o.peer_model, "size": us["size"], "n_cases": us["n_cases"]}, folder))
            them = sides[1].facts
            same(us, them)
            rounds = []
            for _ in range(o.rounds):
                row = {}
                for setting in ("cases", "sessions"):
                    a, b  = (s.ask([setting, o.steps]) for s in sides)
                    row |= {f"ours_{setting}": a["cases_a_second"], f"peer_{setting}": b["cases_a_second"],
                            f"ratio_{setting}": a["cases_a_second"] / b["cases_a_second"],
                            f"ours_{setting}_a_step": a["cases_a_step"], f"peer_{setting}_a_step": b["cases_a_step"]}
                rounds.append(row)
                print(f"round {len(rounds)} of {o.rounds} done", file=sys.stderr)
        finally:
            for s in sides: s.close()
    return {"model": o.model, "peer": o.peer_model, "recbole": them["recbole"], "torch": us["torch"], "peer_torch": them["torch"], "hidden": o.hidden,
            "n_items": us["n_items"], "threads": shared["threads"], "batch_size": o.batch_size, "steps": o.steps, "dropout": us["size"]["dropout"],
            "parameters": us["parameters"], "peer_parameters": them["parameters"], "rows": us["rows"], "rounds": rounds,
            **{f"ratio_{s}_{o.batch_size}": median(r[f"ratio_{s}"] for r in rounds) for s in ("cases", "sessions")}}

def as_text(found):
    "The findings as a small table."
    n, rows = found["batch_size"], found["rows"]
    lines = [f"{found['model']} (torch {found['torch']}, {found['parameters']:,} parameters) and RecBole {found['recbole']}'s {found['peer']} "
             f"(torch {found['peer_torch']}, {found['peer_parameters']:,})",
             f"hidden size {found['hidden']}, {found['n_items']:,} items, {found['threads']} threads, {found['steps']} steps a time; cases a second", ""]
    heads = {"cases": f"{n} cases a step ({rows['cases']} rows)", "sessions": f"{n} sessions a step ({rows['sessions']} rows)"}
    lines += [f"{'':8}" + "".join(f"{h:^34}" for h in heads.values()).rstrip(), f"{'round':8}" + f"{'ours':>10}{'RecBole':>12}{'ratio':>8}    " * 2]
    for i, r in enumerate(found["rounds"], 1):
        lines.append(f"{i:<8}" + "".join(f"{r[f'ours_{s}']:>10,.0f}{r[f'peer_{s}']:>12,.0f}{r[f'ratio_{s}']:>8.2f}    " for s in heads))
    return "\n".join(s.rstrip() for s in [*lines, f"{'median':8}" + "".join(f"{found[f'ratio_{s}_{n}']:>30.2f}    " for s in heads)])

def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--data", required=True, help="a folder that `sessrec prepare` wrote")
    p.add_argument("--env", required=True, help="RecBole's own environment, made if there is none")
    p.add_argument("--model", default="lstm", help="one of sessrec.leaderboard.NETWORKS, or module:Class")
    p.add_argument("--peer-model", default="GRU4Rec", help=f"RecBole's: {', '.join(PEERS)}")
    for name, default, what in [("hidden", 100, "size of item vectors and states"), ("batch-size", 512, "cases of a step; in our second setting, sessions"),
                                ("steps", 30, f"of a measurement, after {SKIP} that do not count"), ("rounds", 3, "of all measurements")]:
        p.add_argument(f"--{name}", type=int, default=default, help=f"{what} (%(default)s)")
    p.add_argument("--json", action="store_true", help="one JSON document instead of the table")
    o = p.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench_peer: terminated"))      # the children end and the temporary folder goes
    try: found = bench(o)
    except (ValueError, OSError) as e: sys.exit(f"bench_peer: {e}")
    except KeyboardInterrupt: sys.exit("bench_peer: interrupted")
    print(json.dumps(found, indent=1) if o.json else as_text(found))


if __name__ == "__main__": child(sys.argv[2]) if sys.argv[1:2] == ["--child"] else main()
