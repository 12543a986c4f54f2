"""Measure how close a network gets to the oracle when it trains on more sessions of the larger generated shop.

`python tools/ceiling.py sasrec --out DIR` writes nbs/results/ceiling-sasrec.json; an interrupted run is resumed when
the command is repeated.
"""
import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np
import torch

from sessrec import __version__
from sessrec.course.runner import machine
from sessrec.data.files import replacing
from sessrec.data.prepare import prepared
from sessrec.data.sessions import Sessions
from sessrec.metrics.evaluate import evaluate
from sessrec.metrics.protocol import share_of
from sessrec.metrics.rank import ranks
from sessrec.metrics.slices import by_label
from sessrec.models.choose import load_model, new_network
from sessrec.models.counting import Cooccurrence
from sessrec.shop.generate import DAY, START, generate
from sessrec.shop.oracle import Oracle
from sessrec.shop.reader import LARGE, large_folder, load_shop, rules_of
from sessrec.train.callbacks.log import read_log
from sessrec.train.loop import fit

TOP  = Path(__file__).resolve().parent.parent
RUNS = ["100000:5", "300000:2", "1000000:5"]
SET  = ["hidden_size=256", "dropout=0.0", "scale=null", "n_heads=4", "identity=true", "copies=false"]


def more_sessions(data, n_sessions):
    "Generate a larger log of the same shop; return its sessions from before the first test day."
    _, events, _ = generate(**(LARGE | {"n_sessions": n_sessions}))
    log  = Sessions.from_events(events.astype({"item_id": data.catalogue.raw_id.dtype}), data.catalogue)
    days, test_days = ((np.asarray(s.start_times) - START) // DAY for s in (log, data.test))
    return log[np.flatnonzero((days < test_days.min()) & (log.lengths > 1))]


def rounded(row, *names): return {name: round(float(row[name]), 4) for name in names}


def clicks_ago(clicks, target):
    "Return how many clicks ago the target was last clicked; 1 is the last click."
    return 1 + np.flatnonzero(clicks[::-1] == target)[0]


def recall_of_repeats(model_ranks, sessions, rules):
    "Compute Recall@20 of repeated clicks, by how many clicks ago the item was last clicked."
    session, position = sessions.cases()
    targets = sessions.targets(session, position)
    repeats = np.flatnonzero(rules == "repeat")
    ago     = np.array([clicks_ago(sessions[session[i]][:position[i]], targets[i]) for i in repeats])
    hits    = model_ranks[repeats] <= 20
    groups  = {str(n) if n < 6 else "6 or more": hits[np.minimum(ago, 6) == n] for n in range(1, 7)}
    return {name: round(float(group.mean()), 4) for name, group in groups.items()}


def judged(model, data, best):
    "Evaluate a model on the lesson's test sessions: metrics, share of the oracle, and recall by rule."
    model_ranks, rules = ranks(model, data.test), np.asarray(rules_of(data.test, large_folder()))
    row     = evaluate(model, data.test, ranks=model_ranks)
    share   = share_of(model_ranks, best, data.test)
    by_rule = by_label(model_ranks, data.test, rules)["recall@20"]
    figures = rounded(row, "recall@20", "mrr@20") | rounded(share, "share", "low", "high")
    return {"model": model.name, **figures, "by rule": {rule: round(float(r), 4) for rule, r in by_rule.items()},
            "repeats, by clicks ago": recall_of_repeats(model_ranks, data.test, rules)}


def options():
    "Parse the command line."
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="name of a network, such as sasrec")
    parser.add_argument("--out", required=True, type=Path, help="folder for the checkpoints, one subfolder per run")
    parser.add_argument("--runs", nargs="+", default=RUNS, help="one or more SESSIONS:EPOCHS (default: %(default)s)")
    parser.add_argument("--set", nargs="*", default=SET, metavar="NAME=VALUE",
                        help="arguments of the network, values as JSON (default: %(default)s)")
    parser.add_argument("--name", help="name in the file's name (default: the model's)")
    parser.add_argument("--lr", type=float, default=.002)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--precision", default="bf16")
    return parser.parse_args()


def command(args):
    "Return the command that reproduces the file."
    words = f"{args.model} --out DIR --runs {' '.join(args.runs)} --set {' '.join(args.set)}"
    plan  = f"--lr {args.lr} --batch-size {args.batch_size} --precision {args.precision}"
    return f"python tools/ceiling.py {words} {plan}" + (f" --name {args.name}" if args.name else "")


def trained(args, sizes, data, n_sessions, epochs):
    "Train a network, resuming an interrupted run; return its training sessions, the network and its log."
    train, folder = more_sessions(data, n_sessions), args.out/f"{args.model}-{n_sessions}"
    fit(new_network(args.model, data.catalogue, **sizes), train, data.valid, out=folder, resume=folder.exists(),
        device="cpu", epochs=epochs, lr=args.lr, batch_size=args.batch_size, precision=args.precision, patience=99,
        valid_sessions=2000)
    return train, load_model(folder, data), read_log(folder)


def main():
    args   = options()
    sizes  = {k: json.loads(v) for k, v in (s.split("=", 1) for s in args.set)}
    data   = prepared("generated-large")
    oracle = Oracle(load_shop(large_folder())).fit(data.train)
    best   = ranks(oracle, data.test)
    points = []
    for run in args.runs:
        n, epochs = map(int, run.split(":"))
        train, model, log = trained(args, sizes, data, n, epochs)
        about   = {"log": n, "sessions": len(train), "cases": int(len(train.cases()[0])), "epochs": epochs}
        minutes = round(log["seconds"].dropna().iloc[-1] / 60, 1)
        points.append(about | judged(model, data, best) | {"minutes": minutes})
        points.append(about | judged(Cooccurrence().fit(train), data, best))
        print(json.dumps(points[-2:]), file=sys.stderr)
    report = {"command": command(args), "points": points, "oracle": judged(oracle, data, best), "config": sizes,
              "plan": {"lr": args.lr, "batch_size": args.batch_size, "precision": args.precision},
              "versions": {"sessrec": __version__, "torch": torch.__version__},
              "machine": f"{os.cpu_count()} cores, torch {torch.__version__}", "date": machine("cpu")["date"]}
    target = TOP/"nbs"/"results"/f"ceiling-{args.name or args.model}.json"
    with replacing(target) as tmp: tmp.write_text(json.dumps(report, indent=1) + "\n")
    print(target)


if __name__ == "__main__": main()
