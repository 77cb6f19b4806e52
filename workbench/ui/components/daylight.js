// Asks for a new run when the reader's theme changes under an open page: the logo, the charts and
// some colours come from the server, drawn for one of the two. It has no look of its own.
function build(app, ask) {
  const my = { theme: "", asked: "" };
  const look = () => {
    const now = getComputedStyle(app).colorScheme.includes("dark") ? "dark" : "light";
    if (now === my.theme || now === my.asked) return;
    my.asked = now;
    ask(now);
  };
  const watcher = new MutationObserver(look);
  watcher.observe(app, { attributes: true, attributeFilter: ["class"] });
  my.update = (theme) => {
    my.theme = theme;
    my.asked = "";
    look();
  };
  my.remove = () => watcher.disconnect();
  return my;
}

export default function (component) {
  const root = component.parentElement.querySelector(".daylight");
  const app = document.querySelector("[data-testid=stApp]");
  if (!app) return undefined;
  root.holder ??= build(app, (theme) => component.setTriggerValue("changed", theme));
  root.holder.update(component.data.theme);
  return () => {
    root.holder?.remove();
    root.holder = null;
  };
}
