"""Record a trained network for the lessons and the README.

`python tools/record.py CKPT --data DIR --name diginetica` writes nbs/results/MODEL-NAME.json.
"""
import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import torch

from sessrec.course.runner import machine
from sessrec.data.files import replacing
from sessrec.data.prepared import load
from sessrec.metrics.evaluate import evaluate
from sessrec.metrics.leaks import shuffled
from sessrec.metrics.protocol import paired_test
from sessrec.metrics.rank import ranks
from sessrec.models.choose import load_model
from sessrec.models.counting import Cooccurrence
from sessrec.train.callbacks.log import read_log

TOP     = Path(__file__).resolve().parent.parent
SIZES   = {"hidden_size": "hidden", "n_layers": "layers", "dropout": "dropout"}     # arguments with their own option
PLAN    = ("epochs", "batch_size", "lr", "patience", "precision", "average", "seed")
NOT_SET = {"name", "n_items", *SIZES}                                               # the others are given with --set


def short(value:Any) -> Any:
    "Round floats to six decimal places, to keep the file small."
    if isinstance(value, dict): return {k: short(v) for k, v in value.items()}
    if isinstance(value, list): return [short(v) for v in value]
    return round(value, 6) if isinstance(value, float) else value


def paired(ranks_a, ranks_b, data):
    "Compare A with B on the test cases: difference, interval and p-value."
    test = paired_test(ranks_a, ranks_b, data.test)
    return {k: test[k] for k in ("difference", "low", "high", "p")}


def row_against(model, model_ranks, other, other_ranks, data):
    "Evaluate `model` on the test cases, with the paired difference to another model."
    test = paired(model_ranks, other_ranks, data)
    return evaluate(model, data.test, ranks=model_ranks) | {
        "against": other, "difference": test["difference"], "difference_low": test["low"],
        "difference_high": test["high"], "p": test["p"]}


def command(config, plan, whole):
    "Return the command that reproduces a run."
    words = ["sessrec train", config["name"], "--data DATA --out CKPT"]
    if whole: words.append("--whole")
    words += [f"--{option} {config[key]}" for key, option in SIZES.items() if key in config]
    words += [f"--{key.replace('_', '-')} {plan[key]}" for key in PLAN if plan.get(key) is not None]
    for key, value in config.items():
        if key in NOT_SET or (value is None and key != "scale"): continue
        words.append(f"--set {key}={value if isinstance(value, str) else json.dumps(value)}")
    return " ".join(words)


def command_of(log):
    "Return the command that reproduces the run with this log."
    start = log.iloc[0].dropna().to_dict()
    return command(start["model"], start["plan"], "valid loss" not in log)


def history_of(checkpoint):
    "Read the log's rows of epochs."
    rows = map(json.loads, (Path(checkpoint)/"log.jsonl").read_text().splitlines())
    return [{k: v for k, v in row.items() if k not in ("event", "at")} for row in rows if row["event"] == "epoch"]


def record(checkpoint, data, name, device="cpu", others=()):
    """Build the report of a checkpoint: training history, test metrics, paired differences to the best baseline and to
    other checkpoints, the effect of shuffling the clicks, and how to reproduce it."""
    model, log = load_model(checkpoint, data).to(device), read_log(checkpoint)
    if log["event"].iloc[-1] != "finished":
        sys.exit(f"{checkpoint}: the run is not finished; continue it with `sessrec train … --resume`")
    start, history    = log.iloc[0].dropna().to_dict(), history_of(checkpoint)
    model_ranks, best = ranks(model, data.test), Cooccurrence().fit(data.train, data.valid)
    row    = row_against(model, model_ranks, best.name, ranks(best, data.test), data)
    models = [load_model(folder, data).to(device) for folder in others]
    versus = {other.name: paired(model_ranks, ranks(other, data.test), data) for other in models}
    orders = {"all but the last": shuffled(model, keep_last=True), "all": shuffled(model)}
    change = {what: paired(ranks(wrapped, data.test), model_ranks, data) for what, wrapped in orders.items()}
    made   = f"{command_of(log)} && python tools/record.py CKPT --data DATA --name {name}"
    report = {"model": model.name, "command": made, "config": start["model"], "plan": start["plan"],
              "parameters": model.n_parameters, "versions": start["versions"],
              "machine": f"{os.cpu_count()} cores, {start['device']}, torch {torch.__version__}",
              "date": machine(device)["date"], "minutes": history[-1]["seconds"] / 60, "cases": start["cases"]}
    return short(report | {"history": history, "test": row, "versus": versus, "shuffled": change})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint")
    parser.add_argument("--data", required=True)
    parser.add_argument("--name", required=True, help="name of the data, part of the file's name")
    parser.add_argument("--against", nargs="*", default=[], help="other checkpoints to compare with, case by case")
    args   = parser.parse_args()
    report = record(args.checkpoint, load(args.data), args.name, others=args.against)
    target = TOP/"nbs"/"results"/f"{report['model']}-{args.name}.json"
    with replacing(target) as tmp: tmp.write_text(json.dumps(report, indent=1) + "\n")
    print(target)


if __name__ == "__main__": main()
