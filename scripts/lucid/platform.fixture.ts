import { randomUUID } from 'node:crypto'
import { UnsecuredJWT } from 'jose'
import { verifyTronMessage } from '#common/evidence/tron-message'

/** Whose account the token `mailed` signs in. */
export const MAILED = 'TJRabPrwbZy45sbavfcjinPJC18kjpRTv8'

/** Seconds that an access token of the fixture lives. */
const LIFETIME = 900

/**
 * The routes of authentication that a sign-in needs, on a port of its own, with rotation and reuse detection; what it is
 * asked is in `asked`. `text` changes the challenge, `lifetime` of 0 makes every access token due at once.
 */
export const servePlatform = ({
  lifetime = LIFETIME,
  text = (message: string) => message,
}: {
  readonly lifetime?: number
  readonly text?: (message: string) => string
} = {}) => {
  const asked: string[] = []
  const challenges = new Map<string, string>()
  let generation = 0
  let ended = false
  let access = ''
  let who = ''
  const tokens = () => {
    generation++
    access = new UnsecuredJWT({ n: generation })
      .setSubject(who)
      .setIssuedAt()
      .setExpirationTime(Math.floor(Date.now() / 1000) + (generation === 1 ? lifetime : LIFETIME))
      .encode()
    return { access_token: access, refresh_token: `r${generation}`, address: who, roles: ['user'] }
  }
  const refuse = (status: number, code: string) =>
    Response.json({ title: 'no', status, code, detail: `refused: ${code}` }, { status })
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: async (request) => {
      const path = new URL(request.url).pathname
      asked.push(`${request.method} ${path}`)
      const body = (await request.json().catch(() => ({}))) as Record<string, string>
      if (path === '/auth/challenge') {
        const nonce = randomUUID()
        const message = `Lucid here asks you to sign.\nFor: sign in\nAs: ${body['address']}\nUntil: soon\nNonce: ${nonce}`
        challenges.set(nonce, text(message))
        return Response.json({ nonce, message: text(message), expires: 0 })
      }
      if (path === '/auth/verify') {
        const message = challenges.get(body['nonce'] ?? '') ?? ''
        who = body['address'] ?? ''
        return verifyTronMessage({ address: who, message, signature: body['signature'] ?? '' })
          ? Response.json(tokens())
          : refuse(401, 'bad-signature')
      }
      if (path === '/auth/magic/verify') {
        who = MAILED
        return body['token'] === 'mailed' ? Response.json(tokens()) : refuse(401, 'magic-link')
      }
      if (path === '/auth/refresh') {
        ended ||= body['refresh_token'] !== `r${generation}`
        await Bun.sleep(100)
        return ended ? refuse(401, 'sign-in-ended') : Response.json(tokens())
      }
      if (request.headers.get('authorization') !== `Bearer ${access}`) return refuse(401, 'bad-access-token')
      return path === '/auth/me' ? Response.json({ address: who, roles: ['user'] }) : refuse(404, 'missing')
    },
  })
  return {
    url: `http://127.0.0.1:${server.port}`,
    asked,
    /** From now on every access token is refused, as after a change of roles. */
    voidAccess: () => {
      access = 'void'
    },
    stop: () => server.stop(true),
  }
}
