import { Value } from '@sinclair/typebox/value'
import type { Aead } from '#common/engines/aead'
import type { Result } from '#common/host/probe'
import { refusals, refused } from './errors.ts'
import { functions } from './functions.ts'
import { type Finding, NotRun, type Part, Wanted } from './model.ts'
import { record } from './recording.ts'
import { type Step, type Story, steps } from './session.ts'
import { demand, needs, type Wire, wordsOf } from './wire.ts'

export type Tools = {
  readonly wire: Wire
  readonly aead: Aead
  /** Asks one service for /health. */
  readonly probe: (name: string, url: string) => Promise<Result>
  /** A token of the operator for one service. */
  readonly tokenFor: (service: string) => Promise<string>
  /** Called with each finding as it is made. */
  readonly tell: (finding: Finding) => void
}

/** Reads what is wanted. Throws Error with the first thing that is wrong in it. */
export const wantedOf = (text: string): Wanted => {
  const read: unknown = JSON.parse(text)
  if (Value.Check(Wanted, read)) return read
  const fault = Value.Errors(Wanted, read).First()
  throw new Error(`the document on standard input is no exercise: ${fault?.path}: ${fault?.message}`)
}

type At = Pick<Finding, 'part' | 'check' | 'subject'>

/** Makes one check. Whatever it throws is its result. */
const attempt = async (at: At, act: () => Promise<string>, tell: Tools['tell']): Promise<void> => {
  try {
    tell({ ...at, result: 'pass', detail: await act() })
  } catch (error) {
    tell({ ...at, result: error instanceof NotRun ? 'not-run' : 'fail', detail: wordsOf(error) })
  }
}

const health = async ({ urls }: Wanted, { probe, tell }: Tools): Promise<void> => {
  const found = await Promise.all(Object.entries(urls).map(([name, url]) => probe(name, url)))
  for (const { name, state, detail, ms } of found)
    tell({
      part: 'health',
      check: 'healthy as published',
      subject: name,
      result: state === 'healthy' ? 'pass' : 'fail',
      detail: state === 'healthy' ? `${ms} ms` : `${state}${detail === '' ? '' : `: ${detail}`}`,
    })
}

const works = async ({ urls }: Wanted, { wire, tell }: Tools): Promise<void> => {
  for (const [name, { asks, act }] of Object.entries(functions))
    if (urls[name] !== undefined)
      await attempt({ part: 'function', check: `works: ${asks}`, subject: name }, () => act(wire), tell)
}

const session = async ({ anchorMs }: Wanted, { wire, aead, tell }: Tools): Promise<void> => {
  const story: Story = { wire, aead, anchorMs }
  for (const { check, subject, act } of steps satisfies readonly Step[])
    await attempt({ part: 'session', check, subject }, () => act(story), tell)
}

const load = async ({ load: { recordings, bytes } }: Wanted, { wire, tell }: Tools): Promise<void> =>
  attempt(
    { part: 'load', check: `${recordings} recordings at once`, subject: 'pipeline' },
    async () => {
      needs(wire, 'session-recorder')
      const began = wire.now()
      const ended = await Promise.allSettled(Array.from({ length: recordings }, () => record(wire, bytes)))
      const ms = wire.now() - began
      const lost = ended.flatMap((one) => (one.status === 'rejected' ? [wordsOf(one.reason)] : []))
      demand(lost.length === 0, `${lost.length} of ${recordings} failed: ${lost[0]}`)
      return `${((recordings * bytes) / 1e6 / (ms / 1000)).toFixed(1)} MB/s, ${recordings} x ${(bytes / 1e6).toFixed(1)} MB in ${ms} ms, 0 errors`
    },
    tell,
  )

const errors = async (_: Wanted, { wire, tokenFor, tell }: Tools): Promise<void> => {
  for (const one of refusals)
    await attempt(
      { part: 'errors', check: one.check, subject: one.service },
      () => refused(wire, one, tokenFor),
      tell,
    )
}

const acts: Readonly<Record<Part, (wanted: Wanted, tools: Tools) => Promise<void>>> = {
  health,
  function: works,
  session,
  load,
  errors,
}

/** Does what is wanted, one part after the other. Never throws for what the platform does. */
export const exercise = async (wanted: Wanted, tools: Tools): Promise<void> => {
  for (const part of wanted.parts) await acts[part](wanted, tools)
}
