// A plot: axes over a view of the data, which buttons, keys, wheel and drag zoom and move.
// Text keeps its size on a narrow window, so there a figure is narrower too.
const WIDTH = innerWidth < 640 ? 480 : 1000, LEFT = 84, RIGHT = 16, TOP = 10, BOTTOM = 46;

class Plot {
  constructor(figure, data, options) {
    Object.assign(this, { figure, data, height: 320, tools: [], ...options });
    this.home = options.view;
    this.view = { ...this.home };
    const holder = figure.querySelector(".plot");
    this.svg = element("svg", { viewBox: `0 0 ${WIDTH} ${this.height}`, class: "chart", tabindex: "0", role: "img" }, null, SVG);
    this.svg.setAttribute("aria-label", `${data.title}. ${figure.getAttribute("aria-label")}. Plus and minus zoom, arrows move, 0 shows all.`);
    this.id = `clip${figure.dataset.figure}`;
    this.bar = holder.appendChild(this.makeTools());
    holder.appendChild(this.svg);
    this.tip = holder.appendChild(element("div", { class: "tip", hidden: "" }));
    this.listen();
    this.redraw();
  }
  makeTools() {
    const bar = element("div", { class: "tools", role: "group", "aria-label": `Tools of the figure: ${this.data.title}` });
    for (const tool of this.tools) bar.appendChild(tool(this));
    const add = (label, words, act) => {
      const button = bar.appendChild(element("button", { type: "button", "aria-label": `${words}: ${this.data.title}`, title: words }, label));
      button.addEventListener("click", act);
    };
    add("+", "Zoom in", () => this.zoom(0.6));
    add("\u2212", "Zoom out", () => this.zoom(1 / 0.6));
    add("All", "Show all", () => this.reset());
    add("SVG", "Save as SVG", () => this.save(false));
    add("PNG", "Save as PNG", () => this.save(true));
    return bar;
  }
  get box() { return { x: LEFT, y: TOP, width: WIDTH - LEFT - RIGHT, height: this.height - TOP - BOTTOM }; }
  x(value) { return this.box.x + (value - this.view.x0) / (this.view.x1 - this.view.x0) * this.box.width; }
  y(value) { return this.box.y + (this.view.y1 - value) / (this.view.y1 - this.view.y0) * this.box.height; }
  reset() { this.view = { ...this.home }; this.redraw(); }
  zoom(factor, atX = 0.5, atY = 0.5) {
    this.change("x", factor, atX);
    if (this.zoomY) this.change("y", factor, 1 - atY);
    this.redraw();
  }
  change(axis, factor, at) {
    const [a, b] = [`${axis}0`, `${axis}1`], span = this.home[b] - this.home[a], size = this.view[b] - this.view[a];
    const wanted = Math.min(span, Math.max(span / 5000, size * factor));
    const start = this.view[a] + at * (size - wanted);
    this.place(axis, start, wanted);
  }
  place(axis, start, size) {
    const [a, b] = [`${axis}0`, `${axis}1`];
    this.view[a] = Math.min(this.home[b] - size, Math.max(this.home[a], start));
    this.view[b] = this.view[a] + size;
  }
  move(dx, dy) {
    const across = this.view.x1 - this.view.x0, up = this.view.y1 - this.view.y0;
    this.place("x", this.view.x0 + dx * across, across);
    if (this.zoomY) this.place("y", this.view.y0 + dy * up, up);
    this.redraw();
  }
  listen() {
    const keys = { "+": () => this.zoom(0.6), "=": () => this.zoom(0.6), "-": () => this.zoom(1 / 0.6), 0: () => this.reset(),
      ArrowLeft: () => this.move(-0.2, 0), ArrowRight: () => this.move(0.2, 0), ArrowUp: () => this.move(0, 0.2), ArrowDown: () => this.move(0, -0.2) };
    this.svg.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    });
    this.svg.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && document.activeElement !== this.svg) return; // the page scrolls unless the figure was chosen
      event.preventDefault();
      const at = this.inside(event);
      this.zoom(event.deltaY < 0 ? 0.8 : 1.25, at.x, at.y);
    }, { passive: false });
    let from = null;
    this.svg.addEventListener("pointerdown", (event) => { from = event; this.svg.setPointerCapture(event.pointerId); });
    this.svg.addEventListener("pointermove", (event) => {
      if (from) {
        const scale = WIDTH / this.svg.clientWidth;
        this.move((from.clientX - event.clientX) * scale / this.box.width, (event.clientY - from.clientY) * scale / this.box.height);
        from = event;
      } else this.point(event);
    });
    for (const end of ["pointerup", "pointercancel"]) this.svg.addEventListener(end, () => { from = null; });
    this.svg.addEventListener("pointerleave", () => { this.tip.hidden = true; });
  }
  inside(event) { // where the pointer is, in shares of the box
    const at = this.svg.getBoundingClientRect(), scale = WIDTH / at.width;
    return { x: ((event.clientX - at.left) * scale - this.box.x) / this.box.width, y: ((event.clientY - at.top) * scale - this.box.y) / this.box.height };
  }
  point(event) { // what is told of the place under the pointer
    const at = this.inside(event), { view } = this;
    const on = at.x >= 0 && at.x <= 1 && at.y >= 0 && at.y <= 1;
    const said = on && this.tell ? this.tell(view.x0 + at.x * (view.x1 - view.x0), view.y1 - at.y * (view.y1 - view.y0), this) : null;
    this.tip.hidden = !said;
    if (!said) return;
    const box = this.figure.querySelector(".plot").getBoundingClientRect();
    this.tip.textContent = said;
    const left = Math.min(event.clientX - box.left + 12, box.width - this.tip.offsetWidth);
    this.tip.style.left = `${Math.max(0, left)}px`;
    this.tip.style.top = `${event.clientY - box.top + 14}px`;
  }
  redraw() {
    this.svg.replaceChildren();
    const { box } = this;
    const clip = draw(draw(this.svg, "defs", {}), "clipPath", { id: this.id });
    draw(clip, "rect", { x: box.x, y: box.y, width: box.width, height: box.height });
    this.axes();
    const marks = draw(this.svg, "g", { "clip-path": `url(#${this.id})` });
    this.marks(marks, this);
  }
  axes() {
    const { box, view, data } = this, bottom = box.y + box.height;
    const yUnit = data.y.unit ?? "", xUnit = data.x.unit ?? "";
    for (const [value, label] of labels(ticks(view.y0, view.y1, 6), yUnit)) {
      if (this.wholeY && !Number.isInteger(value)) continue;
      const y = this.y(value);
      draw(this.svg, "line", { x1: box.x, x2: box.x + box.width, y1: y, y2: y, class: "grid" });
      draw(this.svg, "text", { x: box.x - 7, y: y + 4, "text-anchor": "end", class: "small" }, label);
    }
    const across = this.xTicks ? this.xTicks(this) : labels(ticks(view.x0, view.x1, WIDTH < 600 ? 5 : 9), xUnit);
    for (const [value, label] of across) {
      const x = this.x(value);
      if (x < box.x - 1 || x > box.x + box.width + 1) continue;
      draw(this.svg, "line", { x1: x, x2: x, y1: bottom, y2: bottom + 4, class: "axis" });
      draw(this.svg, "text", { x, y: bottom + 17, "text-anchor": "middle", class: "small" }, label);
    }
    draw(this.svg, "path", { d: `M${box.x} ${box.y}V${bottom}H${box.x + box.width}`, class: "axis" });
    draw(this.svg, "text", { x: box.x + box.width / 2, y: this.height - 8, "text-anchor": "middle" }, data.x.label);
    const middle = box.y + box.height / 2;
    draw(this.svg, "text", { x: 14, y: middle, transform: `rotate(-90 14 ${middle})`, "text-anchor": "middle" }, data.y.label);
  }
  source() { // the figure as a file of its own, in light colours
    const copy = this.svg.cloneNode(true);
    copy.setAttribute("width", WIDTH);
    copy.setAttribute("height", this.height);
    copy.insertBefore(element("style", {}, document.getElementById("figure-style").textContent, SVG), copy.firstChild);
    copy.insertBefore(element("title", {}, this.data.title, SVG), copy.firstChild);
    return new XMLSerializer().serializeToString(copy);
  }
  save(asPng) {
    const name = `${this.data.title.replace(/[^A-Za-z0-9]+/g, "-").slice(0, 60).toLowerCase()}.`;
    const source = this.source();
    if (!asPng) return offer(new Blob([source], { type: "image/svg+xml" }), `${name}svg`);
    const image = new Image();
    image.addEventListener("load", () => {
      const canvas = element("canvas", { width: 2 * WIDTH, height: 2 * this.height }), pen = canvas.getContext("2d");
      pen.fillStyle = "#fff";
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => offer(blob, `${name}png`));
    });
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(source)}`;
    return undefined;
  }
}

function offer(blob, name) {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  document.body.appendChild(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function key(figure, names, colours = COLOURS) {
  if (names.length < 1) return;
  const list = element("ul", { class: "key" });
  names.forEach((name, i) => {
    const item = list.appendChild(element("li"));
    item.appendChild(element("i")).style.background = colours[i % colours.length];
    item.append(name);
  });
  figure.querySelector(".plot").after(list);
}

function chooser(words, names, chosen, act) {
  const label = element("label", {}, `${words} `), select = label.appendChild(element("select"));
  names.forEach((name, i) => select.appendChild(element("option", { value: i, ...(i === chosen ? { selected: "" } : {}) }, name)));
  select.addEventListener("change", () => act(+select.value));
  return label;
}
