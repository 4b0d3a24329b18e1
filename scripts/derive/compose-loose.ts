import type { ComposeFile, ComposeService } from './compose-model.ts'

/** A file as read from disk: anything may be missing. */
export type LooseService = Partial<ComposeService> & Readonly<Record<string, unknown>>
export type LooseFile = Partial<Omit<ComposeFile, 'services'>> & {
  readonly services?: Readonly<Record<string, LooseService>>
}
/** Stack to its file. */
export type Files = Readonly<Record<string, LooseFile>>

/** True is kept. */
export type ServiceRule = (
  service: LooseService,
  at: { readonly name: string; readonly stack: string; readonly file: LooseFile },
) => boolean

export const equal = (a: unknown, b: unknown): boolean => Bun.deepEquals(a, b)

/** `64m` as 64; NaN for anything else. */
export const mebibytes = (limit: string | undefined): number => Number(/^(\d+)m$/.exec(limit ?? '')?.[1] ?? Number.NaN)

export const hostPorts = (service: LooseService): readonly string[] =>
  (service.ports ?? []).map((port) => port.split(':').at(-2) ?? '')

/** Names of the volumes of a service. */
export const named = (service: LooseService): readonly string[] =>
  (service.volumes ?? []).filter((volume) => typeof volume === 'string').map((volume) => volume.split(':')[0] ?? '')

export const binds = (service: LooseService) => (service.volumes ?? []).filter((volume) => typeof volume !== 'string')

/** A rule that a service has nothing of this kind. */
export const none =
  (key: string): ServiceRule =>
  (service) =>
    service[key] === undefined

export const namesSecret = (key: string): boolean =>
  /KEY|SECRET|PASSWORD|TOKEN|MNEMONIC/.test(key) && !key.endsWith('_FILE')
