// The page of one run.

function runPage(data) {
  const page = document.getElementById("page");
  const { evaluations } = data;
  const slots = ["results", "classes", "confusion", "examples"].map((id) => make("div", { id: `${id}-slot` }));
  const seed = data.protocol.find(([name]) => name === "seed")[1];
  const [network] = data.protocol.find(([name]) => name === "network").slice(1);
  page.append(
    make("header", null, make("h1", null, data.name), make("p", { class: "facts" }, `${network}, seed ${seed} · ${data.path}`)),
    make("nav", { "aria-label": "parts of the report" },
      [["results", "Results"], ["curves", "Curves"], ...(evaluations.length ? [["classes", "Classes"], ["confusion", "Confusion"], ["examples", "Examples"]] : []), ["protocol", "Protocol"]]
        .map(([id, text]) => make("a", { href: `#${id}` }, text))),
    slots[0], curvesSection(data), ...slots.slice(1), protocolSection(data));
  if (!evaluations.length) {
    if (data.model) slots[0].append(section("results", "Results", make("p", { class: "notice" }, `A model that comes with the program: ${data.model}.`)));
    else slots[0].append(section("results", "Results", make("p", { class: "notice" }, "This run has not been evaluated: what follows is its training. ", make("code", null, `pointwise eval ${data.path}`), " adds results.")));
    return;
  }
  showEvaluation(data, slots, Math.min(data.shown, evaluations.length - 1));
}

function showEvaluation(data, slots, index) {
  const evaluation = data.evaluations[index];
  const several = data.evaluations.length > 1;
  const tabs = () => (several
    ? make("div", { class: "bar" }, choice("evaluation", data.evaluations.map((one, place) => [place, tabText(data, one)]), index, (place) => showEvaluation(data, slots, place)))
    : null);
  const examples = data.segmentation ? sceneExamples(data, evaluation) : fileExamples(data, evaluation);
  const go = () => document.getElementById("examples").scrollIntoView({ behavior: calm.matches ? "auto" : "smooth", block: "start" });
  const choose = (truth, predicted) => { examples.choose(truth, predicted); go(); };
  const matrix = confusionMatrix(data, evaluation, choose);
  examples.changed = (truth, predicted) => matrix.mark(truth, predicted);

  slots[0].replaceChildren(resultsSection(data, evaluation, tabs()));
  slots[1].replaceChildren(section("classes", "Classes",
    make("p", { class: "hint" }, data.segmentation ? "Press a head to sort, a row to colour what was labelled rightly." : "Press a head to sort, a row to see examples of the class."),
    classTable(data, evaluation, (index) => (data.segmentation ? choose(index, index) : choose(index, null)))));
  slots[2].replaceChildren(section("confusion", "Confusion matrix", make("p", { class: "hint" }, "Point at a cell to read it, press it to see examples."), matrix));
  slots[3].replaceChildren(examples.section);
}

function tabText(data, evaluation) {
  const elsewhere = evaluation.data !== data.evaluations[0].data;
  return describe(evaluation) + (elsewhere ? `, ${evaluation.data}` : "");
}

function resultsSection(data, evaluation, tabs) {
  const { figures } = evaluation;
  const tile = (value, name) => make("div", { class: "tile" }, make("b", null, value), make("span", null, name));
  const facts = [`${count(figures.files_seen)} ${figures.files_seen === 1 ? "file" : "files"} of the split ${figures.split} in ${evaluation.data}`];
  if (evaluation.device) facts.push(`on ${evaluation.device}`);
  if (evaluation.seconds) facts.push(`in ${short(Number(evaluation.seconds.toFixed(1)))} s`);
  if (evaluation.finished) facts.push(new Date(1000 * evaluation.finished).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }));
  const heads = ["evaluation", "files", ...data.metrics.map((metric) => `${metric.label} %`), "loss"];
  const table = data.evaluations.length > 1 ? make("div", { class: "scroll", style: { "margin-top": "14px" } }, make("table", { class: "wide results" },
    make("thead", null, make("tr", null, heads.map((head, index) => make("th", { class: index ? "number" : null }, head)))),
    make("tbody", null, data.evaluations.map((one) => make("tr", null, make("th", { scope: "row" }, tabText(data, one)),
      [count(one.figures.files_seen), ...data.metrics.map((metric) => bare(one.figures[metric.name])), fixed(one.figures.loss, 4)]
        .map((text) => make("td", { class: "number" }, text))))))) : null;
  return section("results", "Results", tabs,
    make("div", { class: "tiles" },
      mainFirst(data.metrics).map((metric) => tile(percent(figures[metric.name]), metric.label)),
      tile(fixed(figures.loss, 4), "loss"), tile(count(figures.files_seen), "files, all of the split")),
    make("p", { class: "hint", style: { margin: "8px 0 0" } }, `${facts.join(", ")}.`), table);
}

function curvesSection(data) {
  const { epochs } = data;
  const numbers = epochsOf(epochs);
  if (!numbers.length) return section("curves", "Learning curves", make("p", { class: "notice" }, "No epoch has ended."));
  const splits = [...new Set(epochs.map((row) => row.split))];
  const all = metricNames(epochs).map((key) => {
    const lines = splits.map((split, place) => ({ label: split, values: valuesOf(epochs, split, key, numbers), color: `--line-${place % 7}`, dash: place ? [6, 4] : undefined }));
    return chart(CURVES[key] || key.replaceAll("_", " "), numbers, lines.filter((line) => line.values), data.best_epoch);
  });
  return section("curves", "Learning curves",
    make("p", { class: "hint" }, `${count(numbers.length)} ${numbers.length === 1 ? "epoch" : "epochs"}; the figures beside the names are those of the last one, or of the one pointed at. Drag to look closer, double-click to go back.`),
    make("div", { class: "charts" }, all));
}

function fileExamples(data, evaluation) {
  const result = { choose: () => {}, changed: () => {} };
  if (!(evaluation.examples.files || []).length) return Object.assign(result, { section: noExamples(data) });
  const box = gallery(data, evaluation, ({ truth, predicted }) => result.changed(truth, predicted));
  result.choose = box.choose;
  result.section = section("examples", "Examples", box);
  return result;
}

function sceneExamples(data, evaluation) {
  const result = { choose: () => {}, changed: () => {} };
  const number = (evaluation.examples.scenes || []).length;
  if (!number) return Object.assign(result, { section: noExamples(data) });
  const box = scenes(data, evaluation);
  box.changed = (pair) => result.changed(...(pair || [-1, -1]));
  result.choose = box.choose;
  const which = number === evaluation.figures.files_seen ? "All scenes" : `${number} of ${count(evaluation.figures.files_seen)} scenes`;
  result.section = section("examples", "Examples", make("p", { class: "hint" }, `${which}, from the worst to the best, one point per voxel. Drag to turn; a ceiling is hidden at first.`), box);
  return result;
}

function noExamples(data) {
  return section("examples", "Examples", make("p", { class: "notice" }, "This run keeps no examples of this evaluation. ", make("code", null, `pointwise eval ${data.path}`), " makes them."));
}

function protocolSection(data) {
  return section("protocol", "Protocol", protocolList(data.protocol),
    make("details", null, make("summary", null, "config, with every key"), make("pre", null, data.config)));
}

function protocolList(facts) {
  return make("dl", { class: "protocol" }, facts.map(([name, value]) => [make("dt", null, name), make("dd", null, value)]));
}
