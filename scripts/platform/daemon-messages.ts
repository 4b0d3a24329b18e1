import type { View } from './unit-state.ts'

/** What a detached supervisor tells the command that started it, until that leaves. */
export type DaemonMessage =
  | { readonly kind: 'views'; readonly views: readonly View[] }
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'failed'
      readonly message: string
      readonly details: readonly string[]
      readonly exitCode: number
    }

/** What the detached supervisor is to do, as its one argument (JSON). */
export type DaemonOrder = {
  readonly home: string
  readonly stacks: readonly string[]
  readonly ports: 'catalogue' | 'free'
}
