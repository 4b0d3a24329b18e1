import { Value } from '@sinclair/typebox/value'
import type { Aead } from '#common/engines/aead'
import type { Result } from '#common/host/probe'
import { NotRun, type Part, ProbeRequest, type ProbeResult } from './model.ts'
import { type ProbeClient, plainMessage, requireServices, requireThat } from './probe-client.ts'
import { record } from './recording.ts'
import { refusals, refused } from './refusals.ts'
import { serviceProbes } from './service-probes.ts'
import { type Step, type Story, steps } from './session-steps.ts'

export type Tools = {
  readonly client: ProbeClient
  readonly aead: Aead
  /** Asks one service for /health. */
  readonly probe: (name: string, url: string) => Promise<Result>
  /** A token of the operator for one service. */
  readonly tokenFor: (service: string) => Promise<string>
  readonly report: (result: ProbeResult) => void
}

/** Reads what is asked for. Throws Error with the first thing that is wrong in it. */
export const parseProbeRequest = (text: string): ProbeRequest => {
  const read: unknown = JSON.parse(text)
  if (Value.Check(ProbeRequest, read)) return read
  const fault = Value.Errors(ProbeRequest, read).First()
  throw new Error(`the document on standard input is no request for probes: ${fault?.path}: ${fault?.message}`)
}

type At = Pick<ProbeResult, 'part' | 'check' | 'subject'>

/** Makes one check. Whatever it throws is its result. */
const attempt = async (at: At, act: () => Promise<string>, report: Tools['report']): Promise<void> => {
  try {
    report({ ...at, result: 'pass', detail: await act() })
  } catch (error) {
    report({ ...at, result: error instanceof NotRun ? 'not-run' : 'fail', detail: plainMessage(error) })
  }
}

const health = async ({ urls }: ProbeRequest, { probe, report }: Tools): Promise<void> => {
  const found = await Promise.all(Object.entries(urls).map(([name, url]) => probe(name, url)))
  for (const { name, state, detail, ms } of found)
    report({
      part: 'health',
      check: 'healthy as published',
      subject: name,
      result: state === 'healthy' ? 'pass' : 'fail',
      detail: state === 'healthy' ? `${ms} ms` : `${state}${detail === '' ? '' : `: ${detail}`}`,
    })
}

const probeServices = async ({ urls }: ProbeRequest, { client, report }: Tools): Promise<void> => {
  for (const [name, { asks, act }] of Object.entries(serviceProbes))
    if (urls[name] !== undefined)
      await attempt({ part: 'function', check: `works: ${asks}`, subject: name }, () => act(client), report)
}

const session = async ({ anchorMs }: ProbeRequest, { client, aead, report }: Tools): Promise<void> => {
  const story: Story = { client, aead, anchorMs }
  for (const { check, subject, act } of steps satisfies readonly Step[])
    await attempt({ part: 'session', check, subject }, () => act(story), report)
}

const load = async ({ load: { recordings, bytes } }: ProbeRequest, { client, report }: Tools): Promise<void> =>
  attempt(
    { part: 'load', check: `${recordings} recordings at once`, subject: 'pipeline' },
    async () => {
      requireServices(client, 'session-recorder')
      const began = client.now()
      const ended = await Promise.allSettled(Array.from({ length: recordings }, () => record(client, bytes)))
      const ms = client.now() - began
      const lost = ended.flatMap((one) => (one.status === 'rejected' ? [plainMessage(one.reason)] : []))
      requireThat(lost.length === 0, `${lost.length} of ${recordings} failed: ${lost[0]}`)
      return `${((recordings * bytes) / 1e6 / (ms / 1000)).toFixed(1)} MB/s, ${recordings} x ${(bytes / 1e6).toFixed(1)} MB in ${ms} ms, 0 errors`
    },
    report,
  )

const errors = async (_: ProbeRequest, { client, tokenFor, report }: Tools): Promise<void> => {
  for (const one of refusals)
    await attempt(
      { part: 'errors', check: one.check, subject: one.service },
      () => refused(client, one, tokenFor),
      report,
    )
}

const partRunners: Readonly<Record<Part, (request: ProbeRequest, tools: Tools) => Promise<void>>> = {
  health,
  function: probeServices,
  session,
  load,
  errors,
}

/** Does what is asked for, one part after the other. Never throws for what the platform does. */
export const runProbes = async (request: ProbeRequest, tools: Tools): Promise<void> => {
  for (const part of request.parts) await partRunners[part](request, tools)
}
