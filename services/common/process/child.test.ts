import { afterEach, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { type ChildOptions, keepRunning } from './child.ts'

const quick = { firstMs: 5, mostMs: 20, calmMs: 60_000, tries: 4 }
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

const run = (code: string, more: Partial<ChildOptions> = {}) => {
  const lines: string[] = []
  const ends: string[] = []
  const hopeless = Promise.withResolvers<string>()
  const child = keepRunning({
    argv: [process.execPath, '-e', code],
    onLine: (line) => lines.push(line),
    onEnd: ({ why }) => ends.push(why),
    onHopeless: hopeless.resolve,
    timing: quick,
    ...more,
  })
  stops.push(() => child.stop('SIGKILL', 1_000))
  return { child, lines, ends, hopeless: hopeless.promise }
}

const until = async (holds: () => boolean) => {
  while (!holds()) await Bun.sleep(5)
}

/** Ended, or only waiting to be collected. */
const gone = (pid: number): boolean => {
  try {
    return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return true
  }
}

const STAYS = "console.log('here'); setInterval(() => {}, 1000)"

test('what it writes to either stream comes as lines, the last one without its end too', async () => {
  const { lines } = run(
    "console.log('one'); console.error('two'); process.stdout.write('three'); setInterval(() => {}, 1000)",
  )
  await until(() => lines.length >= 2)
  expect(lines.toSorted()).toEqual(['one', 'two'])
})

test('killed, it is started again', async () => {
  const { child, lines, ends } = run(STAYS)
  await until(() => lines.length === 1)
  const first = child.pid()
  child.signal('SIGKILL')
  await until(() => lines.length === 2)
  expect(ends).toEqual(['signal SIGKILL'])
  expect(child.restarts()).toBe(1)
  expect(child.pid()).not.toBe(first)
})

test('what ends at once every time is given up after the tries it has', async () => {
  const { hopeless, ends, child } = run('process.exit(3)')
  expect(await hopeless).toBe('exit code 3')
  expect(ends.length).toBe(quick.tries - 1)
  expect(child.pid()).toBeUndefined()
})

test('a stop is for good, and kills what does not end by itself', async () => {
  const { child, lines, ends } = run(
    "process.on('SIGTERM', () => {}); console.log('deaf'); setInterval(() => {}, 1000)",
  )
  await until(() => lines.length === 1)
  await child.stop('SIGTERM', 50)
  expect(child.pid()).toBeUndefined()
  expect(ends).toEqual([])
})

test.skipIf(process.platform === 'win32')(
  'killed, it takes its own children with it before it is started again',
  async () => {
    const { child, lines } = run(
      "const c = Bun.spawn(['sleep', '1000']); console.log(c.pid); setInterval(() => {}, 1000)",
    )
    await until(() => lines.length === 1)
    child.signal('SIGKILL')
    await until(() => lines.length === 2)
    await until(() => gone(Number(lines[0])))
    expect(gone(Number(lines[0]))).toBe(true)
  },
)

test.skipIf(process.platform !== 'linux')('it does not outlive a keeper that is killed', async () => {
  const keeper = Bun.spawn(
    [
      process.execPath,
      '-e',
      `import { keepRunning } from ${JSON.stringify(`${import.meta.dir}/child.ts`)}
       keepRunning({ argv: ['sleep', '1000'], onLine() {}, onEnd() {}, onHopeless() {},
         onStart: (pid) => console.log(pid) })`,
    ],
    { stdout: 'pipe' },
  )
  const { value } = await keeper.stdout.getReader().read()
  const pid = Number(new TextDecoder().decode(value))
  expect(() => process.kill(pid, 0)).not.toThrow()
  // setpriv comes before the program itself: wait until that is what runs there.
  await until(() => !readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('setpriv'))
  keeper.kill('SIGKILL')
  await keeper.exited
  await until(() => gone(pid))
  expect(gone(pid)).toBe(true)
})
