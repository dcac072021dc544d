// A route of your own site that mints tickets: app/api/ticket/route.js in Next.js; anything that has the web's
// Request and Response (Remix, Hono, Bun, Deno) takes the same function.
//
// The page never sees API_TOKEN. It gets a ticket for just what this user may see, which ends by itself:
//     connect({ url, symbols, ticket: async () => (await fetch('/api/ticket')).text() })

const { TAPECAST_URL = 'http://localhost:8000', API_TOKEN } = process.env

export const dynamic = 'force-dynamic' // Next.js must not keep one user's ticket for the next

export async function GET(request) {
  const user = await whoIs(request)
  if (!user) return new Response('sign in first', { status: 401 })
  try {
    const answer = await fetch(`${TAPECAST_URL}/tickets`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${API_TOKEN}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ streams: ['prices'], symbols: user.symbols, ttl_s: 900 }),
      signal: AbortSignal.timeout(5000),
    })
    if (!answer.ok) throw new Error(`tapecast answered ${answer.status}`)
    const { ticket } = await answer.json()
    return new Response(ticket, { headers: { 'Cache-Control': 'no-store' } })
  } catch (error) {
    console.error('no ticket:', error.message) // for your log: the page is told no more than it needs
    return new Response('prices are away for a moment', { status: 503, headers: { 'Retry-After': '2' } })
  }
}

// Yours to write: who asks, by your session, and which symbols that user has paid for.
async function whoIs(request) {
  return request.headers.get('cookie')?.includes('session=') && { symbols: ['AAPL', 'BTC/USD'] }
}
