// What is drawn on a canvas takes its colours from the style sheet, and follows the switch.

import { useEffect, useState } from "react";
import { theme } from "../choices";

export interface Colours {
  ink: string;
  soft: string;
  line: string;
  panel: string;
  up: string;
  down: string;
  calm: string;
}

function read(): Colours {
  const style = getComputedStyle(document.documentElement);
  const of = (name: keyof Colours) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: of("ink"),
    soft: of("soft"),
    line: of("line"),
    panel: of("panel"),
    up: of("up"),
    down: of("down"),
    calm: of("calm"),
  };
}

export function useColours(): Colours {
  const [colours, set] = useState(read);
  useEffect(() => {
    // After the page's own effect has set the theme.
    const look = () => requestAnimationFrame(() => set(read()));
    const system = matchMedia("(prefers-color-scheme: light)");
    system.addEventListener("change", look);
    const stop = theme.subscribe(look);
    return () => {
      system.removeEventListener("change", look);
      stop();
    };
  }, []);
  return colours;
}
