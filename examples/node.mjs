// Prices in Node 20 or newer, with the JavaScript client, in a folder with a package.json:
//     npm install ./tapecast-client-0.1.0.tgz      (made by `npm ci && npm pack` in clients/js)
//     node node.mjs AAPL BTC/USD
// TAPECAST_URL names another server than http://localhost:8000, API_TOKEN is sent where there is one.
import { connect, fetchTransport } from 'tapecast-client'

const { TAPECAST_URL: url = 'http://localhost:8000', API_TOKEN } = process.env
const headers = API_TOKEN ? { Authorization: `Bearer ${API_TOKEN}` } : {}
const symbols = process.argv.length > 2 ? process.argv.slice(2) : ['AAPL', 'BTC/USD']

const client = connect({ url, symbols, interval: 250, transport: fetchTransport({ headers }) })

client.on('tick', ({ symbol, price, bid, ask }) => console.log(symbol, price, bid ?? '-', ask ?? '-'))
// live, closed, stale, pending, refused: whether the price above may be believed.
client.on('symbol', ({ symbol, state, reason }) => console.log(symbol, state, reason ?? ''))
client.on('error', ({ message, lasting }) => {
  console.error(message)
  // It comes back by itself, except from what only a person can mend.
  if (lasting) process.exit(1)
})
process.on('SIGINT', () => process.exit(130))
