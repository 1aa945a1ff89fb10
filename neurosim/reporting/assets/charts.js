// The kinds of figure: each takes its element and its data.
const CHARTS = {
  bars(figure, data) {
    const n = data.names.length, sums = data.names.map((_, i) => data.series.reduce((sum, s) => sum + s.values[i], 0));
    const short = (name, room) => (name.length > room ? `${name.slice(0, Math.max(1, room - 1))}\u2026` : name);
    new Plot(figure, data, {
      view: { x0: -0.5, x1: n - 0.5, y0: 0, y1: maximum(sums) * 1.05 || 1 },
      xTicks: (plot) => {
        const seen = Math.max(1, plot.view.x1 - plot.view.x0), longest = maximum(data.names.map((name) => name.length));
        const room = Math.max(3, Math.floor(plot.box.width / seen / 6.5));
        const every = longest <= 6 ? Math.max(1, Math.ceil(longest / room)) : Math.max(1, Math.ceil(8 / room));
        return data.names.map((name, i) => [i, short(name, room * every), i]).filter((t) => t[2] % every === 0);
      },
      tell: (x) => {
        const i = Math.round(x);
        if (!data.names[i]) return null;
        const parts = data.series.filter((s) => s.values[i]).map((s) => `${s.name}: ${si(s.values[i], data.y.unit)}`);
        return [data.names[i], ...parts, ...(parts.length > 1 ? [`all: ${si(sums[i], data.y.unit)}`] : [])].join("\n");
      },
      marks: (group, plot) => {
        const base = new Array(n).fill(0), width = Math.min(80, Math.max(1, (plot.x(1) - plot.x(0)) * 0.8));
        data.series.forEach((series, s) => {
          const d = series.values.map((value, i) => {
            if (!value) return "";
            const y = plot.y(base[i] + value), height = plot.y(base[i]) - y;
            base[i] += value;
            return `M${(plot.x(i) - width / 2).toFixed(1)} ${y.toFixed(1)}h${width.toFixed(1)}v${height.toFixed(1)}h${(-width).toFixed(1)}z`;
          });
          draw(group, "path", { d: d.join(""), fill: COLOURS[s % COLOURS.length] });
        });
      },
    });
    key(figure, data.series.map((s) => s.name));
  },

  lines(figure, data) {
    const end = maximum(data.series.map((s) => maximum(s.x)));
    new Plot(figure, data, {
      height: 260,
      view: { x0: 0, x1: end || 1, y0: 0, y1: maximum(data.series.map((s) => maximum(s.y))) * 1.05 || 1 },
      marks: (group, plot) => data.series.forEach((series, s) => {
        const points = series.x.map((x, i) => `${plot.x(x).toFixed(1)},${plot.y(series.y[i]).toFixed(1)}`);
        draw(group, "polyline", { points: points.join(" "), fill: "none", stroke: COLOURS[s % COLOURS.length], "stroke-width": 1.6 });
      }),
      tell: (x) => data.series.map((s) => {
        let i = s.x.findIndex((at) => at >= x);
        if (i < 0) i = s.x.length - 1;
        return `${s.name}: ${si(s.y[i], data.y.unit)}`;
      }).join("\n"),
    });
    key(figure, data.series.map((s) => s.name));
  },

  steps(figure, data) {
    new Plot(figure, data, {
      view: { x0: 0, x1: data.n, y0: 0, y1: maximum(data.values) * 1.05 || 1 },
      marks: (group, plot) => data.names.forEach((_, kind) => {
        let d = "";
        data.values.forEach((value, i) => {
          if (data.bound[i] !== kind) return;
          const x = plot.x(i * data.width), w = 0.4 + plot.x(Math.min(data.n, (i + 1) * data.width)) - x, y = plot.y(value);
          d += `M${x.toFixed(1)} ${y.toFixed(1)}h${w.toFixed(2)}V${plot.y(0).toFixed(1)}h${(-w).toFixed(2)}z`;
        });
        draw(group, "path", { d, fill: COLOURS[kind % COLOURS.length] });
      }),
      tell: (x) => {
        const i = Math.floor(x / data.width);
        return data.values[i] === undefined ? null : `step ${i * data.width}${data.width > 1 ? ` to ${Math.min(data.n, (i + 1) * data.width) - 1}` : ""}\n${si(data.values[i], "s")}, bound by ${data.names[data.bound[i]]}`;
      },
    });
    key(figure, data.names.map((name) => `bound by ${name}`));
  },

  raster(figure, data) {
    const [wide, high] = data.cell, columns = [], shades = 8, isShaded = data.counts.length > 0;
    const most = data.counts.reduce((a, b) => Math.max(a, b), 1);
    const shadeOf = (i) => (isShaded ? Math.ceil(shades * data.counts[i] / most) : shades) - 1;
    let at = 0;
    for (const step of data.columns) columns.push(at += step);
    const owner = (neuron) => data.groups.findIndex((g) => neuron >= g.first && neuron < g.first + g.n);
    const owners = data.rows.map((row) => Math.max(0, owner(row * high)));
    new Plot(figure, data, {
      height: 420, zoomY: true, wholeY: true,
      view: { x0: 0, x1: data.steps, y0: 0, y1: data.neurons },
      marks: (group, plot) => {
        const dx = plot.x(wide) - plot.x(0), dy = plot.y(0) - plot.y(high);
        const w = isShaded ? dx : Math.min(9, Math.max(2, dx)), h = isShaded ? dy : Math.min(9, Math.max(2, dy * 0.9));
        const paths = data.groups.map(() => Array.from({ length: shades }, () => [])), { view } = plot;
        columns.forEach((column, i) => {
          const step = column * wide, neuron = data.rows[i] * high;
          if (step + wide < view.x0 || step > view.x1 || neuron + high < view.y0 || neuron > view.y1) return;
          paths[owners[i]][shadeOf(i)].push(`M${plot.x(step).toFixed(1)} ${(plot.y(neuron) - dy / 2).toFixed(1)}h${w.toFixed(1)}`);
        });
        paths.forEach((byShade, i) => byShade.forEach((d, shade) => {
          if (!d.length) return;
          const opacity = ((shade + 1) / shades).toFixed(3);
          draw(group, "path", { d: d.join(""), fill: "none", stroke: COLOURS[i % COLOURS.length], "stroke-opacity": opacity, "stroke-width": h.toFixed(1) });
        }));
      },
      tell: (x, y) => {
        const group = data.groups[owner(Math.floor(y))];
        return group ? `step ${Math.floor(x)}, neuron ${Math.floor(y) - group.first} of ${group.name}` : null;
      },
    });
    key(figure, data.groups.slice(0, 12).map((g) => g.name));
  },

  scatter(figure, data) {
    const chosen = [0, Math.min(1, data.axes.length - 1)];
    let shown = [], best = [];
    const choose = () => {
      const [a, b] = chosen.map((i) => data.axes[i]);
      shown = data.points.filter((p) => p[1][chosen[0]] !== null && p[1][chosen[1]] !== null);
      const good = (p, i) => p[1][chosen[i]] * (data.axes[chosen[i]].maximise ? -1 : 1); // least is best
      const order = shown.filter((p) => p[2]).sort((p, q) => good(p, 0) - good(q, 0) || good(p, 1) - good(q, 1));
      let least = Infinity, same = null;
      best = order.filter((p) => {
        const pair = `${good(p, 0)} ${good(p, 1)}`;
        if (good(p, 1) < least) { least = good(p, 1); same = pair; return true; }
        return pair === same;
      });
      const scale = (i) => (data.axes[chosen[i]].unit === "%" ? 100 : 1);
      const range = (i) => {
        const values = shown.map((p) => p[1][chosen[i]] * scale(i)), low = Math.min(...values), high = Math.max(...values);
        const margin = (high - low) * 0.08 || Math.abs(high) * 0.1 || 1;
        return [low - margin, high + margin];
      };
      data.x = { label: `${a.name} (${a.kind}; ${a.maximise ? "more" : "less"} is better)`, unit: a.unit };
      data.y = { label: `${b.name} (${b.kind})`, unit: b.unit };
      const [[x0, x1], [y0, y1]] = [range(0), range(1)];
      return { x0, x1, y0, y1 };
    };
    const at = (plot, p) => chosen.map((axis, i) => {
      const value = p[1][axis] * (data.axes[axis].unit === "%" ? 100 : 1);
      return i ? plot.y(value) : plot.x(value);
    });
    const change = (plot, i, axis) => { chosen[i] = axis; plot.home = choose(); plot.reset(); };
    const names = data.axes.map((axis) => axis.name);
    new Plot(figure, data, {
      height: 440, zoomY: true,
      view: choose(),
      tools: [0, 1].map((i) => (plot) => chooser(i ? "Up:" : "Across:", names, chosen[i], (axis) => change(plot, i, axis))),
      marks: (group, plot) => {
        draw(group, "polyline", { points: best.map((p) => at(plot, p).join(",")).join(" "), class: "front" });
        for (const p of shown) {
          const [x, y] = at(plot, p), mark = best.includes(p) ? "best" : "hollow";
          if (p[2]) draw(group, "circle", { cx: x, cy: y, r: 5.5, class: mark });
          else draw(group, "path", { d: `M${x - 4} ${y - 4}l8 8m0 -8l-8 8`, class: "cross" });
        }
        if (shown.length > 16) return;
        const labels = new Map(); // points at one place share a label
        for (const p of shown) {
          const place = at(plot, p).map((v) => Math.round(v / 6)).join();
          labels.set(place, [...(labels.get(place) ?? []), p]);
        }
        for (const points of labels.values()) {
          const [x, y] = at(plot, points[0]), whole = points.map((p) => p[0]).join("; "), right = plot.box.x + plot.box.width;
          const name = whole.length > 60 ? `${whole.slice(0, 59)}\u2026` : whole, flip = x + 9 + name.length * 6 > right;
          draw(group, "text", { x: flip ? x - 9 : x + 9, y: y - 7, "text-anchor": flip ? "end" : "start", class: "small" }, name);
        }
      },
      tell: (x, y, plot) => {
        const near = shown.map((p) => [p, Math.hypot(at(plot, p)[0] - plot.x(x), at(plot, p)[1] - plot.y(y))]).sort((a, b) => a[1] - b[1])[0];
        if (!near || near[1] > 20) return null;
        return [near[0][0], ...chosen.map((axis) => `${names[axis]}: ${si(near[0][1][axis] * (data.axes[axis].unit === "%" ? 100 : 1), data.axes[axis].unit)}`)].join("\n");
      },
    });
  },
};
