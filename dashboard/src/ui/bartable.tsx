import { memo } from "react";

/** A bar as the chart has it; a line chart has no more than closes. */
export interface Line {
  /** Seconds since the epoch. */
  time: number;
  open?: number;
  high?: number;
  low?: number;
  close: number;
  volume: number | undefined;
  fills: string;
}

export const READ_ALOUD = 60;

/** The newest bars in figures: a canvas can be neither read aloud nor searched. */
export const BarTable = memo(function BarTable({
  symbol,
  interval,
  lines,
}: {
  symbol: string;
  interval: string;
  lines: readonly Line[];
}) {
  return (
    <div className="sr">
      <table data-testid="bars">
        <caption>
          Newest bars of {interval} of {symbol}
        </caption>
        <thead>
          <tr>
            {["Start", "Open", "High", "Low", "Close", "Volume", "Own fills"].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <Bar key={line.time} {...line} />
          ))}
        </tbody>
      </table>
    </div>
  );
});

const Bar = memo(function Bar({ time, open, high, low, close, volume, fills }: Line) {
  return (
    <tr>
      <th scope="row">
        <time dateTime={new Date(1000 * time).toISOString()}>{new Date(1000 * time).toLocaleString()}</time>
      </th>
      <td>{open}</td>
      <td>{high}</td>
      <td>{low}</td>
      <td>{close}</td>
      <td>{volume}</td>
      <td>{fills}</td>
    </tr>
  );
});
