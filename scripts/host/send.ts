import { type Address, type Connection, connectionLost, openConnection, PREAMBLE, write } from './connection.ts'
import { type Bytes, SCRIPT_MS, type ScriptOptions, type ScriptResult } from './script.ts'

const readText = async (stream: ReadableStream<Uint8Array>, onText: (text: string) => void): Promise<string> => {
  let text = ''
  const decoder = new TextDecoder()
  for await (const piece of stream) {
    const more = decoder.decode(piece, { stream: true })
    text += more
    onText(more)
  }
  return text
}

/** Gives bytes to a script until it has them all or has ended; what went wrong on the way, if anything. */
const feed = async (child: Connection, bytes: Bytes): Promise<unknown> => {
  try {
    const source = Symbol.asyncIterator in bytes ? bytes[Symbol.asyncIterator]() : bytes[Symbol.iterator]()
    const gone = child.exited.then(() => ({ done: true, value: undefined }) as const)
    for (;;) {
      // A source may wait for what the script says: it ends when the script does.
      const { done, value } = await Promise.race([source.next(), gone])
      if (done) break
      await write(child, value)
    }
    await child.stdin.end()
    return undefined
  } catch (error) {
    return error
  }
}

/** Runs a script on a connection of its own, with bytes as its standard input. Throws ConnectionLost. */
export const sendScript = async (
  name: string,
  address: Address,
  script: string,
  bytes: Bytes,
  { timeoutMs = SCRIPT_MS, onOut = () => {} }: Omit<ScriptOptions, 'input'> = {},
): Promise<ScriptResult> => {
  const child = openConnection(address, `${PREAMBLE}${script}`, 'layers')
  const over = Promise.withResolvers<'over'>()
  const timer = setTimeout(() => {
    over.resolve('over')
    child.kill()
  }, timeoutMs)
  const said = Promise.all([readText(child.stdout, onOut), new Response(child.stderr).text(), child.exited])
  const broke = await feed(child, bytes)
  // What a script left behind may hold the streams open after the time is over.
  const all = await Promise.race([said, over.promise])
  clearTimeout(timer)
  if (all === 'over') throw connectionLost(name, `no answer within ${timeoutMs / 1000} s`)
  const [out, err, code] = all
  // 255 is ssh's own failure; a script that ended early and took not all of its input has a code of its own.
  if (child.signalCode !== null || (code === 255 && address.host !== 'local'))
    throw connectionLost(name, 'the connection broke', err)
  if (broke !== undefined && code === 0) throw connectionLost(name, `the connection broke (${String(broke)})`, err)
  return { code, out, err }
}
