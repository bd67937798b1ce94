// Figures per class: a table with bars that sorts itself.

function classTable(data, evaluation, choose) {
  const { segmentation, colors } = data;
  const main = segmentation ? "iou" : "accuracy";
  const columns = [
    { key: "name", title: "class", text: (row) => row.name },
    { key: "bar", title: segmentation ? "IoU" : "accuracy", sort: main },
    ...(segmentation ? [{ key: "iou", title: "IoU %", text: (row) => (row.count ? bare(row.iou) : "absent"), number: true }] : []),
    { key: "accuracy", title: segmentation ? "accuracy %" : "%", text: (row) => bare(row.accuracy), number: true },
    { key: "precision", title: "precision %", text: (row) => bare(row.precision), number: true },
    { key: "f1", title: "F1 %", text: (row) => bare(row.f1), number: true },
    { key: "correct", title: "correct", text: (row) => count(row.correct), number: true },
    { key: "count", title: segmentation ? "points" : "files", text: (row) => count(row.count), number: true },
  ];
  const rows = evaluation.figures.per_class.map((row, index) => ({ ...row, index }));
  let [sorted, descending] = [null, false];
  const head = make("tr");
  const body = make("tbody");
  const fill = () => {
    const order = [...rows];
    if (sorted) {
      const rank = (row) => (row[sorted] === null || row[sorted] === undefined ? -1 : row[sorted]);
      order.sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0) * (descending ? -1 : 1));
    }
    body.replaceChildren(...order.map((row) => make("tr", {
      class: "link", title: `show examples of ${row.name}`, "data-class": row.index, onclick: () => choose(row.index),
    }, columns.map(({ key, text, number }) => {
      if (key === "name") {
        const swatch = segmentation ? make("i", { class: "swatch", style: { background: colors[row.index] } }) : null;
        return make("th", { scope: "row" }, make("span", { class: "names" }, swatch, row.name));
      }
      return key === "bar" ? make("td", { style: { width: "38%" } }, meter(row[main])) : make("td", { class: number ? "number" : null }, text(row));
    }))));
    for (const [index, cell] of [...head.children].entries()) {
      const key = columns[index].sort || columns[index].key;
      if (key === sorted) cell.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    }
  };
  head.append(...columns.map(({ key, title, number, sort }) => make("th", { class: number ? "number" : null, scope: "col" },
    make("button", {
      type: "button", title: "sort",
      onclick: () => {
        const column = sort || key;
        [sorted, descending] = [column, sorted === column ? !descending : column !== "name"];
        fill();
      },
    }, title))));
  fill();
  return make("div", { class: "scroll" }, make("table", { class: "wide classes" }, make("thead", null, head), body));
}
