"""Record a trained network for the lessons and the README: `python tools/record.py CKPT --data DIR --name diginetica` writes nbs/results/MODEL-NAME.json."""
import argparse
import json
import os
import sys
from pathlib import Path

import torch

from sessrec.baselines import Cooccurrence
from sessrec.course import machine
from sessrec.evaluation import evaluate, paired_test, ranks, shuffled
from sessrec.leaderboard import load_model
from sessrec.preprocessing import load
from sessrec.sessions import replacing
from sessrec.training import read_log

TOP = Path(__file__).resolve().parent.parent


def short(value):
    "Numbers with six digits after the point, so that the file stays small."
    if isinstance(value, dict): return {k: short(v) for k, v in value.items()}
    if isinstance(value, list): return [short(v) for v in value]
    return round(value, 6) if isinstance(value, float) else value


def command(config, plan, whole):
    "What made the run."
    said = [f"--{option} {config[key]}" for option, key in (("hidden", "hidden_size"), ("layers", "n_layers"), ("dropout", "dropout")) if key in config]
    said += [f"--{key.replace('_', '-')} {plan[key]}" for key in ("epochs", "batch_size", "lr", "patience", "precision", "average", "seed") if plan.get(key) is not None]
    said += [f"--set {k}={v if isinstance(v, str) else json.dumps(v)}" for k, v in config.items() if k not in ("name", "n_items", "hidden_size", "n_layers", "dropout") and (v is not None or k == "scale")]
    return f"sessrec train {config['name']} --data DATA --out CKPT {'--whole ' * whole}{' '.join(said)}"


def command_of(log):
    "The same, from the log of a run."
    start = log.iloc[0].dropna().to_dict()
    return command(start["model"], start["plan"], "valid loss" not in log)


def record(checkpoint, data, name, device="cpu", others=()):
    "Curve, test figures with the paired difference to the best baseline and to other checkpoints, what shuffling the clicks changes, and how they were made."
    model, log = load_model(checkpoint, data).to(device), read_log(checkpoint)
    if log["event"].iloc[-1] != "finished": sys.exit(f"{checkpoint}: the run is not finished; `sessrec train … --resume` ends it")
    start   = log.iloc[0].dropna().to_dict()
    history = [{k: v for k, v in row.items() if k not in ("event", "at")} for row in map(json.loads, (Path(checkpoint)/"log.jsonl").read_text().splitlines())
               if row["event"] == "epoch"]
    found, best = ranks(model, data.test), Cooccurrence().fit(data.train, data.valid)
    test = paired_test(found, ranks(best, data.test), data.test)
    row  = evaluate(model, data.test, ranks=found) | {"against": best.name, "difference": test["difference"], "difference_low": test["low"],
                                                      "difference_high": test["high"], "p": test["p"]}
    def paired(a, b): return {k: v for k, v in paired_test(a, b, data.test).items() if k in ("difference", "low", "high", "p")}
    others = [load_model(o, data).to(device) for o in others]
    versus = {o.name: paired(found, ranks(o, data.test)) for o in others}
    orders = {"all but the last": shuffled(model, keep_last=True), "all": shuffled(model)}
    about  = machine(device)
    return short({"model": model.name, "command": f"{command_of(log)} && python tools/record.py CKPT --data DATA --name {name}", "config": start["model"], "plan": start["plan"], "parameters": model.n_parameters, "versions": start["versions"],
                  "machine": f"{os.cpu_count()} cores, {start['device']}, torch {torch.__version__}", "date": about["date"],
                  "minutes": history[-1]["seconds"] / 60, "cases": start["cases"], "history": history, "test": row,
                  "versus": versus, "shuffled": {what: paired(ranks(asked, data.test), found) for what, asked in orders.items()}})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint")
    parser.add_argument("--data", required=True)
    parser.add_argument("--name", required=True, help="of the data, in the file's name")
    parser.add_argument("--against", nargs="*", default=[], help="other checkpoints on the same data, compared case by case")
    words  = parser.parse_args()
    found  = record(words.checkpoint, load(words.data), words.name, others=words.against)
    target = TOP/"nbs"/"results"/f"{found['model']}-{words.name}.json"
    with replacing(target) as tmp: tmp.write_text(json.dumps(found, indent=1) + "\n")
    print(target)
