// The mesh: a square for each core in use, an arrow for each directed link, the border of each chip.
CHARTS.mesh = (figure, data) => {
  const [left, low, right, high] = data.shown, SIDE = 0.62, cell = SIDE / data.side;
  const most = maximum(data.links.map((link) => link[4]));
  let shown = 0;
  const top = () => (data.values[shown].unit === "%" ? 100 : maximum(data.values[shown].values) || 1);
  const corner = ([x, y, column, row]) => [x - SIDE / 2 + column * cell, y - SIDE / 2 + row * cell];
  data.x = { label: "tile, east-west" };
  data.y = { label: "tile, north-south" };
  const columns = right - left, rows = high - low, wanted = (WIDTH - LEFT - RIGHT) * rows / columns;
  const height = Math.min(640, Math.max(300, wanted + TOP + BOTTOM));
  // Tiles are square: the wider side of the view has room to spare.
  const ratio = (WIDTH - LEFT - RIGHT) / (height - TOP - BOTTOM), wide = Math.max(columns, rows * ratio), tall = wide / ratio;
  const midX = (left + right - 1) / 2, midY = (low + high - 1) / 2;
  const scale = element("div", { class: "key" });
  const paintScale = () => {
    const ramp = (stops) => `linear-gradient(90deg, ${stops.map((c) => `rgb(${c})`).join(",")})`;
    const bar = (stops, words, end) => {
      const item = element("span"), swatch = item.appendChild(element("i"));
      swatch.style.background = ramp(stops);
      swatch.style.width = "7em";
      item.append(`${words}: 0 to ${end}`);
      return item;
    };
    scale.replaceChildren(bar(COOL, data.values[shown].name, si(top(), data.values[shown].unit)));
    if (most) scale.append(bar(WARM, `links, ${data.link_label}`, most.toLocaleString("en")));
  };
  const named = data.values.map((v) => v.name);
  new Plot(figure, data, {
    height, zoomY: true, wholeY: true,
    view: { x0: midX - wide / 2, x1: midX + wide / 2, y0: midY - tall / 2, y1: midY + tall / 2 },
    tools: [(plot) => chooser("Colour of cores:", named, shown, (i) => { shown = i; paintScale(); plot.redraw(); })],
    xTicks: (plot) => ticks(plot.view.x0, plot.view.x1, 12).filter(Number.isInteger).map((v) => [v, `${v}`]),
    marks: (group, plot) => {
      const [chipX, chipY] = data.chip, sx = plot.x(1) - plot.x(0), sy = plot.y(0) - plot.y(1);
      for (let x = Math.floor(left / chipX) * chipX; x < right; x += chipX)
        for (let y = Math.floor(low / chipY) * chipY; y < high; y += chipY)
          draw(group, "rect", { x: plot.x(x - 0.5), y: plot.y(y + chipY - 0.5), width: chipX * sx, height: chipY * sy, class: "outline" });
      data.cores.forEach((core, i) => {
        const [x, y] = corner(core), fill = heat(data.values[shown].values[i] / top(), COOL);
        draw(group, "rect", { x: plot.x(x), y: plot.y(y + cell * 0.92), width: cell * 0.92 * sx, height: cell * 0.92 * sy, fill, class: "core" });
      });
      for (const [x, y, toX, toY, load] of data.links) {
        const dx = toX - x, dy = toY - y, fx = x + dx * (SIDE / 2 + 0.02) + dy * 0.1, fy = y + dy * (SIDE / 2 + 0.02) - dx * 0.1;
        const length = 1 - SIDE - 0.04, tx = fx + dx * length, ty = fy + dy * length, b = 0.09;
        const point = (px, py) => `${plot.x(px).toFixed(1)} ${plot.y(py).toFixed(1)}`;
        const [hx, hy] = [tx - dx * b, ty - dy * b], colour = heat(most ? load / most : 0, WARM);
        const d = `M${point(fx - dy * 0.025, fy + dx * 0.025)}L${point(hx - dy * 0.025, hy + dx * 0.025)}L${point(hx - dy * 0.07, hy + dx * 0.07)}L${point(tx, ty)}L${point(hx + dy * 0.07, hy - dx * 0.07)}L${point(hx + dy * 0.025, hy - dx * 0.025)}L${point(fx + dy * 0.025, fy - dx * 0.025)}z`;
        draw(group, "path", { d, fill: colour });
      }
    },
    tell: (x, y) => {
      const i = data.cores.findIndex((core) => { const [cx, cy] = corner(core); return x >= cx && x <= cx + cell && y >= cy && y <= cy + cell; });
      if (i >= 0) return [`core ${data.cores[i][4]}`, ...data.values.map((v) => `${v.name}: ${si(v.values[i], v.unit)}`)].join("\n");
      const near = data.links.map((l) => {
        const dx = l[2] - l[0], dy = l[3] - l[1];
        return [l, Math.hypot(l[0] + dx / 2 + dy * 0.1 - x, l[1] + dy / 2 - dx * 0.1 - y)];
      }).sort((a, b) => a[1] - b[1])[0];
      if (!near || near[1] > 0.2) return null;
      const [fx, fy, tx, ty, load, border] = near[0];
      return `link (${fx}, ${fy}) to (${tx}, ${ty})${border ? ", between chips" : ""}\n${load.toLocaleString("en")} ${data.link_label}`;
    },
  });
  paintScale();
  figure.querySelector(".plot").after(scale);
};
