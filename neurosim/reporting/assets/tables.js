// Tables: heads are buttons that sort, and a field filters rows by any text in them.
function prepareTable(holder, index) {
  const table = holder.querySelector("table"), body = table.tBodies[0], rows = [...body.rows];
  const caption = table.caption.textContent;
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = element("button", { type: "button" });
    button.append(head.firstChild);
    head.prepend(button);
    button.addEventListener("click", () => sort(table, rows, head, column));
  });
  holder.tabIndex = 0;
  holder.setAttribute("role", "region");
  holder.setAttribute("aria-label", caption);
  if (rows.length < 6) return;
  const bar = element("div", { class: "filter" }), id = `filter${index}`;
  bar.appendChild(element("label", { for: id }, "Filter rows"));
  const field = bar.appendChild(element("input", { id, type: "search", "aria-label": `Filter rows: ${caption}` }));
  const told = bar.appendChild(element("span", { role: "status" }));
  const texts = rows.map((row) => row.textContent.toLowerCase());
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    rows.forEach((row, i) => { row.hidden = !words.every((word) => texts[i].includes(word)); left += !row.hidden; });
    told.textContent = words.length ? `${left} of ${rows.length} rows` : "";
  });
  holder.before(bar);
}

function sort(table, rows, head, column) {
  const down = head.getAttribute("aria-sort") === "ascending", isNumber = head.classList.contains("n");
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const value = (row) => {
    const cell = row.cells[column];
    if (!isNumber && cell.dataset.v === undefined) return cell.textContent;
    return cell.dataset.v === undefined ? Infinity : +cell.dataset.v;
  };
  const keyed = rows.map((row, i) => [value(row), i, row]);
  const order = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true }));
  keyed.sort((a, b) => (down ? order(b[0], a[0]) : order(a[0], b[0])) || a[1] - b[1]);
  table.tBodies[0].append(...keyed.map((each) => each[2]));
}
