import { join } from 'node:path'

const MOST_SAID = 2 ** 22

/**
 * Starts the main.ts of a service's folder on loopback, as a process of its own. While it waits for its database it listens too, and says why on
 * /health: with `waiting` that counts.
 */
export const startMain = (
  folder: string,
  env: Readonly<Record<string, string>>,
  { waiting = false }: { readonly waiting?: boolean } = {},
) => {
  const child = Bun.spawn([process.execPath, join(folder, 'main.ts')], {
    env: { PATH: String(Bun.env['PATH']), HOST: '127.0.0.1', LUCID_ENV: 'development', ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const line = new RegExp(`"event":"(?:listening${waiting ? '|waiting' : ''})".*?"port":(\\d+)`)
  const port = Promise.withResolvers<number>()
  let said = ''
  let isKnown = false
  const follow = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder()
    for await (const bytes of stream) {
      said = (said + decoder.decode(bytes, { stream: true })).slice(-MOST_SAID)
      const found = isKnown ? undefined : line.exec(said)?.[1]
      if (found === undefined) continue
      isKnown = true
      port.resolve(Number(found))
    }
  }
  const heard = Promise.all([follow(child.stdout), follow(child.stderr)])
  void heard.then(() => port.reject(new Error(`ended before it listened:\n${said}`)))
  return {
    process: child,
    /** Its port, once it listens. Rejects with its log when it ends before that. */
    port: port.promise,
    /** Its log so far, the last of it when that is long. */
    said: () => said,
  }
}
