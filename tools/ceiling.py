"""How near a network comes to the best possible answer when the generated shop has more visitors: `python tools/ceiling.py sasrec --out DIR` writes nbs/results/ceiling-sasrec.json; run again, it goes on where it stopped."""
import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np
import torch

from sessrec import __version__
from sessrec.baselines import Cooccurrence
from sessrec.course import machine
from sessrec.evaluation import by_label, evaluate, ranks, share_of
from sessrec.leaderboard import load_model, new_network
from sessrec.preprocessing import prepared
from sessrec.sessions import Sessions, replacing
from sessrec.synthetic import DAY, START, Oracle, generate, load_shop, rules_of
from sessrec.training import fit, read_log

TOP = Path(__file__).resolve().parent.parent


def more_sessions(data, n_sessions):
    "Sessions of a larger log of the same shop, from before the first test day."
    _, events, _ = generate(n_sessions=n_sessions)
    log  = Sessions.from_events(events.astype({"item_id": data.catalogue.raw_id.dtype}), data.catalogue)
    last = (data.test.start_times.min() - START) // DAY
    return log[np.flatnonzero(((log.start_times - START) // DAY < last) & (log.lengths > 1))]


def judged(model, data, best):
    "A model's figures on the lesson's test sessions, and by rule."
    found, rules = ranks(model, data.test), np.asarray(rules_of(data.test))
    row, share   = evaluate(model, data.test, ranks=found), share_of(found, best, data.test)
    by_rule      = {rule: round(float(r), 4) for rule, r in by_label(found, data.test, rules)["recall@20"].items()}
    session, position = data.test.cases()
    targets = data.test.targets(session, position)
    again   = np.flatnonzero(rules == "repeat")             # a click of the session comes again: the one of how many clicks ago?
    ago     = np.array([1 + np.flatnonzero(data.test[s][:p][::-1] == t)[0] for s, p, t in zip(session[again], position[again], targets[again])])
    by_ago  = {str(n) if n < 6 else "6 or more": round(float((found[again][np.minimum(ago, 6) == n] <= 20).mean()), 4) for n in range(1, 7)}
    return {"model": model.name, **{k: round(row[k], 4) for k in ("recall@20", "mrr@20")}, **{k: round(float(share[k]), 4) for k in ("share", "low", "high")}, "by rule": by_rule, "repeats, by clicks ago": by_ago}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="a name of sessrec.leaderboard.NETWORKS")
    parser.add_argument("--out", required=True, type=Path, help="where the checkpoints go, a folder for each run")
    parser.add_argument("--runs", nargs="+", default=["100000:5", "300000:2", "1000000:5"], help="sessions of the log, a colon, epochs (%(default)s)")
    parser.add_argument("--set", nargs="*", default=["hidden_size=256", "dropout=0.0", "scale=null", "n_heads=4", "identity=true", "copies=false"], metavar="NAME=VALUE", help="arguments of the network, as JSON (%(default)s)")
    parser.add_argument("--name", help="in the file's name (the model's)")
    parser.add_argument("--lr", type=float, default=.002)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--precision", default="bf16")
    words  = parser.parse_args()
    sizes  = {k: json.loads(v) for k, v in (s.split("=", 1) for s in words.set)}
    data   = prepared("generated")
    oracle = Oracle(load_shop()).fit(data.train)
    best   = ranks(oracle, data.test)
    points = []
    for run in words.runs:
        n, epochs = map(int, run.split(":"))
        train, folder = more_sessions(data, n), words.out/f"{words.model}-{n}"
        fit(new_network(words.model, data.catalogue, **sizes), train, data.valid, out=folder, resume=folder.exists(), device="cpu", epochs=epochs, lr=words.lr,
            batch_size=words.batch_size, precision=words.precision, patience=99, valid_sessions=2000)
        log, about = read_log(folder), {"log": n, "sessions": len(train), "cases": int(len(train.cases()[0])), "epochs": epochs}
        points.append(about | judged(load_model(folder, data), data, best) | {"minutes": round(log["seconds"].dropna().iloc[-1] / 60, 1)})
        points.append(about | judged(Cooccurrence().fit(train), data, best))
        print(json.dumps(points[-2:]), file=sys.stderr)
    about  = machine("cpu")
    made   = f"python tools/ceiling.py {words.model} --out DIR --runs {' '.join(words.runs)} --set {' '.join(words.set)} --lr {words.lr} --batch-size {words.batch_size} --precision {words.precision}" + (f" --name {words.name}" if words.name else "")
    found  = {"command": made, "points": points, "oracle": judged(oracle, data, best), "config": sizes, "plan": {"lr": words.lr, "batch_size": words.batch_size, "precision": words.precision},
              "versions": {"sessrec": __version__, "torch": torch.__version__}, "machine": f"{os.cpu_count()} cores, torch {torch.__version__}", "date": about["date"]}
    target = TOP/"nbs"/"results"/f"ceiling-{words.name or words.model}.json"
    with replacing(target) as tmp: tmp.write_text(json.dumps(found, indent=1) + "\n")
    print(target)
