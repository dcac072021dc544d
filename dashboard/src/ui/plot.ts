// The chart itself, without React: TradingView's lightweight-charts under our names.

import {
  CandlestickSeries,
  ColorType,
  createChart,
  createSeriesMarkers,
  type HistogramData,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  LineSeries,
  type Logical,
  type SeriesType,
  type Time,
  type UTCTimestamp,
} from "lightweight-charts";
import type { Bar } from "tapecast-client/bars";
import type { ChartKind } from "../choices";
import { type Fill, legibleOf, startOf } from "../fills";
import { digitsOf, price, quantity } from "../format";
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
  #held: readonly Bar[] = [];
  #fills: readonly Fill[] = [];
  // How many candles there were when all of them were last brought into view.
  #fitted = 0;
  // Pixels between two candles, for which the marks were last written.
  #pitch = 0;

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
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange(() => {
      if (this.#pitch !== this.#pitchNow()) this.#write();
    });
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
  draw(bars: readonly Bar[]): void {
    const known = this.#held.length - 1;
    const isGrown = known >= 0 && bars.length > known && this.#isSame(bars, known);
    this.#held = bars;
    if (isGrown) for (const bar of bars.slice(known)) this.#put(bar);
    else this.#replace(bars);
    // Nothing is drawn between two symbols: what was scrolled to means nothing on the next one. And history comes
    // when the venue has told it, after the first own bar or two.
    if (!bars.length) this.#fitted = 0;
    else if (!isGrown && bars.length > 2 * this.#fitted) this.#fit(bars.length);
  }

  #isSame(bars: readonly Bar[], count: number): boolean {
    for (let each = 0; each < count; each += 1) if (bars[each] !== this.#held[each]) return false;
    return bars[count]?.start === this.#held[count]?.start;
  }

  #replace(bars: readonly Bar[]): void {
    this.#main.setData(bars.map((bar) => this.#item(bar)));
    this.#volume.setData(bars.filter(({ volume }) => volume).map(volumeOf));
    const digits = digitsOf(bars.at(-1)?.close ?? 1);
    const formatter = (value: number) => price(value, digits);
    this.#main.applyOptions({ priceFormat: { type: "custom", minMove: 10 ** -digits, formatter } });
  }

  #put(bar: Bar): void {
    this.#main.update(this.#item(bar));
    if (bar.volume) this.#volume.update(volumeOf(bar));
  }

  /** What the chart itself has, oldest first. */
  newest(count: number): Line[] {
    const volumes = new Map(this.#volume.data().map((item) => [item.time, (item as HistogramData).value]));
    const marks = this.#markers.markers();
    return this.#main
      .data()
      .slice(-count)
      .map((item) => {
        const { time, value, ...bar } = item as Drawn;
        const fills = marks.filter((mark) => mark.time === time).map(({ id }) => id);
        return {
          ...bar,
          time: time as number,
          close: value ?? (bar.close as number),
          volume: volumes.get(time),
          fills: fills.join(", "),
        };
      });
  }

  mark(fills: readonly Fill[]): void {
    if (JSON.stringify(fills) === JSON.stringify(this.#fills)) return;
    this.#fills = fills;
    this.#write();
  }

  #pitchNow(): number {
    const scale = this.#chart.timeScale();
    const [one, two] = [0, 1].map((index) => scale.logicalToCoordinate(index as Logical) ?? 0);
    return (two as number) - (one as number);
  }

  /** The marks, with as much text as candles of this width leave room for. */
  #write(): void {
    this.#pitch = this.#pitchNow();
    const scale = this.#chart.timeScale();
    // In full it would cover its neighbours.
    const labels = this.#fills.map(({ side, qty }) => `${side === "buy" ? "B" : "S"} ${quantity(qty)}`);
    const isLegible = legibleOf(
      this.#fills.map(({ time, side }, each) => ({
        x: scale.timeToCoordinate(at(time)) ?? 0,
        side,
        label: labels[each] as string,
      })),
    );
    const { up, down } = this.#colours;
    this.#markers.setMarkers(
      this.#fills.map(({ time, side, text }, each) => ({
        time: at(time),
        text: isLegible[each] ? (labels[each] as string) : "",
        id: text,
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

  #item(bar: Bar) {
    const { open, high, low, close } = bar;
    const time = at(startOf(bar));
    return this.#kind === "line" ? { time, value: close } : { time, open, high, low, close };
  }
}

/** Of a candle or of a line. */
type Drawn = { time: Time; value?: number } & Partial<Pick<Bar, "open" | "high" | "low" | "close">>;

function volumeOf(bar: Bar) {
  return { time: at(startOf(bar)), value: bar.volume };
}
