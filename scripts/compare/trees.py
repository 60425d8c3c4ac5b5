"""The other side of trees.ts: exports data sets, and fits XGBoost and scikit-learn on one core.

    trees.py export DIR             NAME.json, NAME.f32 (rows one after the other) and NAME.i32 (classes) for each data set
    trees.py fit DIR                reads orders {"name", "split", "rows", ...} from standard input, one a line, and answers each
                                    with a line of CPU seconds, after it wrote the scores of the test rows

Needs Debian's python3-xgboost and python3-sklearn, and to export r-cran-mlbench and r-cran-kernlab.
"""
import json
import os
import subprocess
import sys
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore")

R_SETS = {
    "letter": ("mlbench", "LetterRecognition", "lettr"),
    "satellite": ("mlbench", "Satellite", "classes"),
    "spam": ("kernlab", "spam", "type"),
}


def from_r(directory, name):
    package, data, label = R_SETS[name]
    path = os.path.join(directory, name + ".csv")
    code = (
        f'data({data}, package="{package}"); d <- {data}; y <- as.integer(factor(d${label})) - 1L;'
        f'x <- d[, names(d) != "{label}"]; x[] <- lapply(x, as.numeric);'
        f'write.csv(cbind(x, y), "{path}", row.names=FALSE)'
    )
    subprocess.run(["Rscript", "-e", code], check=True, stdout=subprocess.DEVNULL)
    table = np.genfromtxt(path, delimiter=",", skip_header=1)
    return table[:, :-1], table[:, -1]


def synthetic(rows=126_000, features=41, seed=1):
    """Shaped like a table of connections: normal, counted, mostly zero and yes-or-no columns, a few of which matter."""
    rng = np.random.default_rng(seed)
    x = np.empty((rows, features))
    for j in range(features):
        kind = j % 4
        if kind == 0:
            x[:, j] = rng.normal(size=rows)
        elif kind == 1:
            x[:, j] = np.floor(rng.exponential(5, size=rows))
        elif kind == 2:
            x[:, j] = np.where(rng.random(rows) < 0.8, 0, rng.exponential(2, size=rows))
        else:
            x[:, j] = rng.random(rows) < 0.3
    margin = x[:, 0] + 0.5 * x[:, 1] * x[:, 3] - x[:, 4] * x[:, 8] + 0.3 * x[:, 2] - 1.5
    margin += np.sin(3 * x[:, 12]) + rng.normal(size=rows) * 0.7
    x[rng.random((rows, features)) < 0.01] = np.nan
    return x, (margin > 0).astype(int)


def load(directory, name):
    from sklearn import datasets

    if name in R_SETS:
        return from_r(directory, name)
    if name == "digits":
        return datasets.load_digits(return_X_y=True)
    if name == "breast":
        return datasets.load_breast_cancer(return_X_y=True)
    return synthetic()


def export(directory, names):
    from sklearn.model_selection import train_test_split

    for name in names:
        x, y = load(directory, name)
        x = np.ascontiguousarray(x, dtype=np.float32)
        y = np.ascontiguousarray(y, dtype=np.int32)
        x.tofile(os.path.join(directory, name + ".f32"))
        y.tofile(os.path.join(directory, name + ".i32"))
        for split in range(5):
            rows = np.arange(len(y))
            train, test = train_test_split(rows, test_size=0.2, random_state=split, stratify=y)
            train.astype(np.int32).tofile(os.path.join(directory, f"{name}.train{split}"))
            test.astype(np.int32).tofile(os.path.join(directory, f"{name}.test{split}"))
        about = {"rows": len(y), "features": x.shape[1], "classes": int(y.max()) + 1}
        with open(os.path.join(directory, name + ".json"), "w") as file:
            json.dump(about, file)


def read(directory, name):
    with open(os.path.join(directory, name + ".json")) as file:
        about = json.load(file)
    x = np.fromfile(os.path.join(directory, name + ".f32"), dtype=np.float32)
    y = np.fromfile(os.path.join(directory, name + ".i32"), dtype=np.int32)
    return x.reshape(about["rows"], about["features"]), y, about["classes"]


def fit_boosting(x, y, classes, test, order):
    import xgboost

    objective = "binary:logistic" if classes == 2 else "multi:softprob"
    parameters = dict(
        tree_method="hist",
        objective=objective,
        max_depth=order["maxDepth"],
        eta=order["learningRate"],
        nthread=1,
        seed=order["split"],
    )
    if classes > 2:
        parameters["num_class"] = classes
    started = time.process_time()
    model = xgboost.train(parameters, xgboost.DMatrix(x, label=y, nthread=1), order["trees"])
    seconds = time.process_time() - started
    return seconds, model.predict(xgboost.DMatrix(test))


def fit_forest(x, y, classes, test, order):
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(order["trees"], n_jobs=1, random_state=order["split"])
    # scikit-learn 1.2 takes no missing values in forests; far below everything is what people use.
    x, test = (np.where(np.isnan(part), np.float32(-1e9), part) for part in (x, test))
    started = time.process_time()
    model.fit(x, y)
    seconds = time.process_time() - started
    scores = model.predict_proba(test)
    return seconds, scores[:, 1] if classes == 2 else scores


def fit_isolation(x, y, classes, test, order):
    from sklearn.ensemble import IsolationForest

    model = IsolationForest(n_estimators=order["trees"], random_state=order["split"], n_jobs=1)
    x, test = (np.where(np.isnan(part), np.float32(0), part) for part in (x, test))
    started = time.process_time()
    model.fit(x)
    seconds = time.process_time() - started
    return seconds, -model.score_samples(test)


def fit_contributions(x, y, classes, test, order):
    """The seconds are those of explaining the test rows; the model is left as model.json."""
    import xgboost

    parameters = dict(
        tree_method="hist",
        objective="binary:logistic",
        max_depth=order["maxDepth"],
        eta=order["learningRate"],
        nthread=1,
    )
    model = xgboost.train(parameters, xgboost.DMatrix(x, label=y, nthread=1), order["trees"])
    model.save_model(os.path.join(order["directory"], "model.json"))
    matrix = xgboost.DMatrix(test, nthread=1)
    started = time.process_time()
    contributions = model.predict(matrix, pred_contribs=True)
    return time.process_time() - started, contributions


FITS = {"contributions": fit_contributions, "boosting": fit_boosting, "forest": fit_forest, "isolation": fit_isolation}


def fit(directory):
    for line in sys.stdin:
        order = json.loads(line)
        x, y, classes = read(directory, order["name"])
        train = np.fromfile(os.path.join(directory, f"{order['name']}.train{order['split']}"), dtype=np.int32)
        test = np.fromfile(os.path.join(directory, f"{order['name']}.test{order['split']}"), dtype=np.int32)
        times = []
        for _ in range(order["repeats"]):
            seconds, scores = FITS[order["model"]](x[train], y[train], classes, x[test], order)
            times.append(seconds)
        np.ascontiguousarray(scores, dtype=np.float64).tofile(os.path.join(directory, "scores.f64"))
        print(json.dumps({"seconds": sorted(times)[len(times) // 2]}), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "export":
        export(sys.argv[2], sys.argv[3:])
    else:
        fit(sys.argv[2])
