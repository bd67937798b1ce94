// Clouds that turn: points projected onto a 2-D canvas with a depth buffer of our own. A page may have a hundred of them,
// which is more than browsers grant of WebGL.

/** x, y, z from -1 to 1 of the points that `text` holds in base64, ten bits per coordinate. */
function unpackPositions(text) {
  const bytes = unpackBytes(text);
  const words = new DataView(bytes.buffer);
  const positions = new Float32Array((bytes.length >> 2) * 3);
  for (let point = 0; 4 * point < bytes.length; point++) {
    const word = words.getUint32(4 * point, true);
    for (let axis = 0; axis < 3; axis++) positions[3 * point + axis] = ((word >>> (10 * axis)) & 1023) / 511.5 - 1;
  }
  return positions;
}

/** Class numbers of `points` points: a byte each, or two. */
function unpackClasses(text, points) {
  const bytes = unpackBytes(text);
  if (bytes.length < 2 * points) return bytes;
  const words = new DataView(bytes.buffer);
  return Uint16Array.from({ length: points }, (_, point) => words.getUint16(2 * point, true));
}

function unpackBytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** Viridis, without its ends that vanish on a light or a dark page. */
function heightColor(height) {
  const stops = [[72, 36, 117], [65, 68, 135], [53, 95, 141], [42, 120, 142], [33, 145, 140], [34, 168, 132], [68, 191, 112], [122, 209, 81], [189, 223, 38]];
  const [low, high] = dark.matches ? [0.22, 1] : [0, 0.84];
  const at = (low + (high - low) * height) * (stops.length - 1);
  const first = Math.min(Math.floor(at), stops.length - 2);
  return stops[first].map((channel, index) => channel + (at - first) * (stops[first + 1][index] - channel));
}

/** #rrggbb as three numbers. */
function channels(hex) {
  const number = parseInt(hex.slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}

/** How a cloud is looked at; several canvases may share one. */
class Pose {
  constructor(pitch) {
    this.yaw = 0.6;
    this.pitch = pitch;
    this.zoom = 1;
    this.held = false;
    this.changed = true;
  }

  turn(yaw, pitch) {
    this.yaw += yaw;
    this.pitch = Math.max(-1.5, Math.min(1.5, this.pitch + pitch));
    this.changed = true;
  }

  scale(factor) {
    this.zoom = Math.max(0.4, Math.min(12, this.zoom * factor));
    this.changed = true;
  }
}

/** The colour of points that are only there to show where the others lie: grey, and behind all others. */
const GHOST = "ghost";

/** A canvas with a cloud. `colorOf(point)` gives three numbers, `GHOST`, or null where the point is hidden. */
class CloudView {
  constructor(positions, pose, label, colorOf) {
    this.positions = positions;
    this.pose = pose;
    this.colorOf = colorOf;
    this.colors = null;
    this.visible = false;
    this.fit();
    this.canvas = make("canvas", {
      class: "cloud", role: "img", tabindex: 0, "aria-label": `${label}; turn with the arrow keys`,
      onpointerdown: (event) => this.hold(event), onkeydown: (event) => this.key(event),
    });
    Stage.add(this);
  }

  /** The room that the cloud takes when it is turned about the vertical axis. */
  fit() {
    const { positions } = this;
    let wide = 0, tall = 0;
    for (let at = 0; at < positions.length; at += 3) {
      wide = Math.max(wide, Math.hypot(positions[at], positions[at + 1]));
      tall = Math.max(tall, Math.abs(positions[at + 2]));
    }
    this.wide = wide || 1e-3;
    this.tall = tall;
  }

  recolor() {
    this.colors = null;
    this.pose.changed = true;
  }

  hold(event) {
    const { pose, canvas } = this;
    pose.held = true;
    canvas.setPointerCapture(event.pointerId);
    let [x, y] = [event.clientX, event.clientY];
    const move = (event) => {
      pose.turn((event.clientX - x) * 0.012, (event.clientY - y) * 0.008);
      [x, y] = [event.clientX, event.clientY];
    };
    const end = () => {
      pose.held = false;
      canvas.removeEventListener("pointermove", move);
    };
    canvas.addEventListener("pointermove", move);
    canvas.addEventListener("pointerup", end, { once: true });
    canvas.addEventListener("pointercancel", end, { once: true });
  }

  key(event) {
    const turns = { ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] };
    if (turns[event.key]) this.pose.turn(...turns[event.key]);
    else if (event.key === "+" || event.key === "=") this.pose.scale(1.15);
    else if (event.key === "-") this.pose.scale(1 / 1.15);
    else return;
    event.preventDefault();
  }

  /** Colours of all points; hidden ones are marked by a negative number. */
  paint() {
    const points = this.positions.length / 3;
    this.colors = new Int16Array(3 * points);
    this.ghosts = new Uint8Array(points);
    const grey = channels(color("--dim"));
    for (let point = 0; point < points; point++) {
      const own = this.colorOf(point);
      this.ghosts[point] = own === GHOST;
      this.colors.set(own === GHOST ? grey : own || [-1, 0, 0], 3 * point);
    }
  }

  resize() {
    // Small clouds are drawn finer than the screen, for smooth rims.
    const ratio = Math.min(2, Math.max(devicePixelRatio || 1, this.canvas.clientWidth < 320 ? 2 : 1.5));
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight].map((size) => Math.round(size * ratio));
    if (!width || !height) return false;
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    return true;
  }

  draw(background) {
    if (!this.resize()) return;
    if (!this.colors) this.paint();
    const { width, height } = this.canvas;
    const { image, pixels, depths } = Stage.buffer(width, height);
    pixels.fill(0);
    depths.fill(-1e9);
    const { positions, colors, pose } = this;
    const [sinYaw, cosYaw, sinPitch, cosPitch] = [Math.sin(pose.yaw), Math.cos(pose.yaw), Math.sin(pose.pitch), Math.cos(pose.pitch)];
    const up = this.tall * Math.abs(cosPitch) + this.wide * Math.abs(sinPitch);
    const scale = 0.42 * pose.zoom * Math.min(width / this.wide, height / up);
    const far = 6 * Math.max(this.wide, this.tall);
    const points = positions.length / 3;
    // Dots that nearly touch: smaller where there are more.
    const dot = Math.min(0.07 * scale, Math.max(1, 1.5 * scale * this.wide * Math.sqrt(2 / points)));
    for (let at = 0; at < positions.length; at += 3) {
      if (colors[at] < 0) continue;
      const x = positions[at] * cosYaw - positions[at + 1] * sinYaw;
      const away = positions[at] * sinYaw + positions[at + 1] * cosYaw;
      const near = positions[at + 2] * sinPitch - away * cosPitch;
      const view = far / (far - near);
      const left = width / 2 + x * scale * view;
      const top = height / 2 - (positions[at + 2] * cosPitch + away * sinPitch) * scale * view;
      const depth = this.ghosts[at / 3] ? near - 1000 : near;
      // What is farther away fades into the page.
      const clear = 0.62 + 0.38 * Math.max(0, Math.min(1, 0.5 + (0.5 * near) / this.wide));
      const red = background[0] + clear * (colors[at] - background[0]);
      const green = background[1] + clear * (colors[at + 1] - background[1]);
      const blue = background[2] + clear * (colors[at + 2] - background[2]);
      const radius = Math.max(0.8, dot * view * 0.5);
      const [first, last] = [Math.max(0, Math.floor(left - radius)), Math.min(width - 1, Math.ceil(left + radius))];
      const [head, foot] = [Math.max(0, Math.floor(top - radius)), Math.min(height - 1, Math.ceil(top + radius))];
      for (let line = head; line <= foot; line++) {
        for (let pixel = first; pixel <= last; pixel++) {
          const square = ((pixel - left) ** 2 + (line - top) ** 2) / (radius * radius);
          if (square > 1) continue;
          const place = line * width + pixel;
          if (depths[place] >= depth) continue;
          depths[place] = depth;
          // Round like a ball: the rim is darker.
          const light = 1 - 0.3 * square;
          pixels[place] = (255 << 24) | ((blue * light) << 16) | ((green * light) << 8) | (red * light);
        }
      }
    }
    this.canvas.getContext("2d").putImageData(image, 0, 0);
  }
}

/** Draws the clouds that can be seen, and turns them while they are not held. */
const Stage = {
  views: new Map(),
  buffers: new Map(),
  playing: !calm.matches,
  last: 0,
  seen: new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const view = Stage.views.get(target);
      if (view) Object.assign(view, { visible: isIntersecting }).pose.changed = true;
    }
  }, { rootMargin: "60px" }),

  add(view) {
    this.views.set(view.canvas, view);
    this.seen.observe(view.canvas);
  },

  /** Forgets canvases that have left the page; what is made and put there is so in one go, before the next frame. */
  sweep() {
    for (const canvas of this.views.keys()) {
      if (canvas.isConnected) continue;
      this.seen.unobserve(canvas);
      this.views.delete(canvas);
    }
  },

  buffer(width, height) {
    const key = `${width} ${height}`;
    if (!this.buffers.has(key)) {
      // After the window was resized the old sizes are of no use.
      if (this.buffers.size > 8) this.buffers.clear();
      const image = new ImageData(width, height);
      this.buffers.set(key, { image, pixels: new Uint32Array(image.data.buffer), depths: new Float32Array(width * height) });
    }
    return this.buffers.get(key);
  },

  redraw() {
    for (const view of this.views.values()) view.recolor();
  },

  frame(time) {
    requestAnimationFrame((time) => Stage.frame(time));
    const passed = time - this.last;
    if (passed < 30) return;
    this.last = time;
    this.sweep();
    const shown = [...this.views.values()].filter((view) => view.visible);
    const background = channels(color("--well"));
    for (const pose of new Set(shown.map((view) => view.pose))) {
      if (this.playing && !pose.held) pose.turn(Math.min(passed, 100) * 0.0005, 0);
    }
    for (const view of shown) if (view.pose.changed) view.draw(background);
    for (const view of shown) view.pose.changed = false;
  },

  button() {
    const text = () => (this.playing ? "❚❚ hold still" : "► turn");
    const button = make("button", {
      type: "button", "aria-pressed": this.playing,
      onclick: () => {
        this.playing = !this.playing;
        for (const other of document.querySelectorAll("button.play")) other.textContent = text();
      },
    }, text());
    button.classList.add("play");
    return button;
  },
};
addEventListener("resize", () => Stage.redraw());
dark.addEventListener("change", () => Stage.redraw());
