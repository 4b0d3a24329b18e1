import { computeDigest } from '../layout/layout.ts'

export type FakeOptions = {
  /** What a request gets instead of its answer; undefined lets it through. */
  readonly fault?: (request: Request, path: string) => Response | undefined
  readonly password?: string
  readonly scheme?: 'basic' | 'bearer'
}

type Upload = { readonly parts: Uint8Array[]; size: number }

type Content = {
  /** By `repository@digest`. */
  readonly blobs: Map<string, Uint8Array>
  /** By `repository:tag` and `repository:digest`. */
  readonly manifests: Map<string, Uint8Array>
  readonly uploads: Map<string, Upload>
}

const empty = (status: number, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(null, { status, headers })

/** Drains a body as far as it comes. */
const drain = async (body: ReadableStream<Uint8Array> | null, upload: Upload): Promise<void> => {
  if (body === null) return
  for await (const part of body) {
    upload.parts.push(new Uint8Array(part))
    upload.size += part.length
  }
}

const accept = (location: string, size: number, status: number): Response =>
  empty(status, { location, range: `0-${Math.max(0, size - 1)}` })

const findBlob = ({ blobs }: Content, method: string, repository: string, digest: string): Response => {
  const found = blobs.get(`${repository}@${digest}`)
  if (method !== 'HEAD' || found === undefined) return empty(404)
  return empty(200, { 'content-length': `${found.length}` })
}

const beginUpload = ({ blobs, uploads }: Content, repository: string, query: URLSearchParams): Response => {
  const digest = query.get('mount') ?? ''
  const found = blobs.get(`${query.get('from')}@${digest}`)
  if (found !== undefined) {
    blobs.set(`${repository}@${digest}`, found)
    return empty(201)
  }
  const id = crypto.randomUUID()
  uploads.set(id, { parts: [], size: 0 })
  return accept(`/v2/${repository}/blobs/uploads/${id}`, 0, 202)
}

const finishUpload = (
  { blobs, uploads }: Content,
  { repository, id, digest }: { readonly repository: string; readonly id: string; readonly digest: string },
): Response => {
  const bytes = new Uint8Array(Buffer.concat(uploads.get(id)?.parts ?? []))
  if (computeDigest(bytes) !== digest)
    return Response.json(
      { errors: [{ code: 'DIGEST_INVALID', message: 'provided digest did not match' }] },
      { status: 400 },
    )
  blobs.set(`${repository}@${digest}`, bytes)
  uploads.delete(id)
  return empty(201)
}

const continueUpload = async (
  content: Content,
  request: Request,
  { repository, id }: { readonly repository: string; readonly id: string },
): Promise<Response> => {
  const { pathname, searchParams } = new URL(request.url)
  const upload = content.uploads.get(id)
  if (upload === undefined) return empty(404)
  if (request.method === 'GET') return accept(pathname, upload.size, 204)
  if (request.method === 'DELETE') {
    content.uploads.delete(id)
    return empty(204)
  }
  if (request.method === 'PATCH') {
    if (!request.headers.get('content-range')?.startsWith(`${upload.size}-`)) return accept(pathname, upload.size, 416)
    await drain(request.body, upload)
    return accept(pathname, upload.size, 202)
  }
  return finishUpload(content, { repository, id, digest: searchParams.get('digest') ?? '' })
}

const onManifest = async (
  { manifests }: Content,
  request: Request,
  repository: string,
  under: string,
): Promise<Response> => {
  if (request.method === 'PUT') {
    const bytes = await request.bytes()
    for (const name of [under, computeDigest(bytes)]) manifests.set(`${repository}:${name}`, bytes)
    return empty(201, { 'docker-content-digest': computeDigest(bytes) })
  }
  const found = manifests.get(`${repository}:${under}`)
  return found === undefined ? empty(404) : empty(200, { 'docker-content-digest': computeDigest(found) })
}

const answer = async (content: Content, request: Request): Promise<Response> => {
  const { pathname, searchParams } = new URL(request.url)
  const [, repository = '', kind, rest = ''] =
    /^\/v2\/(.+?)\/(blobs\/uploads|blobs|manifests)\/(.*)$/.exec(pathname) ?? []
  if (kind === 'blobs/uploads')
    return rest === ''
      ? beginUpload(content, repository, searchParams)
      : continueUpload(content, request, { repository, id: rest })
  if (kind === 'blobs') return findBlob(content, request.method, repository, rest)
  return kind === 'manifests' ? onManifest(content, request, repository, rest) : empty(404)
}

/** Sends those away who do not prove that they are `user`; undefined lets a request through. */
const guard =
  ({ password, scheme = 'basic' }: FakeOptions) =>
  (request: Request): Response | undefined => {
    const basic = `Basic ${Buffer.from(`user:${password}`).toString('base64')}`
    const { pathname, origin } = new URL(request.url)
    const authorization = request.headers.get('authorization')
    if (pathname === '/token') return authorization === basic ? Response.json({ token: 'good' }) : empty(401)
    if (password === undefined || authorization === (scheme === 'basic' ? basic : 'Bearer good')) return undefined
    const challenge =
      scheme === 'basic' ? 'Basic realm="fake"' : `Bearer realm="${origin}/token",service="fake",scope="x"`
    return empty(401, { 'www-authenticate': challenge })
  }

/** A registry in memory for tests: it keeps what it got of a broken upload, as the specification allows. Not a real one. */
export const fakeRegistry = ({ fault, ...options }: FakeOptions = {}) => {
  const content: Content = { blobs: new Map(), manifests: new Map(), uploads: new Map() }
  const requests: string[] = []
  const refuse = guard(options)
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) => {
      const { pathname } = new URL(request.url)
      requests.push(`${request.method} ${pathname}`)
      return fault?.(request, pathname) ?? refuse(request) ?? answer(content, request)
    },
    error: () => empty(500),
  })
  return {
    port: server.port ?? 0,
    blobs: content.blobs,
    manifests: content.manifests,
    /** `METHOD path` of all requests, in order. */
    requests,
    stop: () => server.stop(true),
  }
}
