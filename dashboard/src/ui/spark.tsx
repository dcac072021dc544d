import { memo, useMemo } from "react";
import { useSecond } from "../hooks";
import { tape } from "../session";
import { pathOf } from "../tape";

export const WIDTH = 74;
export const HEIGHT = 22;

/** The prices that this page has seen of a symbol, as a line. Drawn once a second at most. */
export const Spark = memo(function Spark({ symbol, direction }: { symbol: string; direction: string }) {
  useSecond();
  const ring = tape.of(symbol);
  const version = ring?.version;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the ring is changed in place, its version says so
  const path = useMemo(() => (ring ? pathOf(ring.points(), WIDTH, HEIGHT) : ""), [ring, version]);
  return (
    <svg
      className={direction}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      width={WIDTH}
      height={HEIGHT}
      aria-hidden="true"
    >
      <path d={path} />
    </svg>
  );
});
