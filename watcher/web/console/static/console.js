// j and k move between conversations; a link /signin#token=… signs in without the token reaching any log.
"use strict";
addEventListener("keydown", (event) => {
  if (event.target.closest("input, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
  const lines = [...document.querySelectorAll(".threads li")];
  const here = lines.indexOf(document.activeElement);
  const step = { j: 1, k: -1 }[event.key];
  if (step && lines.length) lines[Math.max(0, Math.min(lines.length - 1, here + step))].focus();
});
const token = new URLSearchParams(location.hash.slice(1)).get("token");
const form = document.querySelector("form.signin");
if (form && token) {
  history.replaceState(null, "", location.pathname);
  form.token.value = token;
  form.submit();
}
