import type { RealServices } from '#common/testing/real-services'

type Pass = (request: Request) => Promise<Response>

/** authentication and api-server, real, behind one address, as the gateway has them; what was asked is in `asked`. `change` stands in between. */
export const serveDoor = (services: RealServices, change: (pass: Pass) => Pass = (pass) => pass) => {
  const asked: string[] = []
  const answer = change(async (request) => {
    const { pathname, search } = new URL(request.url)
    const { method, headers } = request
    const to = services.url(pathname.startsWith('/auth/') ? 'authentication' : 'api-server')
    return fetch(`${to}${pathname}${search}`, { method, headers, body: await request.blob() })
  })
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) => {
      asked.push(`${request.method} ${new URL(request.url).pathname}`)
      return answer(request)
    },
  })
  return { url: `http://127.0.0.1:${server.port}`, asked, stop: () => server.stop(true) }
}
