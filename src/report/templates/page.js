/* What a script adds; all of the page can be read without it. */
"use strict";
(() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";

  /* Pictures: zoom, fold, search. */
  for (const figure of all("figure[data-picture]")) {
    const pan = figure.querySelector(".pan"), tools = figure.querySelector(".tools");
    const pictures = all("svg", pan);
    const sizes = pictures.map((svg) => [+svg.getAttribute("width"), +svg.getAttribute("height")]);
    let scale = 1, shown = 0;

    const draw = () => {
      pictures.forEach((svg, i) => {
        svg.toggleAttribute("hidden", i !== shown);
        svg.setAttribute("width", Math.round(sizes[i][0] * scale));
        svg.setAttribute("height", Math.round(sizes[i][1] * scale));
      });
    };
    const zoom = (to, x = pan.clientWidth / 2, y = pan.clientHeight / 2) => {
      const old = scale;
      scale = Math.min(4, Math.max(0.05, to));
      const left = (pan.scrollLeft + x) * (scale / old) - x, top = (pan.scrollTop + y) * (scale / old) - y;
      draw();
      pan.scrollTo(left, top);
    };
    const whole = () => zoom(Math.min(1, (pan.clientWidth - 2) / sizes[shown][0]));
    const fold = tools.querySelector("[data-do=fold]");
    const show = (index) => {
      shown = index;
      if (fold) {
        fold.setAttribute("aria-pressed", index === 1);
        fold.textContent = index === 1 ? "Show all revisions" : "Fold runs";
      }
      draw();
    };
    const actions = {
      in: () => zoom(scale * 1.25), out: () => zoom(scale / 1.25), one: () => zoom(1), whole,
      fold: () => show(1 - shown),
    };

    for (const button of all("button", tools)) {
      button.addEventListener("click", () => actions[button.dataset.do]());
    }
    pan.addEventListener("keydown", (event) => {
      const action = { "+": "in", "=": "in", "-": "out", "0": "one" }[event.key];
      if (action && !event.ctrlKey && !event.metaKey && !event.altKey) {
        actions[action]();
        event.preventDefault();
      }
    });
    pan.addEventListener("wheel", (event) => {
      if (event.ctrlKey) {
        const box = pan.getBoundingClientRect();
        zoom(scale * Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
        event.preventDefault();
      }
    }, { passive: false });

    const search = tools.querySelector("input"), count = tools.querySelector("output");
    const find = (next) => {
      const word = search.value.trim().toLowerCase();
      let found = [];
      for (const [i, svg] of pictures.entries()) {
        const hits = all("[data-find]", svg).filter((card) => {
          const hit = word !== "" && card.dataset.find.toLowerCase().includes(word);
          card.classList.toggle("found", hit);
          return hit;
        });
        if (i === 0) found = hits;
      }
      count.textContent = word === "" ? "" : found.length === 1 ? "1 found" : `${found.length} found`;
      if (found.length > 0) {
        if (shown !== 0) show(0);
        const at = next ? (found.indexOf(find.at) + 1) % found.length : 0;
        find.at = found[at];
        const box = find.at.getBoundingClientRect(), room = pan.getBoundingClientRect();
        pan.scrollBy(box.left - room.left - (room.width - box.width) / 2, box.top - room.top - (room.height - box.height) / 2);
      }
    };
    search.addEventListener("input", () => find(false));
    search.addEventListener("keydown", (event) => {
      if (event.key === "Enter") { find(true); event.preventDefault(); }
    });
    tools.hidden = false;
    if (fold && sizes[0][1] > 4000) show(1);
    if (sizes[shown][0] > pan.clientWidth && pan.clientWidth >= 640) {
      scale = Math.max(0.6, (pan.clientWidth - 2) / sizes[shown][0]);
      draw();
    }
    /* what the report is about comes first where not all is seen */
    const first = pictures[shown].querySelector(".scope.current, .scope");
    if (first && pan.scrollWidth > pan.clientWidth) {
      const box = first.getBoundingClientRect(), room = pan.getBoundingClientRect();
      pan.scrollLeft = box.left - room.left - (pan.clientWidth - box.width) / 2;
    }
  }

  /* The page's own search: what does not have the word is not shown. */
  const search = document.getElementById("search");
  if (search) {
    const items = all("[data-item]"), count = document.getElementById("search-count");
    search.closest(".find").hidden = false;
    search.addEventListener("input", () => {
      const word = search.value.trim().toLowerCase();
      let n = 0;
      for (const item of items) {
        const hit = word === "" || item.textContent.toLowerCase().includes(word);
        item.hidden = !hit;
        n += hit;
      }
      count.textContent = word === "" ? "" : `${n} of ${items.length}`;
    });
    search.addEventListener("keydown", (event) => {
      const first = event.key === "Enter" && search.value.trim() !== "" && items.find((item) => !item.hidden);
      if (first) {
        first.scrollIntoView({ behavior: still });
        event.preventDefault();
      }
    });
    /* a link to something that the search hides shows it again */
    addEventListener("hashchange", () => {
      const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
      if (target && target.hidden) {
        search.value = "";
        search.dispatchEvent(new Event("input"));
        target.scrollIntoView({ behavior: still });
      }
    });
  }

  /* Commands are copied by a click on their button. */
  for (const button of all("button[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "copied";
    });
  }
})();
