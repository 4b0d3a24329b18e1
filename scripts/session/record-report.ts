import { bytes, duration, plural, rate } from '#common/cli/format'
import type { Style } from '#common/cli/style'
import { type Line, type Text, text } from '#common/cli/text'
import { placeOfGap } from './gap-place.ts'
import type { Uploaded } from './upload.ts'
import type { Outcome } from './wait-for-anchor.ts'

/** A recording that is over: what was sent, what the orchestrator says of it, ms that the sending took. */
export type Recorded = {
  readonly owner: string
  readonly sent: Uploaded
  readonly session: Outcome
  readonly took: number
}

/** The exit code: 3 where the manifest states that something is missing, 2 without an anchor in time, else 0. */
export const exitOfRecording = ({ sent, session }: Pick<Recorded, 'sent' | 'session'>): 0 | 2 | 3 => {
  if (!sent.complete || session.gaps.length > 0) return 3
  return session.state === 'anchored' ? 0 : 2
}

/** All that `--json` says; of a recording that failed `error` says why, and what is not known is null. */
export const recordDocument = (recorded: Recorded) => {
  const { owner, sent, session, took } = recorded
  return {
    session_id: session.id,
    state: session.state,
    owner,
    merkle_root: session.merkle_root,
    chunk_count: session.chunk_count,
    bytes: sent.acknowledged,
    complete: sent.complete,
    gaps: session.gaps,
    seconds: Math.round(took) / 1000,
    tx_hash: session.anchor?.tx_hash,
    block: session.anchor?.block.number,
    exit: exitOfRecording(recorded),
    error: null,
  }
}

/** The document of a recording that came to no end of its own. */
export const failureDocument = (
  session: string | undefined,
  { message, exitCode }: { readonly message: string; readonly exitCode: number },
) => ({ session_id: session ?? null, complete: false, exit: exitCode, error: { detail: message } })

/** What is known before the first byte is read, so that it is known whatever happens then. */
export const startLine = (id: string, style: Style): Text =>
  text([['session      ', { text: id, colour: 'bold' }]], style)

/** The rest, when it is over. */
export const resultText = ({ sent, session, took }: Recorded, style: Style): Text => {
  const { id, state, merkle_root, chunk_count, gaps, anchor } = session
  const chunks = plural(chunk_count ?? sent.chunks, 'chunk')
  const lines: readonly Line[] = [
    `recorded     ${bytes(sent.acknowledged)} in ${chunks}, ${rate(sent.acknowledged, took)}`,
    `merkle root  ${merkle_root ?? 'not yet'}`,
    ...(sent.complete
      ? []
      : [[{ text: 'NOT COMPLETE', colour: 'yellow' } as const, ` ${sent.fault ?? 'it ended before its source'}`]]),
    ...gaps.map(
      ({ at, from, to, reason }) => `gap          ${duration(to - from)} ${placeOfGap(at, chunk_count)}: ${reason}`,
    ),
    anchor
      ? `anchored     transaction ${anchor.tx_hash} in block ${anchor.block.number}`
      : `anchored     not yet (${state}): it goes on by itself; bun run export ${id} works now and later`,
  ]
  return text(lines, style)
}
