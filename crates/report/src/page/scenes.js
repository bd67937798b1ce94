// Labelled scenes: the truth beside the prediction, turned together.

function scenes(data, evaluation) {
  const { classes } = evaluation.figures;
  const examples = evaluation.examples.scenes || [];
  const ignored = classes.length;
  // A ceiling would hide the room from above.
  const hidden = new Set(classes.flatMap((name, index) => (/^(ceiling|roof)$/i.test(name) ? [index] : [])));
  const state = { mode: "classes", focus: null, pair: null, top: 1 };
  const views = [];
  const recolor = () => { for (const view of views) view.recolor(); };

  const rows = examples.map((example, place) => {
    const positions = unpackPositions(data.clouds[example.cloud] || "");
    const points = positions.length / 3;
    const [truth, predicted] = [unpackClasses(example.truth, points), unpackClasses(example.predicted, points)];
    let [low, high] = [1, -1];
    for (let at = 2; at < positions.length; at += 3) [low, high] = [Math.min(low, positions[at]), Math.max(high, positions[at])];
    const pose = new Pose(0.62);
    const figure = (title, shown) => {
      const view = new CloudView(positions, pose, `${title} of ${example.file}`, (point) => {
        if (hidden.has(truth[point]) && hidden.has(predicted[point])) return null;
        if (hidden.has(shown[point]) && state.mode === "classes" && !state.pair) return null;
        if (positions[3 * point + 2] > low + state.top * (high - low) + 1e-6) return null;
        if (shown[point] === ignored) return GHOST;
        const own = channels(data.colors[shown[point]]);
        if (state.pair) return truth[point] === state.pair[0] && predicted[point] === state.pair[1] ? own : GHOST;
        if (state.focus !== null) return shown[point] === state.focus ? own : GHOST;
        if (state.mode === "mistakes") return truth[point] !== predicted[point] && truth[point] !== ignored ? own : GHOST;
        return own;
      });
      views.push(view);
      return make("figure", null, view.canvas, make("figcaption", null, title));
    };
    const rank = examples.length < 2 ? "" : place === 0 ? "worst: " : place === examples.length - 1 ? "best: " : "";
    return make("article", { class: "scene" },
      make("div", { class: "head" }, make("span", { class: "file", title: example.file }, rank + example.file),
        mainFirst(data.metrics).filter((metric) => metric.chooses).map((metric) => make("span", null, `${metric.short_label} `, make("b", null, percent(example[metric.epoch_name])))),
        make("span", { class: "muted" }, `${count(example.points)} points, ${count(points)} shown`)),
      make("div", { class: "pair" }, figure("truth", truth), figure("prediction", predicted)));
  });

  const legend = make("div", { class: "legend", role: "group", "aria-label": "classes; press to hide or show" });
  const mark = () => {
    for (const [index, button] of [...legend.querySelectorAll("[data-class]")].entries()) button.setAttribute("aria-pressed", !hidden.has(index));
    recolor();
  };
  const focus = (index) => { state.focus = index; recolor(); };
  legend.append(...classes.map((name, index) => make("button", {
    type: "button", "data-class": index, title: "press: hide or show; point: highlight",
    onclick: () => { if (!hidden.delete(index)) hidden.add(index); state.focus = null; mark(); },
    onpointerenter: (event) => event.pointerType === "mouse" && !hidden.has(index) && focus(index), onpointerleave: () => focus(null),
  }, make("i", { class: "swatch", style: { background: data.colors[index] } }), name)),
  make("button", { type: "button", onclick: () => { hidden.clear(); mark(); } }, "all"),
  make("button", { type: "button", onclick: () => { for (const index of classes.keys()) hidden.add(index); mark(); } }, "none"));

  const status = make("span", { role: "status" });
  const clear = make("button", { type: "button", onclick: () => setPair(null) }, "show all");
  const note = make("p", { class: "notice" }, status, " ", clear);
  note.hidden = true;
  const setPair = (pair) => {
    state.pair = pair;
    note.hidden = !pair;
    if (pair) {
      const [truth, predicted] = pair;
      for (const index of pair) hidden.delete(index);
      status.textContent = truth === predicted ? `Coloured: ${classes[truth]}, rightly.` : `Coloured: ${classes[truth]}, taken for ${classes[predicted]}.`;
    }
    box.changed(pair);
    mark();
  };
  const poses = () => new Set(views.map((view) => view.pose));
  const zoom = (factor) => { for (const pose of poses()) pose.scale(factor); };
  const box = make("div", null,
    make("div", { class: "bar" },
      choice("what is coloured", [["classes", "classes"], ["mistakes", "mistakes"]], state.mode, (mode) => { state.mode = mode; recolor(); }),
      make("label", null, "cut at height", make("input", { type: "range", min: 0.02, max: 1, step: 0.01, value: 1, oninput: (event) => { state.top = Number(event.target.value); recolor(); } })),
      make("span", { class: "choice" }, make("button", { type: "button", "aria-label": "smaller", onclick: () => zoom(1 / 1.25) }, "−"), make("button", { type: "button", "aria-label": "larger", onclick: () => zoom(1.25) }, "+")),
      make("span", { class: "spacer" }), Stage.button()),
    legend, note, rows);
  box.changed = () => {};
  box.choose = (truth, predicted) => setPair([truth, predicted]);
  mark();
  return box;
}
