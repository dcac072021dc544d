import { TapecastProvider, useMarketStream, useStreamStatus } from 'tapecast-client/react'

const SYMBOLS = ['AAPL', 'MSFT', 'BTC/USD']

function Watchlist() {
  const { prices, connected, error } = useMarketStream(SYMBOLS)
  const { feeds } = useStreamStatus()
  return (
    <>
      <p>{feeds.some(({ simulated }) => simulated) && 'SIMULATED'} {error?.message}</p>
      {SYMBOLS.map((symbol) => prices[symbol] ?? { symbol }).map(({ symbol, price, state }) => (
        <p key={symbol}>{symbol} {price} {connected ? state : 'offline'}</p>
      ))}
    </>
  )
}

export default function App() {
  return (
    <TapecastProvider url={import.meta.env.VITE_TAPECAST_URL ?? 'http://localhost:8000'}>
      <Watchlist />
    </TapecastProvider>
  )
}
