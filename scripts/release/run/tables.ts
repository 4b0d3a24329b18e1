import type { Colour, Style } from '#common/cli/style'
import { table } from '#common/cli/table'
import { type Text, text } from '#common/cli/text'
import { type Change, summarizeChanges } from '../content/diff.ts'
import type { Release } from '../content/release.ts'
import type { Checked } from '../host/preflight.ts'

/** The checks of a preflight, a row each; faults follow on stderr with what to do. */
export const renderPreflight = (checked: readonly Checked[], style: Style): Text =>
  table(
    [{ title: 'Check' }, { title: 'Result' }, { title: 'Found' }],
    checked.map(({ check, detail, findings }) => [
      check,
      findings.length === 0
        ? { text: 'ok', colour: 'green' }
        : { text: `${findings.length} wrong`, colour: 'red' },
      detail,
    ]),
    style,
  )

const colours: Readonly<Record<Change['change'], Colour>> = { new: 'green', gone: 'red', changed: 'yellow' }

/** What would change, a row each. */
export const renderChanges = (
  before: Release | undefined,
  after: Release,
  changes: readonly Change[],
  style: Style,
): Text =>
  text(
    [
      [
        `${before?.id ?? 'nothing'} -> `,
        { text: after.id, colour: 'bold' },
        ` (${summarizeChanges(changes)})`,
      ],
      ...(changes.length === 0
        ? []
        : [
            table(
              [{ title: 'What' }, { title: 'Change' }, { title: 'Subject' }, { title: 'Detail' }],
              changes.map(({ what, change, subject, detail }) => [
                what,
                { text: change, colour: colours[change] },
                subject,
                detail,
              ]),
              style,
            ),
          ]),
    ],
    style,
  )
