// The chart itself, without React: TradingView's lightweight-charts under our names.

import {
  CandlestickSeries,
  ColorType,
  createChart,
  createSeriesMarkers,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  LineSeries,
  type SeriesType,
  type Time,
  type UTCTimestamp,
} from "lightweight-charts";
import type { Candle, Fill } from "../candles";
import type { ChartKind } from "../choices";
import { digitsOf } from "../format";
import type { Line } from "./bartable";
import type { Colours } from "./colours";

const at = (seconds: number) => seconds as UTCTimestamp;
const clock = (time: Time, options: Intl.DateTimeFormatOptions) =>
  new Date(1000 * (time as number)).toLocaleString("en-GB", options);
const DAY: Intl.DateTimeFormatOptions = { day: "numeric", month: "short" };
const MINUTE: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit" };
const SECOND: Intl.DateTimeFormatOptions = { ...MINUTE, second: "2-digit" };
// By lightweight-charts' kinds of marks: year, month, day, time, time with seconds.
const MARKS: Intl.DateTimeFormatOptions[] = [{ year: "numeric" }, { month: "short" }, DAY, MINUTE, SECOND];

export class Plot {
  readonly #chart: IChartApi;
  #main: ISeriesApi<SeriesType>;
  readonly #volume: ISeriesApi<"Histogram">;
  #markers: ISeriesMarkersPluginApi<Time>;
  #kind: ChartKind;
  #colours: Colours;
  #held: readonly Candle[] = [];
  #fills: readonly Fill[] = [];
  // How many candles there were when all of them were last brought into view.
  #fitted = 0;

  constructor(element: HTMLElement, kind: ChartKind, colours: Colours) {
    this.#kind = kind;
    this.#colours = colours;
    this.#chart = createChart(element, {
      autoSize: true,
      // Before the first measuring: a range that is set on a chart of no width is lost.
      width: element.clientWidth,
      height: element.clientHeight,
      layout: {
        fontSize: 11,
        // Its logo brings a style of its own, which the page's policy forbids; the panel names and links it.
        attributionLogo: false,
      },
      localization: { timeFormatter: (time: Time) => clock(time, { ...DAY, ...SECOND }) },
      timeScale: {
        timeVisible: true,
        secondsVisible: true,
        rightOffset: 4,
        barSpacing: 12,
        tickMarkFormatter: (time: Time, mark: number) => clock(time, MARKS[mark] ?? MINUTE),
      },
    });
    this.#volume = this.#chart.addSeries(HistogramSeries, {
      priceScaleId: "volume",
      priceFormat: { type: "volume" },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    this.#chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
    this.#main = this.#addMain();
    this.#markers = createSeriesMarkers(this.#main);
    this.paint(colours);
  }

  paint(colours: Colours): void {
    this.#colours = colours;
    const { soft, line, panel, up, down, calm } = colours;
    this.#chart.applyOptions({
      layout: { background: { type: ColorType.Solid, color: panel }, textColor: soft },
      grid: { vertLines: { color: line }, horzLines: { color: line } },
      rightPriceScale: { borderColor: line },
      timeScale: { borderColor: line },
    });
    this.#main.applyOptions(
      this.#kind === "line"
        ? { color: calm }
        : { upColor: up, downColor: down, wickUpColor: up, wickDownColor: down },
    );
    this.#volume.applyOptions({ color: `${soft}55` });
  }

  show(kind: ChartKind): void {
    if (kind === this.#kind) return;
    this.#kind = kind;
    this.#chart.removeSeries(this.#main);
    this.#main = this.#addMain();
    this.#markers = createSeriesMarkers(this.#main);
    this.#fills = this.#held = [];
    this.paint(this.#colours);
  }

  /** These, and no others. What was drawn before stays where only its end has changed. */
  draw(candles: readonly Candle[]): void {
    const known = this.#held.length - 1;
    const isGrown = known >= 0 && candles.length > known && this.#isSame(candles, known);
    this.#held = candles;
    if (isGrown) for (const candle of candles.slice(known)) this.#put(candle);
    else this.#replace(candles);
    // Nothing is drawn between two symbols: what was scrolled to means nothing on the next one. And history comes
    // when the venue has told it, after the first own bar or two.
    if (!candles.length) this.#fitted = 0;
    else if (!isGrown && candles.length > 2 * this.#fitted) this.#fit(candles.length);
  }

  #isSame(candles: readonly Candle[], count: number): boolean {
    for (let each = 0; each < count; each += 1) if (candles[each] !== this.#held[each]) return false;
    return candles[count]?.time === this.#held[count]?.time;
  }

  #replace(candles: readonly Candle[]): void {
    this.#main.setData(candles.map((candle) => this.#item(candle)));
    this.#volume.setData(
      candles.filter(({ volume }) => volume).map(({ time, volume }) => ({ time: at(time), value: volume })),
    );
    const digits = digitsOf(candles.at(-1)?.close ?? 1);
    this.#main.applyOptions({ priceFormat: { type: "price", precision: digits, minMove: 10 ** -digits } });
  }

  #put(candle: Candle): void {
    this.#main.update(this.#item(candle));
    if (candle.volume) this.#volume.update({ time: at(candle.time), value: candle.volume });
  }

  /** What the chart itself has, oldest first. */
  newest(count: number): Line[] {
    const volumes = new Map(this.#volume.data().map((bar) => [bar.time, bar as { value?: number }]));
    const marks = this.#markers.markers();
    return this.#main
      .data()
      .slice(-count)
      .map((item) => {
        const { time, value, ...bar } = item as unknown as Candle & { value?: number };
        const fills = marks.filter((mark) => mark.time === time).map(({ text }) => text);
        const volume = volumes.get(at(time))?.value;
        const line = { ...bar, time, close: value ?? bar.close, fills: fills.join(", ") };
        return volume === undefined ? line : { ...line, volume };
      });
  }

  mark(fills: readonly Fill[]): void {
    if (JSON.stringify(fills) === JSON.stringify(this.#fills)) return;
    this.#fills = fills;
    const { up, down } = this.#colours;
    this.#markers.setMarkers(
      fills.map(({ time, side, text }) => ({
        time: at(time),
        text,
        ...(side === "buy"
          ? ({ position: "belowBar", shape: "arrowUp", color: up } as const)
          : ({ position: "aboveBar", shape: "arrowDown", color: down } as const)),
      })),
    );
  }

  /** As much as there is, up to a screenful. */
  #fit(count: number): void {
    this.#fitted = count;
    const shown = Math.min(Math.max(count, 30), 140);
    this.#chart.timeScale().setVisibleLogicalRange({ from: count - shown, to: count + 4 });
  }

  close(): void {
    this.#chart.remove();
  }

  #addMain(): ISeriesApi<SeriesType> {
    if (this.#kind === "line") return this.#chart.addSeries(LineSeries, { lineWidth: 2 });
    return this.#chart.addSeries(CandlestickSeries, { borderVisible: false });
  }

  #item({ time, open, high, low, close }: Candle) {
    return this.#kind === "line"
      ? { time: at(time), value: close }
      : { time: at(time), open, high, low, close };
  }
}
