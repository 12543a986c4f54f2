"""A script as a user of the library would write it. The tests check its types, with mypy and pyright, and run it."""
import random
import tempfile
from pathlib import Path

import sessrec
from sessrec import Sessions


def write_log(path: Path) -> None:
    "Write a click log in which visitors mostly move on to the next item."
    draw = random.Random(0)
    rows = ["session_id,item_id,timestamp"]
    for session in range(600):
        item, time = draw.randrange(40), 1_700_000_000 + 2_000 * session
        for click in range(draw.randint(2, 8)):
            rows.append(f"visit-{session},sku-{item:02},{time + 30 * click}")
            item = (item + draw.choice([1, 1, 1, 2, 5])) % 40
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def look_at_cases(sessions: Sessions) -> int:
    "Count the test cases: every prefix of every session is one."
    session, position = sessions.cases()
    targets = sessions.targets(session, position)
    batch = sessions.prefixes(session[:4], position[:4], max_len=10)
    assert batch.items.shape[0] == len(targets[:4]) == int(batch.mask.any(1).sum())
    return len(targets)


def main(folder: Path) -> None:
    write_log(folder / "clicks.csv")
    data = sessrec.prepare(f"csv:{folder / 'clicks.csv'}", min_support=1, out=folder / "prepared")
    print(data.train, look_at_cases(data.test), "test cases")

    counting = sessrec.fit_model("cooccurrence", data)
    network = sessrec.SASRec(data.catalogue.n_items, hidden_size=16)
    network.fit(data.train, data.valid, epochs=1, batch_size=64, device="cpu", progress=False)
    for model in (counting, network):
        row = sessrec.evaluate(model, data.test)
        print(f"{model.name}: Recall@20 {row['recall@20']:.1%}")

    network.save(folder / "sasrec")
    loaded = sessrec.load_model(folder / "sasrec", data)
    top = loaded.recommend(["sku-03", "sku-04"], k=5)
    print(", ".join(top["item"]))
    print(loaded.explain(["sku-03", "sku-04"]))

    toy = Sessions.from_lists([[1, 2, 3], [2, 3]], catalogue=data.catalogue)
    toy[:1].save(folder / "toy.parquet")
    first = Sessions.load(folder / "toy.parquet", data.catalogue)[0]
    print(f"{len(toy)} toy sessions; the first is {first.tolist()}")
    print(counting.scores(toy.batch([0, 1])).shape)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name: main(Path(name))
