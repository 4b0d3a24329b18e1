import type { RunRecord } from './journal.ts'

/** Of a run that was cut. `changing`: half may be there. `changed`: new services may have written since. */
export type Documents = 'untouched' | 'changing' | 'changed' | 'restored'

const CHANGES: readonly string[] = ['migrate', 'rewind']

export const readDocuments = ({ steps }: Pick<RunRecord, 'steps'>): Documents => {
  if (!steps.some(({ step }) => CHANGES.includes(step))) return 'untouched'
  if (steps.some(({ step, phase }) => step === 'back:restore' && phase === 'done')) return 'restored'
  const isGoingBack = steps.some(({ step }) => step.startsWith('back:'))
  const isChanged = steps.some(({ step, phase }) => CHANGES.includes(step) && phase === 'done')
  return isChanged && !isGoingBack ? 'changed' : 'changing'
}

/**
 * How the next command ends a run that was cut. `close`: it had committed. `finish`: the new release may have taken in
 * what the snapshot from before it does not have, so it is carried on with. `undo`: the release before is put back,
 * `undo-with-documents`: and the snapshot first.
 */
export type Recovery = 'close' | 'finish' | 'undo' | 'undo-with-documents'

/** `target`: the release that the next command is about. Whoever asks for the older one means to give up what came since. */
export const chooseRecovery = (
  run: Pick<RunRecord, 'begin' | 'steps'>,
  { current, target }: { readonly current: string | undefined; readonly target: string | undefined },
): Recovery => {
  const { from, to } = run.begin
  if (current === to && to !== from) return 'close'
  const documents = readDocuments(run)
  if (documents === 'untouched' || documents === 'restored') return 'undo'
  return documents === 'changed' && target !== from ? 'finish' : 'undo-with-documents'
}
