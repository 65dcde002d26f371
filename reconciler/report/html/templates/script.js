
"use strict";
// Search and filter: items are hidden, never made; without this script all of them are to be read.
(() => {
  const bar = document.querySelector(".search");
  if (!bar) return;
  const input = bar.querySelector("#words");
  const boxes = [...bar.querySelectorAll("[data-show]")];
  const told = bar.querySelector(".found");
  const groups = [...document.querySelectorAll("[data-group]")].map((section) => {
    const number = section.querySelector(".number");
    const lists = [...section.querySelectorAll(".items")].map((list) => ({
      list,
      items: [...list.children].map((item) => ({ item, kind: item.dataset.kind, text: null, shown: true })),
    }));
    return { section, number, all: number.textContent, lists };
  });
  const every = groups.flatMap((group) => group.lists.flatMap((one) => one.items));
  const plain = (text) => text.normalize("NFC").toLowerCase();
  const count = (number) => number.toLocaleString("en");

  function textOf(entry) {
    if (entry.text === null) entry.text = plain(entry.item.textContent);
    return entry.text;
  }

  // What a first search would wait for is read while the browser has nothing else to do.
  let read = 0;
  function readAhead(deadline) {
    while (read < every.length && deadline.timeRemaining() > 1) textOf(every[read++]);
    if (read < every.length) requestIdleCallback(readAhead);
  }

  // What is out of sight is not laid out: a list has as much room as what is left of it may need.
  function filterList({ list, items }, wanted) {
    let here = 0;
    let changed = false;
    for (const entry of items) {
      const shown = wanted(entry);
      if (shown !== entry.shown) {
        entry.item.hidden = !(entry.shown = shown);
        changed = true;
      }
      here += shown;
    }
    if (changed) {
      list.hidden = !here;
      list.style.containIntrinsicBlockSize = `${here * 8}rem`;
    }
    return here;
  }

  function filter() {
    const words = plain(input.value).split(/\s+/).filter(Boolean);
    const kinds = boxes.length ? new Set(boxes.filter((box) => box.checked).map((box) => box.dataset.show)) : null;
    const wanted = (entry) =>
      (!kinds || kinds.has(entry.kind)) && words.every((word) => textOf(entry).includes(word));
    let left = 0;
    for (const { section, number, all, lists } of groups) {
      const whole = lists.reduce((sum, one) => sum + one.items.length, 0);
      const here = lists.reduce((sum, one) => sum + filterList(one, wanted), 0);
      section.hidden = !here;
      number.textContent = here === whole ? all : `${count(here)} of ${all}`;
      left += here;
    }
    told.textContent =
      left === every.length ? "" : `${count(left)} of ${count(every.length)} shown. The rest is hidden by this search.`;
  }

  input.addEventListener("input", filter);
  for (const box of boxes) box.addEventListener("change", filter);
  bar.hidden = false;
  if (input.value || boxes.some((box) => !box.checked)) filter();
  if (window.requestIdleCallback) requestIdleCallback(readAhead);
})();
