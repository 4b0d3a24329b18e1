import { type Colour, paint, type Style } from '#common/cli/style'
import { table } from '#common/cli/table'
import { type Change, summarizeChanges } from '../content/diff.ts'
import type { Release } from '../content/release.ts'
import type { Checked } from '../host/preflight.ts'

/** The checks of a preflight, a row each; faults follow on stderr with what to do. */
export const renderPreflight = (checked: readonly Checked[], style: Style): string =>
  `${table(
    [{ title: 'Check' }, { title: 'Result' }, { title: 'Found' }],
    checked.map(({ check, detail, findings }) => [
      check,
      findings.length === 0
        ? { text: 'ok', colour: 'green' }
        : { text: `${findings.length} wrong`, colour: 'red' },
      detail,
    ]),
    style,
  )}\n`

const colours: Readonly<Record<Change['change'], Colour>> = { new: 'green', gone: 'red', changed: 'yellow' }

/** What would change, a row each. */
export const renderChanges = (
  before: Release | undefined,
  after: Release,
  changes: readonly Change[],
  style: Style,
): string =>
  [
    `${before?.id ?? 'nothing'} -> ${paint(style, 'bold', after.id)} (${summarizeChanges(changes)})`,
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
  ].join('\n')
