// What pages do beyond what they do without this file: times in the viewer's zone, rows ticked together.
"use strict";

(function () {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const shown = new Intl.DateTimeFormat(undefined, {
    weekday: "short", day: "numeric", month: "short", year: "numeric",
    hour: "2-digit", minute: "2-digit", timeZoneName: "short",
  });
  const two = (number) => String(number).padStart(2, "0");
  const local = (time) =>
    `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}T${two(time.getHours())}:${two(time.getMinutes())}`;

  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

  function times(root) {
    for (const period of root.querySelectorAll("[data-period]")) {
      const [start, end] = period.querySelectorAll("time");
      const [from, to] = [new Date(start.dateTime), new Date(end.dateTime)];
      if (from.toDateString() === to.toDateString()) {
        end.dataset.clock = "";
      }
    }
    for (const time of root.querySelectorAll("time[datetime]")) {
      const moment = new Date(time.dateTime);
      if (!Number.isNaN(moment.valueOf())) {
        time.textContent = ("clock" in time.dataset ? clock : shown).format(moment);
        time.title = time.dateTime;
      }
    }
  }

  // Inputs come in UTC. They are shown in the viewer's zone, and UTC is sent beside them.
  function clocks(root) {
    for (const input of root.querySelectorAll("input[data-utc]")) {
      const sent = input.form.elements[input.dataset.utc];
      const came = new Date(`${input.value}Z`);
      if (input.value && !Number.isNaN(came.valueOf())) {
        input.value = local(came);
      }
      const label = input.parentElement.querySelector("[data-zone]");
      if (label) {
        label.textContent = zone;
      }
      input.form.addEventListener("submit", () => {
        const typed = new Date(input.value);
        if (!Number.isNaN(typed.valueOf())) {
          sent.value = typed.toISOString();
        }
      });
      delete input.dataset.utc;
    }
  }

  // A box that ticks all rows of the page.
  function ticks(root) {
    for (const all of root.querySelectorAll("input[data-all]")) {
      all.hidden = false;
      all.addEventListener("change", () => {
        for (const one of document.querySelectorAll(`input[type=checkbox][name="${all.dataset.all}"]`)) {
          one.checked = all.checked;
        }
      });
    }
  }

  function prepare(root) {
    times(root);
    clocks(root);
    ticks(root);
  }

  prepare(document);
  document.addEventListener("htmx:afterSwap", () => prepare(document));
  // A menu closes with Escape, and when something else is clicked.
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) {
        menu.open = false;
      }
    }
  });
})();
