import { expect, test } from 'bun:test'
import { findProducer, startProducer } from './producer.ts'

const bun = (code: string) => startProducer([process.execPath, '-e', code])
const read = (stream: ReadableStream<Uint8Array>) => new Response(stream).text()

/** Runs to the end; what came, and what is stated of it. */
const record = async (producer: ReturnType<typeof startProducer>) => {
  const out = await read(producer.input.from(0))
  const fault = await producer.input.fault()
  await producer.input.close()
  return { out, fault, said: producer.said() }
}

test('a program that ends with 0: what it wrote, and no fault', async () => {
  expect(await record(bun("process.stdout.write('frames')"))).toEqual({ out: 'frames', fault: undefined, said: [] })
})

test('a program that fails: what it wrote, its exit code, and its last words', async () => {
  const code =
    "process.stdout.write('half'); for (let i = 0; i < 50; i++) console.error('line ' + i); process.exitCode = 3"
  const { out, fault, said } = await record(bun(code))
  expect([out, fault]).toEqual(['half', 'the producer exited with 3'])
  expect(said).toHaveLength(10)
  expect(said.at(-1)).toEndWith(': line 49')
})

test('a program that a signal ends: the signal', async () => {
  const { out, fault } = await record(bun("await Bun.write(Bun.stdout, 'x'); process.kill(process.pid, 'SIGKILL')"))
  expect([out, fault]).toEqual(['x', 'the producer was ended by SIGKILL'])
})

test('a signal is passed on once, and a program that then ends in order is whole', async () => {
  const producer = bun(
    "let n = 0; process.on('SIGINT', () => { n++; setTimeout(() => { process.stdout.write(' end' + n); process.exit(0) }, 50) }); process.stdout.write('begun'); setInterval(() => {}, 1000)",
  )
  const reader = producer.input.from(0).getReader()
  expect(new TextDecoder().decode((await reader.read()).value)).toBe('begun')
  producer.signal('SIGINT')
  expect(new TextDecoder().decode((await reader.read()).value)).toBe(' end1')
  expect((await reader.read()).done).toBe(true)
  expect(await producer.input.fault()).toBeUndefined()
  await producer.input.close()
})

test('words are words: no shell reads them', async () => {
  const words = ['a b', '$(touch x)', '; exit 9', '*', '--flag']
  const producer = startProducer([
    process.execPath,
    '-e',
    'process.stdout.write(JSON.stringify(process.argv.slice(1)))',
    '--',
    ...words,
  ])
  expect(JSON.parse((await record(producer)).out)).toEqual(words)
})

test('a program that is not there is refused before a session is opened: 66', () => {
  expect(() => findProducer(['no-such-program-of-lucid', '-x'])).toThrow(/there is no program no-such-program/)
  expect(findProducer([process.execPath, '-x'])).toEqual([process.execPath, '-x'])
})
