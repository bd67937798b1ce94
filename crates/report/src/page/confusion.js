// The confusion matrix: every cell tells what it counts, and leads to examples of it.

function confusionMatrix(data, evaluation, choose) {
  const { classes, confusion } = evaluation.figures;
  const things = data.segmentation ? "points" : "files";
  const totals = confusion.map((row) => row.reduce((sum, value) => sum + value, 0));
  const dense = classes.length > 22;
  const sentence = (truth, predicted) => {
    const number = confusion[truth][predicted];
    const part = `${count(number)} of ${count(totals[truth])} ${things} (${percent(totals[truth] ? number / totals[truth] : null)})`;
    return [truth === predicted ? `${classes[truth]}, rightly` : `${classes[truth]}, taken for ${classes[predicted]}`, part];
  };
  const text = (number, total) => (data.segmentation ? (100 * number < 0.5 * total ? "·" : (100 * number / total).toFixed(0)) : few(number));

  const columnHeads = classes.map((name) => make("th", { scope: "col" }, make("span", { title: name }, name)));
  const rowHeads = classes.map((name) => make("th", { scope: "row", title: name }, name));
  const cells = [];
  const rows = classes.map((_, truth) => make("tr", null, rowHeads[truth], classes.map((_, predicted) => {
    const number = confusion[truth][predicted];
    if (!number) return make("td");
    const share = number / totals[truth];
    // The root, so that rare mistakes are seen beside the many hits.
    const shade = 0.1 + 0.9 * Math.sqrt(share);
    const cell = make("td", { class: `${truth === predicted ? "right" : "wrong"}${shade > 0.62 ? " strong" : ""}` },
      make("button", {
        type: "button", "aria-label": sentence(truth, predicted).join(": "), "data-truth": truth, "data-predicted": predicted,
        style: { "--share": shade.toFixed(3) }, onclick: () => { Tip.hide(); choose(truth, predicted); },
      }, text(number, totals[truth])));
    cells.push({ cell, truth, predicted });
    return cell;
  })));

  const point = (event) => {
    const button = event.target.closest("button");
    const [truth, predicted] = button ? [Number(button.dataset.truth), Number(button.dataset.predicted)] : [-1, -1];
    for (const [index, head] of rowHeads.entries()) head.classList.toggle("on", index === truth);
    for (const [index, head] of columnHeads.entries()) head.classList.toggle("on", index === predicted);
    if (button) Tip.show(event, sentence(truth, predicted));
    else Tip.hide();
  };
  const table = make("table", {
    class: `matrix${dense ? " dense" : ""}`, style: { "--size": dense ? "18px" : classes.length > 14 ? "30px" : "38px" },
    onpointermove: point, onpointerleave: point, onfocusin: point, onfocusout: () => Tip.hide(),
  },
  make("thead", null, make("tr", null, make("th", { class: "axis" }, make("div", null, "predicted →"), make("div", null, "truth ↓")), columnHeads)), make("tbody", null, rows));

  const pairs = cells.filter(({ truth, predicted }) => truth !== predicted)
    .sort((a, b) => confusion[b.truth][b.predicted] - confusion[a.truth][a.predicted]).slice(0, 10);
  const pairTable = pairs.length ? make("table", { class: "pairs" },
    make("thead", null, make("tr", null, make("th", null, "truth"), make("th", null, "taken for"), make("th", { class: "number" }, things))),
    make("tbody", null, pairs.map(({ truth, predicted }) => make("tr", { class: "link", onclick: () => choose(truth, predicted) },
      make("td", null, classes[truth]), make("td", null, classes[predicted]),
      make("td", { class: "number" }, `${few(confusion[truth][predicted])} of ${few(totals[truth])}`)))))
    : make("p", { class: "muted" }, "No mistake at all.");

  const ramp = (hue) => make("i", { style: { background: `linear-gradient(90deg, var(--well), var(${hue}))` } });
  const box = make("div", { class: "confusion" },
    make("div", null, make("div", { class: "scroll" }, table),
      make("p", { class: "bar", style: { margin: "10px 0 0" } },
        make("span", { class: "ramp" }, "right", ramp("--right")), make("span", { class: "ramp" }, "wrong", ramp("--wrong")),
        make("span", { class: "muted", style: { "font-size": "13px" } }, data.segmentation ? "per cent of the true class" : "files; shade by the part of the true class"))),
    make("div", null, make("h3", null, "Most confused"), pairTable));
  /** Marks the cell that the examples are of. */
  box.mark = (truth, predicted) => {
    for (const one of cells) one.cell.classList.toggle("chosen", one.truth === truth && one.predicted === predicted);
  };
  return box;
}
