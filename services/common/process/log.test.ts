import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { Secret } from './env.ts'
import { errorFields, jsonLog, type LogLevel, silentLog } from './log.ts'
import { withRequestContext } from './request-context.ts'

const kept = (level: LogLevel = 'info') => {
  const lines: string[] = []
  const log = jsonLog('recorder', { level, write: (line) => lines.push(line), now: () => 0 })
  return { log, lines, said: () => lines.map((line) => JSON.parse(line)) }
}
const head = { time: '1970-01-01T00:00:00.000Z', service: 'recorder' }

describe('the log', () => {
  test('is one JSON object a line: time, level, service, event, then the fields', () => {
    const { log, lines } = kept()
    log.info('began', { bytes: 3, name: 'a "quoted"\nname' })
    expect(lines).toEqual([
      '{"time":"1970-01-01T00:00:00.000Z","level":"info","service":"recorder","event":"began","bytes":3,"name":"a \\"quoted\\"\\nname"}\n',
    ])
  })

  test('drops what is below its level and nothing else', () => {
    const levels = ['info', 'warn', 'error', 'silent'] as const
    const seen = levels.map((level) => {
      const { log, said } = kept(level)
      log.info('i')
      log.warn('w')
      log.error('e')
      return said().map(({ event }) => event)
    })
    expect(seen).toEqual([['i', 'w', 'e'], ['w', 'e'], ['e'], []])
  })

  test('a child adds its fields to every line, and its own children theirs', () => {
    const { log, said } = kept()
    log.child({ session: 's' }).child({ chunk: 1 }).warn('late', { ms: 5 })
    expect(said()).toEqual([{ ...head, level: 'warn', event: 'late', session: 's', chunk: 1, ms: 5 }])
  })

  test('tells the request id in force', () => {
    const { log, said } = kept()
    withRequestContext({ requestId: 'request-1', caller: undefined }, () => log.info('inside'))
    log.info('outside')
    expect(said().map(({ request_id }) => request_id)).toEqual(['request-1', undefined])
  })

  test('no field can pass for another event, level, time or service', () => {
    const { log, said } = kept()
    log.error('real', { event: 'forged', level: 'info', service: 'other', time: 'never' })
    expect(said()).toEqual([{ ...head, level: 'error', event: 'real' }])
  })

  test('holds nothing raw that a terminal acts on, and no more of a text than its beginning', () => {
    const { log, lines, said } = kept()
    const attack = '\u001b[2J\u009b0m\u202e\u007f'
    log.warn('refused', { [attack]: attack, error: new Error('x'.repeat(100_000)) })
    expect(lines.join('')).not.toMatch(/\p{Cc}(?<!\n)|\p{Cf}/u)
    expect(lines.join('').length).toBeLessThan(5_000)
    expect(said()[0]).toMatchObject({ [attack]: attack })
  })

  test('no line is lost for what JSON has no word for', () => {
    const { log, said } = kept()
    log.info('odd', { big: 2n ** 70n, error: new Error('told'), deep: { big: 1n }, nothing: undefined })
    expect(said()).toEqual([
      { ...head, level: 'info', event: 'odd', big: String(2n ** 70n), error: 'told', deep: { big: '1' } },
    ])
  })

  test.each(['', 'process.exit(0)', "log.error('at once'); process.kill(process.pid, 'SIGKILL')"])(
    'loses no line, in order, of a process that says much and ends: %s',
    async (end) => {
      const path = join(import.meta.dir, 'log.ts')
      const said = `import { jsonLog } from '${path}'
        const log = jsonLog('x')
        for (let n = 0; n < 500; n++) log.info(String(n))
        ${end}`
      const { stdout } = Bun.spawn([process.execPath, '-e', said], { stdout: 'pipe' })
      const events = (await new Response(stdout).text())
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).event)
      expect(events.slice(0, 500)).toEqual(Array.from({ length: 500 }, (_, n) => String(n)))
      expect(events.slice(500)).toEqual(end.includes('at once') ? ['at once'] : [])
    },
  )

  test('a secret is redacted', () => {
    const { log, lines } = kept()
    log.info('keys', { key: new Secret('hunter2'), all: [new Secret('hunter2')] })
    expect(lines.join()).not.toContain('hunter2')
    expect(lines.join()).toContain('[redacted]')
  })

  test('the silent log is silent, its children too', () => {
    silentLog.child({ a: 1 }).error('nothing')
    expect(silentLog.child({})).toBe(silentLog)
  })
})

describe('an error as fields', () => {
  test('has its message and where it came from', () => {
    const { error, stack } = errorFields(new Error('broken'))
    expect(error).toBe('broken')
    expect(stack).toContain('log.test.ts')
  })

  test('is told as it is when it is no error', () => {
    expect([errorFields('text'), errorFields(undefined)]).toEqual([{ error: 'text' }, { error: 'undefined' }])
  })
})
