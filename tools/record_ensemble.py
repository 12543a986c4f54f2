"""Choose an ensemble on validation sessions and record it on the test sessions.

`python tools/record_ensemble.py --data DIR --name diginetica --valid CKPT… --final CKPT…` writes
nbs/results/ensemble-NAME.json.
"""
import argparse
import json
import os

import torch

from record import TOP, command_of, paired, row_against, short
from sessrec import __version__
from sessrec.course.runner import machine
from sessrec.data.files import replacing
from sessrec.data.prepared import load
from sessrec.leaderboard import every_mix
from sessrec.metrics.protocol import gain
from sessrec.metrics.rank import ranks
from sessrec.models.choose import load_model
from sessrec.models.counting import Cooccurrence
from sessrec.models.ensemble import Ensemble
from sessrec.train.callbacks.log import read_log

VALID = "networks trained on the training sessions only; the ensemble is chosen from these and co-occurrence"
FINAL = "the same networks, trained on the training and validation sessions"


def named(checkpoints, data): return {m.name: m for m in (load_model(c, data) for c in checkpoints)}

def quality(model_ranks): return {m: float(gain(model_ranks, m).mean()) for m in ("recall@20", "mrr@20")}


def options():
    "Return the parser and the parsed command line."
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--name", required=True, help="name of the data, part of the file's name")
    parser.add_argument("--valid", nargs="+", required=True, help=VALID)
    parser.add_argument("--final", nargs="+", required=True, help=FINAL)
    parser.add_argument("--sessions", type=int, default=5000,
                        help="number of latest validation sessions used to choose (default: %(default)s)")
    return parser, parser.parse_args()


def check(parser, args, data):
    "Exit with an error if the checkpoints cannot be compared."
    for part in ("valid", "final"):
        names = [load_model(c, data).name for c in getattr(args, part)]
        if len(set(names)) < len(names):
            parser.error(f"--{part} has two checkpoints of the same network: {', '.join(names)}")
    for c in args.valid:
        if "valid loss" not in read_log(c): parser.error(f"{c} was trained on the validation sessions, too (--whole)")


def choices(models, judges):
    "Evaluate every combination of the models on the sessions `judges`, the best first."
    rows = []
    for by in ("scores", "ranks"):
        for mix, mix_ranks in every_mix(models, judges, by).items():
            if by == "scores" or len(mix) > 1: rows.append({"members": " + ".join(mix), "by": by} | quality(mix_ranks))
    return sorted(rows, key=lambda r: -r["recall@20"])


def main():
    parser, args = options()
    data = load(args.data)
    check(parser, args, data)
    judges = data.valid[max(0, len(data.valid) - args.sessions):]
    first  = named(args.valid, data) | {"cooccurrence": Cooccurrence().fit(data.train)}
    last   = named(args.final, data) | {"cooccurrence": Cooccurrence().fit(data.train, data.valid)}
    if set(first) != set(last): parser.error(f"--valid has {', '.join(first)}, --final has {', '.join(last)}")
    rows   = choices(first, judges)
    chosen = rows[0]["members"].split(" + ")
    model  = Ensemble([last[n] for n in chosen], rows[0]["by"])
    alone  = {name: ranks(m, data.test) for name, m in last.items()}
    model_ranks = ranks(model, data.test)
    test   = row_against(model, model_ranks, "cooccurrence", alone["cooccurrence"], data)
    versus = {name: paired(model_ranks, alone[name], data) for name in chosen if name != "cooccurrence"}
    logs   = {part: [read_log(c) for c in getattr(args, part)] for part in ("valid", "final")}
    took   = [log["seconds"].dropna().iloc[-1] for log, name in zip(logs["final"], last) if name in chosen]
    made   = f"python tools/record_ensemble.py --data DATA --name {args.name} --valid CKPT… --final CKPT…"
    report = {"model": "ensemble", "command": made,
              "checkpoints": {part: list(map(command_of, of_part)) for part, of_part in logs.items()},
              "members": chosen, "by": rows[0]["by"], "choices": rows,
              "judged on": {"sessions": len(judges), "cases": int(len(judges.cases()[0]))}}
    report |= {"test": test, "versus": versus, "minutes": sum(took) / 60,
               "versions": {"sessrec": __version__, "torch": torch.__version__},
               "machine": f"{os.cpu_count()} cores, cpu, torch {torch.__version__}", "date": machine("cpu")["date"]}
    target = TOP/"nbs"/"results"/f"ensemble-{args.name}.json"
    with replacing(target) as tmp: tmp.write_text(json.dumps(short(report), indent=1) + "\n")
    print(target)


if __name__ == "__main__": main()
