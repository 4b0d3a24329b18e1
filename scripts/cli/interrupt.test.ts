import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

setDefaultTimeout(60_000)
const folder = mkdtempSync(join(tmpdir(), 'lucid-interrupt-'))
afterAll(() => rmSync(folder, { recursive: true }))

const room = import.meta.dir
/** A program that draws, has a file that is not finished, and waits. */
const program = (more = '') => `
import { rm, writeFile } from 'node:fs/promises'
import { streams } from '#common/cli/streams'
import { printer } from '#common/cli/text'
import { beforeInterrupt, takeSignals } from '${join(room, 'interrupt.ts')}'
import { progress } from '${join(room, 'progress.ts')}'
const part = '${join(folder, 'half.part')}'
await writeFile(part, 'half')
const forget = beforeInterrupt(() => rm(part))
const screen = progress(printer(streams.out), { live: true, colour: false, width: 80 })
${more}
screen.show('working')
setInterval(() => {}, 1000)
`
const start = (code: string) =>
  Bun.spawn([process.execPath, '-e', code], { cwd: join(room, '..', '..'), stdout: 'pipe', stderr: 'pipe' })

const untilDrawn = async (stream: ReadableStream<Uint8Array>, said: { text: string }) => {
  const reader = stream.getReader()
  const drawn = Promise.withResolvers<void>()
  const ended = (async () => {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      said.text += new TextDecoder().decode(value)
      if (said.text.includes('working')) drawn.resolve()
    }
  })()
  await drawn.promise
  return { ended }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  test(`${signal} ends a command by itself, with the cursor shown again and nothing half left behind`, async () => {
    const child = start(program())
    const said = { text: '' }
    const { ended } = await untilDrawn(child.stdout, said)
    child.kill(signal)
    await child.exited
    await ended
    expect(child.signalCode).toBe(signal)
    expect(said.text).toStartWith('\x1b[?25l')
    expect(said.text).toEndWith('\x1b[?25h')
    expect(readdirSync(folder)).toEqual([])
  })

test('a command that takes the signals itself is left to it, first and second', async () => {
  const child = start(
    program("takeSignals((name) => console.log('first', name), () => process.exit(7)); forget(); await rm(part)"),
  )
  const said = { text: '' }
  const { ended } = await untilDrawn(child.stdout, said)
  child.kill('SIGINT')
  while (!said.text.includes('first SIGINT')) await Bun.sleep(10)
  child.kill('SIGTERM')
  expect(await child.exited).toBe(7)
  await ended
})
