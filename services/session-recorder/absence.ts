import type { StreamGap } from '#common/http/session-model'
import { isFault } from '#common/process/fault'

/** How a recording came to be without a source. */
export type AbsenceCause = 'unbegun' | 'paused' | 'cut' | 'repeated' | 'refused' | 'restarted'

/** A time without a source: since when, epoch ms and by the steady clock, and how it began. */
export type Absence = { readonly since: number; readonly steadySince: number; readonly cause: AbsenceCause }

/** A source that ends one body and begins the next within this time was never away, ms. */
const SHORT_PAUSE = 1_000

const reasons: Readonly<Record<AbsenceCause, string>> = {
  unbegun: 'the source came late',
  paused: 'the source paused',
  cut: 'the source was cut off',
  repeated: 'the source went back to what was durable',
  refused: 'the pipeline took no more',
  restarted: 'the recorder was restarted',
}

/** A source that ends its body cleanly may be one that sends in several. Any other end is abnormal. */
const isShortPause = ({ steadySince, cause }: Absence, steadyBackAt: number): boolean =>
  (cause === 'paused' || cause === 'unbegun') && steadyBackAt - steadySince < SHORT_PAUSE

/** Why a body that failed leaves the recording without a source. */
export const causeOf = (error: unknown): AbsenceCause => (isFault(error, 'cut-off') ? 'cut' : 'refused')

/** The gap that an absence leaves; undefined where nothing is missing: quiet on an open connection is no gap. */
export const findGap = (
  absence: Absence,
  { offset, from, steadyBackAt, to }: Omit<StreamGap, 'reason'> & { readonly steadyBackAt: number },
): StreamGap | undefined =>
  isShortPause(absence, steadyBackAt) ? undefined : { offset, from, to, reason: reasons[absence.cause] }
