// Elements, numbers and colours.
const SVG = "http://www.w3.org/2000/svg";
const COLOURS = ["#3b7dd8", "#e08a1e", "#2f9e6e", "#c8553d", "#8a63d2", "#1aa3b8", "#b8527f", "#8b8f2a", "#7a8699", "#5b6ee1"];
const PREFIXES = { "-15": "f", "-12": "p", "-9": "n", "-6": "u", "-3": "m", 0: "", 3: "k", 6: "M" };

function element(name, attributes = {}, text = null, space = null) {
  const made = space ? document.createElementNS(space, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== null) made.textContent = text;
  return made;
}
const draw = (parent, name, attributes, text = null) => parent.appendChild(element(name, attributes, text, SVG));

// As units.py: three digits, or as many as are asked for, and a prefix.
function si(value, unit, digits = 3) {
  if (unit === "%") return `${+value.toPrecision(digits)} %`;
  if (!unit) return Math.abs(value) < 1e5 && Math.abs(value) >= 1e-3 || value === 0 ? `${+value.toPrecision(digits + 1)}` : value.toExponential(digits - 1);
  if (value === 0) return `0 ${unit}`;
  let power = 3 * Math.floor(Math.log10(Math.abs(value)) / 3);
  if (+(Math.abs(value) / 10 ** power).toPrecision(digits) >= 1000) power += 3;
  power = Math.min(6, Math.max(-15, power));
  return `${+(value / 10 ** power).toPrecision(digits)} ${PREFIXES[power]}${unit}`;
}

// Numbers along an axis, with the digits that part each from the next.
function labels(values, unit) {
  const largest = maximum(values.map(Math.abs)), step = values.length > 1 ? values[1] - values[0] : largest;
  const digits = largest > 0 ? Math.min(12, Math.max(3, Math.ceil(Math.log10(largest / step) - 1e-9) + 1)) : 3;
  return values.map((value) => [value, si(+value.toPrecision(12), unit, digits)]);
}

function ticks(low, high, most) {
  const rough = (high - low) / most, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) found.push(i * step);
  return found;
}

// From pale to dark, in steps that are seen as equal (0 to 1).
function heat(share, stops) {
  const at = Math.min(1, Math.max(0, share)) * (stops.length - 1), i = Math.min(stops.length - 2, Math.floor(at));
  const mix = stops[i].map((c, k) => Math.round(c + (stops[i + 1][k] - c) * (at - i)));
  return `rgb(${mix.join(",")})`;
}
const COOL = [[253, 231, 37], [94, 201, 98], [33, 145, 140], [59, 82, 139], [84, 33, 116]];
const WARM = [[252, 210, 120], [249, 142, 9], [188, 55, 84], [120, 28, 109], [92, 24, 120]];
const maximum = (values) => values.reduce((a, b) => Math.max(a, b), 0);
