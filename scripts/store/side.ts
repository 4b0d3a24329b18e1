import type { Store } from '#common/store/store'
import type { Reader } from './reader.ts'

/** One end of a copy: the stores of all services in one place. `shown` may be printed. */
export type Side = {
  readonly shown: string
  /** Opens without changing anything, also where nothing is yet. */
  readonly read: (service: string) => Promise<Reader>
  /** Opens as the service does. */
  readonly write: (service: string) => Promise<Store>
}
