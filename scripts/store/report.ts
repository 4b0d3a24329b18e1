import { bytes, plural } from '#common/cli/format'
import type { Style } from '#common/cli/style'
import { table } from '#common/cli/table'
import { type Text, text } from '#common/cli/text'
import type { Survey } from './survey.ts'
import type { How, Row } from './verify.ts'

const right = { align: 'right' } as const
const SHORT = 16

const plan = { new: 'copy', 'goes-on': 'go on', done: 'nothing: it is copied' } as const

/** What a copy would do. */
export const planReport = (surveys: readonly Survey[], style: Style): Text =>
  table(
    [
      { title: 'service' },
      { title: 'collection' },
      { title: 'documents', ...right },
      { title: 'there', ...right },
      { title: 'to copy', ...right },
      { title: 'would' },
    ],
    surveys.flatMap(({ service, found, state }) =>
      found.map(({ collection, total, kept, copy }) => [
        service,
        collection,
        String(total),
        String(kept),
        String(copy?.done ? 0 : total - kept),
        plan[state],
      ]),
    ),
    style,
  )

const hows: Readonly<Record<How, string>> = {
  missing: 'is missing in the target',
  extra: 'is in the target alone',
  changed: 'is not the same on both sides',
}

/** What is wrong with a collection, in a sentence; undefined when all is equal. */
export const describeDifference = ({ service, collection, verdict, difference }: Row): string | undefined => {
  if (difference === undefined) return undefined
  const source = verdict === 'source changed' ? 'the source changed while it was copied; ' : ''
  const { count, id, how } = difference
  const many = `${plural(count, 'document')} ${count === 1 ? 'differs' : 'differ'}`
  return `${service} ${collection}: ${source}${many}, first ${JSON.stringify(id)}, which ${hows[how]}`
}

/** The result for people: a line a collection, then what is wrong. */
export const verifyReport = (rows: readonly Row[], style: Style): Text =>
  text(
    [
      table(
        [
          { title: 'service' },
          { title: 'collection' },
          { title: 'documents', ...right },
          { title: 'bytes', ...right },
          { title: 'copied now', ...right },
          { title: 'hash' },
          { title: 'verdict' },
        ],
        rows.map(({ service, collection, from, copied, verdict }) => [
          service,
          collection,
          String(from.documents),
          bytes(from.bytes),
          String(copied),
          from.hash.slice(0, SHORT),
          { text: verdict, colour: verdict === 'equal' ? 'green' : 'red' },
        ]),
        style,
      ),
      ...rows.flatMap((row) => describeDifference(row) ?? []).map((line) => ({ text: line, colour: 'red' as const })),
    ],
    style,
  )
