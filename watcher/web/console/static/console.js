// Keys for lists, and signing in by a link.  Everything works without this script, too.
"use strict";

// j and k move through the lines of a list, Enter opens what a line leads to.
addEventListener("keydown", (event) => {
  if (event.target.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const lines = [...document.querySelectorAll(".lines > li")];
  const here = lines.indexOf(document.activeElement.closest(".lines > li"));
  const step = { j: 1, k: -1 }[event.key];
  if (step && lines.length) {
    const to = lines[Math.max(0, Math.min(lines.length - 1, here + step))];
    to.focus({ preventScroll: true });
    to.scrollIntoView({ block: "nearest" });
  } else if (event.key === "Enter" && event.target === lines[here]) {
    lines[here].querySelector("a")?.click();
  }
});

// A link /signin#token=… signs in: what stands behind # never reaches a server or its log.
const form = document.querySelector("form.signin");
const signInByLink = () => {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!form || !token) return;
  history.replaceState(null, "", location.pathname);
  form.elements.token.value = token;
  form.requestSubmit();
};
addEventListener("hashchange", signInByLink);
signInByLink();
