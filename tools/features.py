"""Do item features help? `python tools/features.py --data DIR --name uci` writes nbs/results/features-NAME.json."""
import argparse
import json
import os
import sys
from datetime import date

import torch

from record import TOP, short
from sessrec.baselines import Cooccurrence, MarkovChain, Popularity, STAN
from sessrec.evaluation import evaluate, paired_test, ranks
from sessrec.feature_rnn import FeatureRNN, gain_by_clicks
from sessrec.preprocessing import load
from sessrec.sessions import replacing

FORMS = {"ids only": None, "with features": {}, "one-hot": {"one_hot": True}, "own memories": {"joint": False},
         "in turn": {"alternate": 50}}


def run(data, seeds, plan):
    "A row for each form and seed, each compared with the network over ids alone of the same seed; rare targets for the first seed."
    rows, by_clicks = [], None
    for seed in range(seeds):
        base = None
        for form, arguments in FORMS.items():
            model = FeatureRNN(data.train.n_items) if arguments is None else FeatureRNN.for_catalogue(data.catalogue, **arguments)
            model.fit(data.train, data.valid, seed=seed, **plan)
            found = ranks(model, data.test)
            row   = evaluate(model, data.test, ranks=found)
            base  = found if base is None else base
            test  = None if arguments is None else {k: v for k, v in paired_test(found, base, data.test).items() if k in ("difference", "low", "high", "p")}
            if form == "with features" and by_clicks is None: by_clicks = gain_by_clicks(found, base, data.test, data.train).T.to_dict()
            rows.append({"form": form, "seed": seed, **{k: row[k] for k in ("recall@20", "recall@20_low", "recall@20_high", "mrr@20", "n_cases")}, "against_ids": test})
            print(form, seed, f"{100 * row['recall@20']:.2f}", test, file=sys.stderr)
    return rows, by_clicks


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--name", required=True, help="of the data, in the file's name")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--lr", type=float, default=.01)
    words = parser.parse_args()
    data, plan = load(words.data), {"epochs": words.epochs, "lr": words.lr, "batch_size": 256, "valid_sessions": 1000}
    rows, by_clicks = run(data, words.seeds, plan)
    baselines = {m.name: {k: v for k, v in evaluate(m.fit(data.train, data.valid), data.test).items() if k.startswith(("recall@20", "mrr@20"))}
                 for m in (Popularity(), MarkovChain(), Cooccurrence(), STAN())}
    found  = short({"plan": plan, "machine": f"{os.cpu_count()} cores, torch {torch.__version__}", "date": date.today().isoformat(), "baselines": baselines,
                    "rows": rows, "by_clicks": by_clicks})
    target = TOP/"nbs"/"results"/f"features-{words.name}.json"
    with replacing(target) as tmp: tmp.write_text(json.dumps(found, indent=1) + "\n")
    print(target)
