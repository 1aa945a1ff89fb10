// The page: tables at once, each figure when it comes near the window, all of them before printing.
const DATA = JSON.parse(document.getElementById("data").textContent);
document.querySelectorAll(".table").forEach(prepareTable);

function drawFigure(figure) {
  if (figure.dataset.drawn) return;
  figure.dataset.drawn = "yes";
  const data = DATA[+figure.dataset.figure];
  CHARTS[data.kind](figure, data);
}
const figures = document.querySelectorAll("figure[data-figure]");
const near = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) drawFigure(entry.target);
}, { rootMargin: "400px" });
figures.forEach((figure) => near.observe(figure));
addEventListener("beforeprint", () => figures.forEach(drawFigure));
addEventListener("load", () => setTimeout(() => figures.forEach(drawFigure), 200));
