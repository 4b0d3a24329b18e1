import type { Container } from '../facts/container.ts'
import type { HostFacts } from '../facts/host-facts.ts'
import type { Result } from '../probe.ts'
import type { Expected } from './expected.ts'

/** All that is known of one service; what was not asked is not there. */
export type ServiceView = {
  readonly service: string
  readonly stack: string
  readonly expected?: Expected
  readonly http?: Result
  readonly container?: Container
  readonly facts?: HostFacts
  /** The host's clock, epoch ms. */
  readonly now: number
}
