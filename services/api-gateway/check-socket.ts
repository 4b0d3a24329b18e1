/**
 * Answers NGINX's question before each guarded route, `GET /SERVICE`: 204, it may go on, or 403, it asked too often.
 * On a socket of its own, which is asked as often as all of them together: no router, log or count is around it.
 */
export const serveChecks = (
  unix: string,
  mayGoOn: (service: string, client: string, request: Request) => Promise<boolean>,
  onError: (error: unknown) => void,
): Bun.Server<undefined> =>
  Bun.serve({
    unix,
    fetch: async (request) => {
      const service = request.url.slice(request.url.lastIndexOf('/') + 1)
      const goesOn = await mayGoOn(service, request.headers.get('x-client') ?? '', request)
      return new Response(null, { status: goesOn ? 204 : 403 })
    },
    error: (error) => {
      onError(error)
      return new Response(null, { status: 500 })
    },
  })
