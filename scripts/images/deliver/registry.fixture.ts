import { digestOf } from '../layout/layout.ts'

/** A registry in memory for tests: it keeps what it got of a broken upload, as the specification allows. Not a real one. */
export type FakeRegistry = {
  readonly port: number
  readonly blobs: ReadonlyMap<string, Uint8Array>
  readonly manifests: ReadonlyMap<string, Uint8Array>
  /** `METHOD path` of all requests, in order. */
  readonly requests: readonly string[]
  readonly stop: () => Promise<void>
}

export type FakeOptions = {
  /** What a request gets instead of its answer; undefined lets it through. */
  readonly fault?: (request: Request, path: string) => Response | undefined
  readonly password?: string
  readonly scheme?: 'basic' | 'bearer'
}

type Upload = { parts: Uint8Array[]; size: number }

/** Drains a body as far as it comes. */
const keep = async (body: ReadableStream<Uint8Array> | null, upload: Upload): Promise<void> => {
  if (body === null) return
  for await (const part of body) {
    upload.parts.push(new Uint8Array(part))
    upload.size += part.length
  }
}

export const fakeRegistry = ({ fault, password, scheme = 'basic' }: FakeOptions = {}): FakeRegistry => {
  const blobs = new Map<string, Uint8Array>()
  const manifests = new Map<string, Uint8Array>()
  const uploads = new Map<string, Upload>()
  const requests: string[] = []
  const basic = `Basic ${Buffer.from(`user:${password}`).toString('base64')}`

  const refused = (request: Request, origin: string): Response | undefined => {
    const authorization = request.headers.get('authorization')
    if (password === undefined || authorization === (scheme === 'basic' ? basic : 'Bearer good'))
      return undefined
    const challenge =
      scheme === 'basic' ? 'Basic realm="fake"' : `Bearer realm="${origin}/token",service="fake",scope="x"`
    return new Response(null, { status: 401, headers: { 'www-authenticate': challenge } })
  }

  const accepted = (location: string, upload: Upload, status: number) =>
    new Response(null, {
      status,
      headers: { location, range: `0-${Math.max(0, upload.size - 1)}` },
    })

  const blob = (method: string, repository: string, digest: string): Response => {
    const found = blobs.get(`${repository}@${digest}`)
    if (method !== 'HEAD' || found === undefined) return new Response(null, { status: 404 })
    return new Response(null, { headers: { 'content-length': `${found.length}` } })
  }

  const begin = (repository: string, query: URLSearchParams): Response => {
    const digest = query.get('mount') ?? ''
    const found = blobs.get(`${query.get('from')}@${digest}`)
    if (found !== undefined) {
      blobs.set(`${repository}@${digest}`, found)
      return new Response(null, { status: 201 })
    }
    const id = crypto.randomUUID()
    uploads.set(id, { parts: [], size: 0 })
    return accepted(`/v2/${repository}/blobs/uploads/${id}`, { parts: [], size: 0 }, 202)
  }

  const onUpload = async (request: Request, url: URL, repository: string, id: string): Promise<Response> => {
    const upload = uploads.get(id)
    if (upload === undefined) return new Response(null, { status: 404 })
    if (request.method === 'GET') return accepted(url.pathname, upload, 204)
    if (request.method === 'DELETE') {
      uploads.delete(id)
      return new Response(null, { status: 204 })
    }
    if (request.method === 'PATCH') {
      if (!request.headers.get('content-range')?.startsWith(`${upload.size}-`))
        return accepted(url.pathname, upload, 416)
      await keep(request.body, upload)
      return accepted(url.pathname, upload, 202)
    }
    const bytes = new Uint8Array(Buffer.concat(upload.parts))
    const digest = url.searchParams.get('digest') ?? ''
    if (digestOf(bytes) !== digest)
      return Response.json(
        { errors: [{ code: 'DIGEST_INVALID', message: 'provided digest did not match' }] },
        { status: 400 },
      )
    blobs.set(`${repository}@${digest}`, bytes)
    uploads.delete(id)
    return new Response(null, { status: 201 })
  }

  const manifest = async (request: Request, repository: string, under: string): Promise<Response> => {
    if (request.method === 'PUT') {
      const bytes = await request.bytes()
      for (const name of [under, digestOf(bytes)]) manifests.set(`${repository}:${name}`, bytes)
      return new Response(null, { status: 201, headers: { 'docker-content-digest': digestOf(bytes) } })
    }
    const found = manifests.get(`${repository}:${under}`)
    if (found === undefined) return new Response(null, { status: 404 })
    return new Response(null, { headers: { 'docker-content-digest': digestOf(found) } })
  }

  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: async (request) => {
      const url = new URL(request.url)
      requests.push(`${request.method} ${url.pathname}`)
      const faulty = fault?.(request, url.pathname)
      if (faulty !== undefined) return faulty
      if (url.pathname === '/token')
        return request.headers.get('authorization') === basic
          ? Response.json({ token: 'good' })
          : new Response(null, { status: 401 })
      const no = refused(request, url.origin)
      if (no !== undefined) return no
      const [, repository = '', kind, rest = ''] =
        /^\/v2\/(.+?)\/(blobs\/uploads|blobs|manifests)\/(.*)$/.exec(url.pathname) ?? []
      if (kind === 'blobs/uploads')
        return rest === '' ? begin(repository, url.searchParams) : onUpload(request, url, repository, rest)
      if (kind === 'blobs') return blob(request.method, repository, rest)
      if (kind === 'manifests') return manifest(request, repository, rest)
      return new Response(null, { status: 404 })
    },
    error: () => new Response(null, { status: 500 }),
  })
  return {
    port: server.port ?? 0,
    blobs,
    manifests,
    requests,
    stop: () => server.stop(true),
  }
}
