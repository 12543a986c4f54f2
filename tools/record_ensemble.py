"""Choose an ensemble on validation sessions and record it on the test sessions: `python tools/record_ensemble.py --data DIR --name diginetica --valid CKPT… --final CKPT…` writes nbs/results/ensemble-NAME.json."""
import argparse
import json
import os
from pathlib import Path

import torch

from sessrec import __version__
from sessrec.baselines import Cooccurrence
from sessrec.course import machine
from sessrec.evaluation import evaluate, gain, paired_test, ranks
from sessrec.leaderboard import Ensemble, every_mix, load_model
from sessrec.preprocessing import load
from sessrec.sessions import replacing
from sessrec.training import read_log
from record import TOP, command_of, short


def named(checkpoints, data): return {m.name: m for m in (load_model(c, data) for c in checkpoints)}

def worth(found): return {m: float(gain(found, m).mean()) for m in ("recall@20", "mrr@20")}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--name", required=True, help="of the data, in the file's name")
    parser.add_argument("--valid", nargs="+", required=True, help="checkpoints of networks that learnt from the training sessions only; the choice is made among them and co-occurrence")
    parser.add_argument("--final", nargs="+", required=True, help="the same networks, trained with the validation sessions, too")
    parser.add_argument("--sessions", type=int, default=5000, help="validation sessions that judge, the latest (%(default)s)")
    words  = parser.parse_args()
    data   = load(words.data)
    for part in ("valid", "final"):
        names = [load_model(c, data).name for c in getattr(words, part)]
        if len(set(names)) < len(names): parser.error(f"--{part} has two checkpoints of one network: {', '.join(names)}")
    for c in words.valid:
        if "valid loss" not in read_log(c): parser.error(f"{c} has learnt from the validation sessions (--whole)")
    judges = data.valid[max(0, len(data.valid) - words.sessions):]
    first  = named(words.valid, data) | {"cooccurrence": Cooccurrence().fit(data.train)}
    last   = named(words.final, data) | {"cooccurrence": Cooccurrence().fit(data.train, data.valid)}
    if set(first) != set(last): parser.error(f"--valid has {', '.join(first)}, --final has {', '.join(last)}")
    rows   = [{"members": " + ".join(mix), "by": by} | worth(found) for by in ("scores", "ranks") for mix, found in every_mix(first, judges, by).items() if by == "scores" or len(mix) > 1]
    rows   = sorted(rows, key=lambda r: -r["recall@20"])
    chosen = rows[0]["members"].split(" + ")
    model  = Ensemble([last[n] for n in chosen], rows[0]["by"])
    found  = ranks(model, data.test)
    alone  = {n: ranks(last[n], data.test) for n in last}
    paired = {n: {k: v for k, v in paired_test(found, r, data.test).items() if k in ("difference", "low", "high", "p")} for n, r in alone.items()}
    t      = paired["cooccurrence"]
    test   = evaluate(model, data.test, ranks=found) | {"against": "cooccurrence", "difference": t["difference"], "difference_low": t["low"], "difference_high": t["high"], "p": t["p"]}
    about  = machine("cpu")
    minutes = sum(read_log(c)["seconds"].dropna().iloc[-1] for c, n in zip(words.final, last) if n in chosen) / 60
    made   = f"python tools/record_ensemble.py --data DATA --name {words.name} --valid CKPT… --final CKPT…"
    report = short({"model": "ensemble", "command": made, "checkpoints": {part: [command_of(read_log(c)) for c in getattr(words, part)] for part in ("valid", "final")}, "members": chosen, "by": rows[0]["by"], "choices": rows, "judged on": {"sessions": len(judges), "cases": int(len(judges.cases()[0]))},
                    "test": test, "versus": {n: p for n, p in paired.items() if n in chosen and n != "cooccurrence"}, "minutes": minutes,
                    "versions": {"sessrec": __version__, "torch": torch.__version__}, "machine": f"{os.cpu_count()} cores, cpu, torch {torch.__version__}", "date": about["date"]})
    target = TOP/"nbs"/"results"/f"ensemble-{words.name}.json"
    with replacing(target) as tmp: tmp.write_text(json.dumps(report, indent=1) + "\n")
    print(target)
