// What the person at this browser prefers. Kept in this browser alone.
export interface Settings {
  theme: "light" | "dark" | "system";
  sound: boolean;
  cues: boolean;
  metronome: boolean;
  beatsPerMinute: number;
  band: boolean;
  bandMl: number;
  /** Of feet that were not measured, mm of the lab; along measured feet the daemon's settings say it. */
  bandApLow: number;
  bandApHigh: number;
  bandLoad: number;
  seconds: number;
}

const usual: Settings = {
  theme: "system", sound: false, cues: true, metronome: false, beatsPerMinute: 60,
  band: true, bandMl: 25, bandApLow: 30, bandApHigh: 90, bandLoad: 10, seconds: 10,
};
const place = "grfd-monitor-settings";

function stored(): Partial<Settings> {
  try {
    return JSON.parse(localStorage.getItem(place) ?? "{}") as Partial<Settings>;
  } catch {
    return {};
  }
}

export const settings: Settings = { ...usual, ...stored() };

export function keep(change: Partial<Settings>): void {
  Object.assign(settings, change);
  try {
    localStorage.setItem(place, JSON.stringify(settings));
  } catch { /* private windows keep nothing */ }
  document.dispatchEvent(new CustomEvent("settings"));
}

type Field = [keyof Settings, string, "flag"] | [keyof Settings, string, "number", number, number, string];
const fields: Field[] = [
  ["band", "show target bands", "flag"],
  ["bandMl", "* target of the CoP, half width left to right", "number", 1, 300, "mm"],
  ["bandApLow", "* its rear edge, feet not measured", "number", -300, 400, "mm"],
  ["bandApHigh", "* its front edge, feet not measured", "number", -300, 400, "mm"],
  ["bandLoad", "load asymmetry, to each side", "number", 1, 100, "%"],
  ["seconds", "length of the traces", "number", 4, 30, "s"],
  ["cues", "cues: an ankle stops, bottom, repetition", "flag"],
  ["metronome", "metronome", "flag"],
  ["beatsPerMinute", "its beats per minute", "number", 20, 200, "/min"],
];

export function fillForm(form: HTMLFormElement, facts: () => string): void {
  form.textContent = "";
  const title = document.createElement("h2");
  title.textContent = "Settings of this browser";
  form.append(title);
  for (const field of fields) {
    const label = document.createElement("label"), input = document.createElement("input"), unit = document.createElement("span");
    const [key, words, kind] = field;
    input.name = key;
    if (kind === "flag") {
      input.type = "checkbox";
      input.checked = Boolean(settings[key]);
      input.onchange = () => keep({ [key]: input.checked });
    } else {
      input.type = "number";
      input.min = String(field[3]);
      input.max = String(field[4]);
      input.value = String(settings[key]);
      unit.textContent = field[5];
      input.onchange = () => {
        const value = Number(input.value);
        if (input.value !== "" && value >= field[3] && value <= field[4]) keep({ [key]: value });
        else input.value = String(settings[key]);
      };
    }
    label.append(words, input, unit);
    form.append(label);
  }
  const keys = document.createElement("p");
  keys.className = "facts";
  keys.textContent = "* exploratory: a hypothesis, neither good nor bad. Keys: Z zero, S start, X stop, M mark, ← → step through the repetitions, Esc back to live, T light or dark, A sound, comma these settings.";
  form.append(keys);
  const about = document.createElement("p"), close = document.createElement("button");
  about.className = "facts";
  about.textContent = facts();
  close.textContent = "Close";
  form.append(about, close);
}
