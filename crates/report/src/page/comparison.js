// The page of several runs.

function comparisonPage(data) {
  const { runs } = data;
  const page = document.getElementById("page");
  const lineOf = (place) => `--line-${place % 7}`;
  const swatch = (place) => make("i", { class: "swatch", style: { background: `var(${lineOf(place)})` } });
  const name = (run, place) => make("span", { class: "names", title: run.path }, swatch(place), run.name);
  const heads = () => runs.map((run, place) => make("th", { class: "number", scope: "col" }, name(run, place)));

  // Evaluations that may be compared: of one split, with weights of one kind.
  const kinds = [];
  for (const { figures } of runs.flatMap((run) => run.evaluations)) {
    if (!kinds.some(([split, weights]) => split === figures.split && weights === figures.weights)) kinds.push([figures.split, figures.weights]);
  }
  const pick = (run, [split, weights]) => run.evaluations.find(({ figures }) => figures.split === split && figures.weights === weights);
  const slot = make("div");

  /** Cells of one row; the largest (or smallest) number is marked, where there are several. */
  const cells = (values, text, smallest) => {
    const numbers = values.filter((value) => typeof value === "number");
    const best = smallest ? Math.min(...numbers) : Math.max(...numbers);
    const marked = numbers.length > 1 && numbers.some((number) => number !== best);
    return values.map((value) => make("td", { class: "number" }, marked && value === best ? make("b", { class: "best" }, text(value)) : text(value)));
  };

  const show = (kind) => {
    const chosen = runs.map((run) => (pick(run, kind) || {}).figures);
    const segmentation = runs.some((run) => run.segmentation);
    const figures = [
      ...mainFirst(data.metrics).map((metric) => [`${metric.label} %`, metric.name]), ["loss", "loss"], ["files", "files_seen"],
    ];
    const lower = new Set(["loss", ...data.metrics.filter((metric) => metric.lower_is_better).map((metric) => metric.name)]);
    const spread = spreadOfSeeds(data);
    const rows = figures.map(([title, key]) => {
      const values = chosen.map((one) => one && one[key]);
      const plain = key === "files_seen" ? values.map((value) => make("td", { class: "number" }, count(value))) : cells(values, key === "loss" ? (value) => fixed(value, 4) : bare, lower.has(key));
      return make("tr", null, make("th", { scope: "row" }, title), plain, spread ? make("td", { class: "number" }, key === "files_seen" ? "" : spread(values, key === "loss")) : null);
    });
    const main = segmentation ? "iou" : "accuracy";
    const names = [...new Set(chosen.flatMap((one) => (one ? one.classes : [])))];
    const perClass = names.map((name) => {
      const values = chosen.map((one) => {
        const found = one && one.per_class.find((row) => row.name === name);
        return found ? found[main] : undefined;
      });
      return make("tr", null, make("th", { scope: "row" }, name), cells(values, bare), spread ? make("td", { class: "number" }, spread(values)) : null);
    });
    slot.replaceChildren(
      section("results", "Results",
        kinds.length > 1 ? make("div", { class: "bar" }, choice("evaluation", kinds.map((other) => [other, `${other[0]}, ${other[1]} epoch`]), kind, show)) : null,
        make("p", { class: "hint" }, "▲ marks the best of a row."),
        make("div", { class: "scroll" }, make("table", { class: "wide results" },
          make("thead", null, make("tr", null, make("th"), heads(), spread ? make("th", { class: "number" }, "mean ± std") : null)), make("tbody", null, rows)))),
      section("classes", segmentation ? "Classes: IoU, %" : "Classes: accuracy, %",
        make("div", { class: "scroll" }, make("table", { class: "wide classes" }, make("thead", null, make("tr", null, make("th"), heads(), spread ? make("th", { class: "number" }, "mean ± std") : null)), make("tbody", null, perClass)))),
      spread && chosen.every((one) => one && one.classes.join() === chosen[0].classes.join()) ? summedConfusion(chosen) : "");
  };

  page.append(make("header", null, make("h1", null, `${runs.length} runs compared`), make("p", { class: "facts" }, runs.map((run) => run.path).join(" · "))),
    make("nav", { "aria-label": "parts of the page" }, [["results", "Results"], ...(kinds.length ? [["classes", "Classes"]] : []), ["curves", "Curves"], ["differences", "Configs"], ["protocol", "Protocols"]]
      .map(([id, text]) => make("a", { href: `#${id}` }, text))));
  page.append(slot, comparedCurves(data, lineOf));
  if (kinds.length) show(kinds[0]);
  else slot.append(section("results", "Results", make("p", { class: "notice" }, "None of these runs has been evaluated.")));
  const missing = runs.filter((run) => kinds.length && !run.evaluations.length).map((run) => run.name);
  if (missing.length) page.append(section("missing", "Not evaluated", make("p", { class: "notice" }, missing.join(", "))));

  const table = (rows) => make("div", { class: "scroll" }, make("table", { class: "wide" }, make("thead", null, make("tr", null, make("th"), runs.map((run, place) => make("th", { scope: "col" }, name(run, place))))), make("tbody", null, rows)));
  page.append(
    section("differences", "Where the configs differ", data.differences.length
      ? table(data.differences.map(([key, values]) => make("tr", null, make("th", { scope: "row" }, make("code", null, key)), values.map((value) => make("td", null, value ?? "-")))))
      : make("p", null, "Nowhere: all runs have one config.")),
    section("protocol", "Protocols", table(runs[0].protocol.map(([key], row) => make("tr", null, make("th", { scope: "row" }, key), runs.map((run) => make("td", null, run.protocol[row][1])))))));
}

/** Mean and sample standard deviation, as a function of the values of the runs, where the runs differ in nothing but their seeds. */
function spreadOfSeeds({ runs, differences }) {
  const seeds = new Set(runs.map((run) => run.seed));
  if (runs.length < 2 || seeds.size < runs.length || differences.some(([key]) => key !== "seed" && key !== "name")) return null;
  return (values, isLoss) => {
    if (values.some((value) => typeof value !== "number")) return "";
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
    return isLoss ? `${mean.toFixed(4)} ± ${deviation.toFixed(4)}` : `${(100 * mean).toFixed(1)} ± ${(100 * deviation).toFixed(1)}`;
  };
}

/** The confusion matrix summed over the runs: rows are the true classes. */
function summedConfusion(chosen) {
  const { classes } = chosen[0];
  const rows = classes.map((name, truth) => make("tr", null, make("th", { scope: "row" }, name),
    classes.map((_, predicted) => make("td", { class: "number" }, few(chosen.reduce((sum, one) => sum + one.confusion[truth][predicted], 0))))));
  return section("confusion", `Confusion, summed over ${chosen.length} runs`,
    make("p", { class: "hint" }, "Rows are the true classes, columns the predicted ones."),
    make("div", { class: "scroll" }, make("table", { class: "wide" },
      make("thead", null, make("tr", null, make("th"), classes.map((name) => make("th", { class: "number", scope: "col" }, name)))), make("tbody", null, rows))));
}

function comparedCurves({ runs }, lineOf) {
  const rows = runs.flatMap((run) => run.epochs);
  const numbers = epochsOf(rows);
  if (!numbers.length) return section("curves", "Learning curves", make("p", { class: "notice" }, "No epoch has ended."));
  const splits = [...new Set(rows.map((row) => row.split))];
  const grid = make("div", { class: "charts" });
  const fill = (split) => {
    charts.length = 0;
    grid.replaceChildren(...metricNames(rows).map((key) => {
      const lines = runs.map((run, place) => ({
        label: run.name, values: valuesOf(run.epochs, split, key, numbers), color: lineOf(place), dash: place < 7 ? undefined : [6, 4],
      })).filter((line) => line.values);
      return lines.length ? chart(CURVES[key] || key.replaceAll("_", " "), numbers, lines) : null;
    }).filter(Boolean));
    if (grid.isConnected) buildCharts();
  };
  const everywhere = (split) => runs.every((run) => run.epochs.some((row) => row.split === split));
  const first = ["valid", ...splits].find((split) => splits.includes(split) && everywhere(split)) || splits[0];
  fill(first);
  return section("curves", "Learning curves", splits.length > 1 ? make("div", { class: "bar" }, choice("split", splits.map((split) => [split, split]), first, fill)) : null, grid);
}
