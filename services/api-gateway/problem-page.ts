/** What NGINX answers by itself, as problem details (RFC 9457). Replies of services pass through untouched. */
export type ProblemPage = {
  /** Raised before there is a path, where NGINX cannot go to a named location. */
  readonly early?: true
  /** The statuses that NGINX raises, where they are not the one that is answered. */
  readonly raised?: readonly number[]
  readonly title: string
  readonly code: string
  readonly detail: string
  readonly headers?: Readonly<Record<string, string>>
}

/** By the status that is answered. */
export const problemPages: Readonly<Record<number, ProblemPage>> = {
  400: {
    early: true,
    // 497 is plain HTTP on the port of TLS.
    raised: [400, 497],
    title: 'Bad Request',
    code: 'bad-request',
    detail: 'the request is not well-formed HTTP, or plain HTTP where TLS is spoken',
  },
  404: { title: 'Not Found', code: 'no-such-route', detail: 'there is no such route at the gateway' },
  405: {
    title: 'Method Not Allowed',
    code: 'method-not-allowed',
    detail: 'the route does not take this method; see the Allow header',
    headers: { Allow: '$allow' },
  },
  408: { early: true, title: 'Request Timeout', code: 'request-timeout', detail: 'the request did not come in time' },
  413: {
    title: 'Content Too Large',
    code: 'body-too-large',
    detail: 'the body is over the limit of the gateway, 16 MiB; streams have a route of their own',
  },
  414: { early: true, title: 'URI Too Long', code: 'uri-too-long', detail: 'the address of the request is too long' },
  421: {
    title: 'Misdirected Request',
    code: 'unknown-host',
    detail: 'the gateway does not answer to this host name; GATEWAY_HOSTS adds one',
  },
  429: {
    // 403 is the word of the check before a guarded route.
    raised: [429, 403],
    title: 'Too Many Requests',
    code: 'rate-limited',
    detail: 'too many requests in the last minute; slow down',
    headers: { 'Retry-After': '1' },
  },
  431: {
    early: true,
    raised: [494],
    title: 'Request Header Fields Too Large',
    code: 'headers-too-large',
    detail: 'the header fields of the request are too long',
  },
  500: { title: 'Internal Server Error', code: 'unexpected', detail: 'An unexpected error occurred; the log has it.' },
  501: {
    early: true,
    title: 'Not Implemented',
    code: 'not-implemented',
    detail: 'the gateway does not know this way to send a body; use Content-Length or chunks',
  },
  503: {
    // 502 is a service that is being started again: whoever asks shall ask again, as of any other that is not there.
    raised: [502, 503],
    title: 'Service Unavailable',
    code: 'unreachable',
    detail: 'the service behind this route is not there now; send it again, a POST with the same Idempotency-Key',
    headers: { 'Retry-After': '1' },
  },
  504: {
    title: 'Gateway Timeout',
    code: 'upstream-timeout',
    detail: 'the service behind this route did not answer in time',
  },
  505: {
    early: true,
    title: 'HTTP Version Not Supported',
    code: 'http-version',
    detail: 'the gateway speaks HTTP/1.0 and HTTP/1.1',
  },
}

/** The document as NGINX sends it, which fills in the request id. */
export const problemBody = (status: number, { title, code, detail }: ProblemPage): string =>
  JSON.stringify({ type: 'about:blank', title, status, code, detail, request_id: '$id' })
