"use strict";
(() => {
  const holder = document.getElementById("scenes");
  if (holder) {
    const about = JSON.parse(holder.textContent);
    const bytes = Uint8Array.from(atob(document.getElementById("viewer").textContent), c => c.charCodeAt(0));
    const viewer = new TextDecoder().decode(bytes).split("@SCENE@");
    const frame = document.getElementById("frame");
    const chosen = { place: about.scenes[0].place, field: about.scenes[0].field, moment: about.scenes[0].moment };
    const show = () => {
      const at = about.scenes.findIndex(s => Object.keys(chosen).every(key => s[key] === chosen[key]));
      frame.srcdoc = viewer.join(document.getElementById("scene-" + at).textContent.trim());
      document.getElementById("shown").textContent = about.scenes[at].title;
      const colours = about.colours[chosen.field];
      const digits = value => String(Number(value.toPrecision(2))).replace("-", "−").replace("e+", "e");
      const bar = document.getElementById("bar");
      const words = text => Object.assign(document.createElement("span"), { textContent: text });
      bar.replaceChildren(words(colours.label), words(digits(colours.low)), document.createElement("i"),
        words(digits(colours.high)), words(colours.log ? "(logarithmic)" : ""));
      bar.querySelector("i").style.background = "linear-gradient(to right, " + colours.colours.join(",") + ")";
      bar.hidden = false;
      for (const button of document.querySelectorAll("#viewing button"))
        button.setAttribute("aria-pressed", String(chosen[button.dataset.key] === button.textContent));
    };
    const viewing = document.getElementById("viewing");
    for (const key of Object.keys(chosen)) {
      const words = [...new Set(about.scenes.map(s => s[key]))];
      if (key === "moment") words.sort((a, b) => time(a) - time(b));
      if (words.length < 2) continue;
      const set = viewing.appendChild(document.createElement("fieldset"));
      for (const word of words) {
        const button = set.appendChild(document.createElement("button"));
        Object.assign(button, { textContent: word, type: "button", onclick: () => { chosen[key] = word; show(); } });
        button.dataset.key = key;
      }
    }
    function time(word) {
      return parseFloat(about.scenes.find(s => s.moment === word).title.split("t = ")[1]);
    }
    const gl = document.createElement("canvas").getContext("webgl2");
    if (gl) {
      viewing.hidden = false;
      frame.hidden = false;
      document.getElementById("still").style.display = "none";
      show();
    }
  }
})();
