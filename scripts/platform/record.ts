import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { replaceFile } from './files.ts'
import type { Home } from './home.ts'

const Running = Type.Object({
  pid: Type.Integer({ minimum: 1 }),
  port: Type.Integer({ minimum: 1, maximum: 65535 }),
  url: Type.String(),
  stack: Type.String(),
  /** When this process was started, epoch ms. */
  started_at: Type.Integer(),
  /** How often it was started again after a crash. */
  restarts: Type.Integer({ minimum: 0 }),
})

/** `run/platform.json`: what runs. Services without a process (waiting to be restarted) are under `absent`. */
export const PlatformRecord = Type.Object({
  pid: Type.Integer({ minimum: 1, description: 'the supervisor' }),
  started_at: Type.Integer({ description: 'epoch ms' }),
  services: Type.Record(Type.String(), Running),
  absent: Type.Record(
    Type.String(),
    Type.Object({ stack: Type.String(), state: Type.String(), restarts: Type.Integer({ minimum: 0 }) }),
  ),
  /** Services that this machine has no program for, with the reason. */
  left_out: Type.Optional(Type.Record(Type.String(), Type.String())),
})
export type PlatformRecord = Static<typeof PlatformRecord>

/** The record, or undefined when there is none or it is not one (a foreign or half-copied file). */
export const readRecord = (home: Home): PlatformRecord | undefined => {
  if (!existsSync(home.record)) return undefined
  try {
    const value: unknown = JSON.parse(readFileSync(home.record, 'utf8'))
    return Value.Check(PlatformRecord, value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Replaces the record whole. */
export const writeRecord = (home: Home, record: PlatformRecord): void => {
  mkdirSync(home.run, { recursive: true, mode: 0o700 })
  replaceFile(home.record, `${JSON.stringify(record, undefined, 2)}\n`, { durable: false })
}

export const removeRecord = (home: Home): void => rmSync(home.record, { force: true })
