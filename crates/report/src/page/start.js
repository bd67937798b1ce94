// From the contents to the page.
{
  const data = JSON.parse(document.getElementById("contents").textContent);
  nameCurves(data.metrics);
  if (data.kind === "comparison") comparisonPage(data);
  else runPage(data);
  buildCharts();
  // The part that the address asks for was not there before.
  const part = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (part) part.scrollIntoView();
  requestAnimationFrame((time) => Stage.frame(time));
}
