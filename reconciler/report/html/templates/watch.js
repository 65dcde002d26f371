
"use strict";
// The page asks its server again and takes over what has changed, and only that: what has the focus,
// what is open and what is in sight stay where they are. Without this script it is loaded anew.
(() => {
  const own = document.querySelector(".refresh");
  const still = document.querySelector("#still");
  const at = document.querySelector("#at");
  const lost = document.querySelector("#lost");
  const news = document.querySelector("#news");
  const form = document.querySelector("form.search");
  const every = Number(own.dataset.every) * 1000;
  const oldest = Number(own.dataset.oldest) * 1000;
  let tag = own.dataset.tag;
  let asking = null;
  let heard = at.dateTime;
  let last = Date.now();

  const keyOf = (node) => (node.nodeType === 1 ? node.getAttribute("data-key") : null);
  const isBlank = (node) => node.nodeType === 3 && !node.data.trim();
  // What a reader has chosen stays as it is.
  const isChosen = (node, name) => node.localName === "details" && name === "open";

  function morph(node, next) {
    if (node.hasAttribute("data-own") || node.isEqualNode(next)) return;
    for (const { name } of [...node.attributes])
      if (!next.hasAttribute(name) && !isChosen(node, name)) node.removeAttribute(name);
    for (const { name, value } of next.attributes)
      if (!isChosen(node, name) && node.getAttribute(name) !== value) node.setAttribute(name, value);
    children(node, next);
  }

  // Things with a key are known again wherever they stand now; all else by its place.
  function children(node, next) {
    let wanted = [...next.childNodes];
    const keys = new Set(wanted.map(keyOf).filter((key) => key !== null));
    const known = new Map();
    for (const child of [...node.childNodes]) {
      const key = keyOf(child);
      if (key !== null && (!keys.has(key) || known.has(key))) child.remove();
      else if (key !== null) known.set(key, child);
      else if (keys.size && isBlank(child)) child.remove();
    }
    if (keys.size) wanted = wanted.filter((child) => !isBlank(child));
    let here = node.firstChild;
    for (const child of wanted) {
      const key = keyOf(child);
      let same = known.get(key) ?? null;
      if (key !== null) known.delete(key);
      else if (here && keyOf(here) === null && here.nodeName === child.nodeName) same = here;
      if (same === null) node.insertBefore(document.importNode(child, true), here);
      else {
        if (same === here) here = here.nextSibling;
        else node.insertBefore(same, here);
        if (same.nodeType === 1) morph(same, child);
        else if (same.data !== child.data) same.data = child.data;
      }
    }
    while (here) {
      const gone = here;
      here = here.nextSibling;
      gone.remove();
    }
  }

  // What is in sight, or else what follows it, stays at its place in the window.
  function keepingPlace(change) {
    const focused = document.activeElement;
    const near = focused.closest("section");
    const seen = scrollY ? [...document.querySelectorAll("main [data-key]")].filter(inSight) : [];
    if (focused !== document.body && inSight(focused)) seen.unshift(focused);
    const before = seen.map((one) => one.getBoundingClientRect().top);
    change();
    const kept = seen.findIndex((one) => one.isConnected);
    if (kept >= 0 && scrollY) scrollBy(0, seen[kept].getBoundingClientRect().top - before[kept]);
    if (document.activeElement === focused || focused === document.body) return;
    const next = focused.isConnected ? focused : near?.querySelector("h2");
    next?.focus({ preventScroll: true });
  }

  function inSight(node) {
    const { top, bottom } = node.getBoundingClientRect();
    return top >= 0 && bottom > 0 && top < innerHeight;
  }

  function show(page) {
    const before = document.querySelector("h1").textContent;
    keepingPlace(() => {
      for (const name of ["header", "main"]) children(document.querySelector(name), page.querySelector(name));
    });
    document.title = page.title;
    tag = page.querySelector(".refresh").dataset.tag;
    const after = document.querySelector("h1").textContent;
    if (after !== before) news.textContent = after;
  }

  const now = () => `${new Date().toISOString().slice(0, 19)}Z`;
  const told = (time) => `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`;

  function answered(time) {
    heard = now();
    last = Date.now();
    at.dateTime = time;
    at.textContent = told(time);
    lost.hidden = true;
    lost.textContent = "";
  }

  function failed(why) {
    const badge = document.querySelector("h1 .status");
    badge.textContent = "unknown";
    badge.className = "status doubt";
    tag = "";  // what is told next is to be shown, whatever was
    if (!lost.hidden) return;
    lost.textContent = `${why} since ${told(heard)}: nobody knows how things stand now.`;
    lost.hidden = false;
  }

  function ask(address) {
    asking?.abort();
    const request = (asking = new XMLHttpRequest());
    request.open("GET", address);
    request.responseType = "document";
    request.overrideMimeType("text/html");  // an answer without a text is no broken XML
    request.timeout = 30000;
    if (tag) request.setRequestHeader("If-None-Match", `"${tag}"`);
    const end = (then) => () => {
      if (asking === request) asking = null;
      then();
    };
    request.onload = end(() => {
      const page = request.response;
      if (request.status === 200 && page?.querySelector(".refresh")) {
        answered(page.querySelector("#at").dateTime);
        show(page);
      } else if (request.status === 304) answered(now());
      else failed(`The watch refuses to answer (${request.status})`);
    });
    request.onerror = request.ontimeout = end(() => failed("The watch does not answer"));
    request.send();
  }

  function wanted() {
    const query = new URLSearchParams(new FormData(form));
    if (!query.get("words")) query.delete("words");
    if (query.get("show") === "all") query.delete("show");
    return query.size ? `${location.pathname}?${query}` : location.pathname;
  }

  function search() {
    const address = wanted();
    history.replaceState(null, "", address);
    ask(address);
  }

  const isHeld = () => still.getAttribute("aria-pressed") === "true";

  function refresh() {
    if (!asking && !document.hidden && !isHeld()) ask(location.pathname + location.search);
    else if (isHeld() && Date.now() - last > oldest) failed("This page is held still");
  }

  let waiting = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(search, 100);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(waiting);
    search();
  });
  still.addEventListener("click", () => {
    still.setAttribute("aria-pressed", String(!isHeld()));
    refresh();
  });
  still.hidden = false;
  setInterval(refresh, every);
  document.addEventListener("visibilitychange", refresh);
})();
