"""Measure whether item features help: `python tools/features.py --data DIR --name uci` writes features-uci.json.

The file goes to nbs/results.
"""
import argparse
import json
import os
import sys
from datetime import date

import torch

from record import TOP, paired, short
from sessrec.data.files import replacing
from sessrec.data.prepared import load
from sessrec.metrics.evaluate import evaluate
from sessrec.metrics.rank import ranks
from sessrec.models.counting import STAN, Cooccurrence, MarkovChain, Popularity
from sessrec.models.feature_rnn import FeatureRNN
from sessrec.plots.features import gain_by_clicks

FORMS: dict[str, dict|None] = {"ids only": None, "with features": {}, "one-hot": {"one_hot": True},
                               "own memories": {"joint": False}, "in turn": {"alternate": 50}}
FIGURES = ("recall@20", "recall@20_low", "recall@20_high", "mrr@20", "n_cases")


def network(form, data):
    "Create a new network of one of the `FORMS`."
    arguments = FORMS[form]
    if arguments is None: return FeatureRNN(data.train.n_items)
    return FeatureRNN.for_catalogue(data.catalogue, **arguments)


def run(data, seeds, plan):
    """Return one row per form and seed, each compared with the ids-only network of the same seed, and, for the first
    seed, the gain by the target's number of training clicks."""
    rows, by_clicks = [], None
    for seed in range(seeds):
        base = None
        for form in FORMS:
            model       = network(form, data).fit(data.train, data.valid, seed=seed, **plan)
            model_ranks = ranks(model, data.test)
            row         = evaluate(model, data.test, ranks=model_ranks)
            test        = None if base is None else paired(model_ranks, base, data)
            if base is None: base = model_ranks                     # "ids only" comes first
            if form == "with features" and by_clicks is None:
                by_clicks = gain_by_clicks(model_ranks, base, data.test, data.train).T.to_dict()
            rows.append({"form": form, "seed": seed, **{k: row[k] for k in FIGURES}, "against_ids": test})
            print(form, seed, f"{100 * row['recall@20']:.2f}", test, file=sys.stderr)
    return rows, by_clicks


def baselines(data):
    "Compute Recall and MRR of the baselines."
    models = [m.fit(data.train, data.valid) for m in (Popularity(), MarkovChain(), Cooccurrence(), STAN())]
    rows   = {m.name: evaluate(m, data.test) for m in models}
    return {name: {k: v for k, v in row.items() if k.startswith(("recall@20", "mrr@20"))} for name, row in rows.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--name", required=True, help="name of the data, part of the file's name")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--lr", type=float, default=.01)
    args = parser.parse_args()
    data, plan = load(args.data), {"epochs": args.epochs, "lr": args.lr, "batch_size": 256, "valid_sessions": 1000}
    rows, by_clicks = run(data, args.seeds, plan)
    report = {"plan": plan, "machine": f"{os.cpu_count()} cores, torch {torch.__version__}",
              "date": date.today().isoformat(), "baselines": baselines(data), "rows": rows, "by_clicks": by_clicks}
    target = TOP/"nbs"/"results"/f"features-{args.name}.json"
    with replacing(target) as tmp: tmp.write_text(json.dumps(short(report), indent=1) + "\n")
    print(target)


if __name__ == "__main__": main()
