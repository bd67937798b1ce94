// Classified clouds: hits and misses with the first three guesses.

const PAGE_OF_EXAMPLES = 24;

function gallery(data, evaluation, changed) {
  const { classes, colors } = { classes: evaluation.figures.classes, colors: data.colors };
  const examples = evaluation.examples.files || [];
  const filter = { kind: "misses", truth: null, predicted: null };
  const isHit = (example) => example.guesses[0][0] === example.truth;
  let shown = PAGE_OF_EXAMPLES;

  const fits = (example) => (filter.kind === "all" || isHit(example) === (filter.kind === "hits"))
    && (filter.truth === null || example.truth === filter.truth)
    && (filter.predicted === null || example.guesses[0][0] === filter.predicted);

  const guesses = (example) => example.guesses.map(([index, probability], place) => make("div", {
    class: `guess ${index === example.truth ? "right" : place === 0 ? "wrong" : "other"}`, style: { "--share": probability },
  }, make("span", { title: classes[index] }, index === example.truth ? make("b", null, `✓ ${classes[index]}`) : classes[index]),
  make("span", { class: "number" }, percent(probability))));

  const mark = (example) => (isHit(example) ? make("span", { class: "mark right" }, "✓ hit") : make("span", { class: "mark wrong" }, "✗ miss"));

  const view = (example, pose) => {
    const positions = unpackPositions(data.clouds[example.cloud] || "");
    let [low, high] = [1, -1];
    for (let at = 2; at < positions.length; at += 3) [low, high] = [Math.min(low, positions[at]), Math.max(high, positions[at])];
    const height = (point) => (positions[3 * point + 2] - low) / (high - low || 1);
    return new CloudView(positions, pose, `cloud of ${example.file}, truth ${classes[example.truth]}`, (point) => heightColor(height(point)));
  };

  const caption = (example, whole) => make("div", { class: "caption" },
    make("div", { class: "top" }, make("b", null, classes[example.truth]), mark(example)),
    guesses(example), make("span", { class: "file", title: example.file }, whole ? example.file : example.file.split("/").pop()));

  const enlarge = (list, place) => {
    const stage = make("div");
    const dialog = make("dialog", { "aria-label": "an example", onclose: () => dialog.remove() });
    const go = (step) => {
      place = (place + step + list.length) % list.length;
      const large = view(list[place], new Pose(0.4));
      large.canvas.addEventListener("wheel", (event) => { event.preventDefault(); large.pose.scale(Math.exp(-event.deltaY * 0.001)); }, { passive: false });
      stage.replaceChildren(large.canvas, caption(list[place], true));
    };
    dialog.append(make("div", { class: "bar" },
      make("button", { type: "button", onclick: () => go(-1) }, "← previous"), make("button", { type: "button", onclick: () => go(1) }, "next →"),
      make("span", { class: "spacer" }), make("button", { type: "button", onclick: () => dialog.close() }, "close")), stage);
    document.body.append(dialog);
    go(0);
    dialog.showModal();
  };

  const cards = make("div", { class: "gallery" });
  const status = make("p", { class: "hint", role: "status" });
  const more = make("button", { type: "button", class: "more", onclick: () => { shown += PAGE_OF_EXAMPLES; fill(); } });
  const select = (label, key) => make("select", {
    "aria-label": label, onchange: (event) => set({ [key]: event.target.value === "" ? null : Number(event.target.value) }),
  }, make("option", { value: "" }, "any"), classes.map((name, index) => make("option", { value: index }, name)));
  const [truth, predicted] = [select("true class", "truth"), select("predicted class", "predicted")];
  const number = (kind) => examples.filter((example) => kind === "all" || isHit(example) === (kind === "hits")).length;
  const kinds = choice("which examples", ["misses", "hits", "all"].map((kind) => [kind, `${kind} ${number(kind)}`]), filter.kind, (kind) => set({ kind }));

  function fill() {
    const list = examples.filter(fits);
    cards.replaceChildren(...list.slice(0, shown).map((example, place) => {
      const small = view(example, new Pose(0.4));
      small.canvas.addEventListener("dblclick", () => enlarge(list, place));
      const larger = make("button", { type: "button", class: "larger", title: "enlarge", "aria-label": `enlarge ${example.file}`, onclick: () => enlarge(list, place) }, "⤢");
      return make("article", { class: "example", "data-truth": example.truth, "data-predicted": example.guesses[0][0] }, small.canvas, larger, caption(example));
    }));
    more.hidden = list.length <= shown;
    more.textContent = `show ${Math.min(PAGE_OF_EXAMPLES, list.length - shown)} more`;
    status.replaceChildren(...sentence(list));
  }

  function sentence(list) {
    const { confusion } = evaluation.figures;
    let total = 0;
    for (const [i, row] of confusion.entries()) {
      for (const [j, value] of row.entries()) {
        const kind = filter.kind === "all" || (i === j) === (filter.kind === "hits");
        if (kind && (filter.truth === null || i === filter.truth) && (filter.predicted === null || j === filter.predicted)) total += value;
      }
    }
    const what = { misses: "misses", hits: "hits", all: "files" }[filter.kind];
    const of = [filter.truth === null ? "" : ` of the class ${classes[filter.truth]}`, filter.predicted === null ? "" : ` taken for ${classes[filter.predicted]}`].join("");
    const kept = list.length === total ? `All ${count(total)} ${what}${of}.` : `${count(list.length)} of ${count(total)} ${what}${of}: as many as the run keeps.`;
    const order = list.length > 1 ? " The surest first." : "";
    return [total === 0 ? `There are no ${what}${of}.` : kept + order];
  }

  function set(change) {
    Object.assign(filter, change);
    shown = PAGE_OF_EXAMPLES;
    kinds.show(filter.kind);
    truth.value = filter.truth ?? "";
    predicted.value = filter.predicted ?? "";
    fill();
    changed(filter);
  }

  if (!number("misses")) filter.kind = "hits";
  kinds.show(filter.kind);
  const box = make("div", null,
    make("div", { class: "bar" }, kinds, make("label", null, "truth", truth), make("label", null, "predicted", predicted),
      make("button", { type: "button", onclick: () => set({ kind: number("misses") ? "misses" : "hits", truth: null, predicted: null }) }, "reset"),
      make("span", { class: "spacer" }), Stage.button()),
    status, cards, more);
  fill();
  box.choose = (truth, predicted) => set({ kind: "all", truth, predicted });
  return box;
}
