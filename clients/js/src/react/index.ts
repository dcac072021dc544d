export type { ConnectOptions } from "../options.js";
export { type BarsAsk, type BarsState, useBars } from "./bars.js";
export {
  type MarketStream,
  useClient,
  useMarketStream,
  useOrders,
  usePositions,
  usePrice,
  useStreamStatus,
  useSymbols,
} from "./hooks.js";
export { TapecastProvider, type TapecastProviderProps } from "./provider.js";
export type { Account, BoardOptions, Price, StreamStatus } from "./views.js";
