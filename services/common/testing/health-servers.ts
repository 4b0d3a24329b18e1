/** Real servers on loopback that answer GET /health in every way there is. */

const reply = (status: number, body: object) => () => Response.json(body, { status })
const own = { service: 'alpha', version: '1.2.3', started_at: 1 }

const answers = {
  healthy: reply(200, { status: 'healthy', ...own, dependencies: { store: 'ok' } }),
  'healthy without a soft need': reply(200, { status: 'healthy', ...own, dependencies: { chain: 'unreachable' } }),
  degraded: reply(503, { status: 'degraded', ...own, dependencies: { store: 'ok', beta: 'unreachable' } }),
  unhealthy: reply(503, { status: 'unhealthy', ...own, dependencies: { store: 'the disk is full\u001b[31m' } }),
  'another program': reply(200, { status: 'healthy', service: 'beta' }),
  'no JSON': () => new Response('<html>It works!</html>', { headers: { 'content-type': 'application/json' } }),
  'a JSON array': () => Response.json([1]),
  'healthy with status 503': reply(503, { status: 'healthy', ...own }),
  'unhealthy with status 200': reply(200, { status: 'unhealthy', ...own }),
  'an empty body': () => new Response(''),
  'a redirect': () => Response.redirect('/elsewhere'),
  'a body too long': () => new Response('x'.repeat(200_000)),
  hanging: () => new Promise<Response>(() => {}),
  'hanging in the body': () =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode('{"status":')),
        pull: () => new Promise(() => {}),
      }),
    ),
} as const

export type Answer = keyof typeof answers

/** A server that answers so; `await using` it. */
export const serve = (answer: Answer) => {
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 0,
    fetch: (request) =>
      new URL(request.url).pathname === '/health' ? answers[answer]() : new Response('', { status: 404 }),
  })
  return {
    url: `http://127.0.0.1:${server.port}`,
    port: server.port ?? 0,
    [Symbol.asyncDispose]: () => server.stop(true),
  }
}

/** A loopback port on which nothing listens. */
export const deadPort = async (): Promise<number> => {
  await using server = serve('healthy')
  return server.port
}
