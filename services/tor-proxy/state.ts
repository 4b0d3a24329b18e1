import { parsePairs, type Reply } from './reply.ts'

/** What is known of a running tor. */
export type TorState = {
  readonly bootstrap: { readonly percent: number; readonly summary: string; readonly warning?: string }
  /** Onion addresses with the directories that took their descriptor since tor was started. */
  readonly uploads: Readonly<Record<string, number>>
  /** What the last failed upload said, by address; gone after one that went well. */
  readonly failures: Readonly<Record<string, string>>
}

export const freshState: TorState = { bootstrap: { percent: 0, summary: 'not begun' }, uploads: {}, failures: {} }

/** `NOTICE BOOTSTRAP PROGRESS=10 TAG=conn_done SUMMARY="..."` of an event or of GETINFO status/bootstrap-phase. */
const bootstrap = (state: TorState, line: string): TorState => {
  const { PROGRESS, SUMMARY = '', WARNING } = parsePairs(line)
  if (PROGRESS === undefined) return state
  const percent = Number(PROGRESS)
  return { ...state, bootstrap: { percent, summary: SUMMARY, ...(WARNING !== undefined && { warning: WARNING }) } }
}

/** `HS_DESC UPLOADED <address> UNKNOWN <directory>`; the address comes without `.onion`. */
const descriptor = (state: TorState, [action, address = '', , , ...rest]: readonly string[]): TorState => {
  const onion = `${address}.onion`
  const { [onion]: _, ...failures } = state.failures
  if (action === 'UPLOADED')
    return { ...state, uploads: { ...state.uploads, [onion]: (state.uploads[onion] ?? 0) + 1 }, failures }
  if (action === 'FAILED' && state.uploads[onion] === undefined)
    return { ...state, failures: { ...failures, [onion]: parsePairs(rest.join(' '))['REASON'] ?? 'UNKNOWN' } }
  return state
}

/** The state after what tor says by itself (events STATUS_CLIENT and HS_DESC), or to status/bootstrap-phase. */
export const advance = (state: TorState, { lines }: Pick<Reply, 'lines'>): TorState => {
  const [line = ''] = lines
  if (/\bBOOTSTRAP\b/.test(line)) return bootstrap(state, line)
  const words = line.split(' ')
  return words[0] === 'HS_DESC' ? descriptor(state, words.slice(1)) : state
}

/** Built circuits and all of them, from GETINFO circuit-status. */
export const countCircuits = (text: string): { readonly built: number; readonly total: number } => {
  const all = text.split('\n').filter((line) => /^\d+ /.test(line))
  return { built: all.filter((line) => / BUILT\b/.test(line)).length, total: all.length }
}
