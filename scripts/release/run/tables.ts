import type { Colour, Style } from '#common/cli/style'
import { table } from '#common/cli/table'
import { type Text, text } from '#common/cli/text'
import type { Finding } from '#common/host/finding'
import { type Change, summarizeChanges } from '../content/diff.ts'
import type { Release } from '../content/release.ts'
import { DEPLOY } from '../drift/drift.ts'
import type { Checked } from '../host/preflight.ts'

/** The checks of a preflight, a row each; faults follow on stderr with what to do. */
export const renderPreflight = (checked: readonly Checked[], style: Style): Text =>
  table(
    [{ title: 'Check' }, { title: 'Result' }, { title: 'Found' }],
    checked.map(({ check, detail, findings }) => [
      check,
      findings.length === 0 ? { text: 'ok', colour: 'green' } : { text: `${findings.length} wrong`, colour: 'red' },
      detail,
    ]),
    style,
  )

const colours: Readonly<Record<Change['change'], Colour>> = { new: 'green', gone: 'red', changed: 'yellow' }

/** What was changed on a host behind its release's back, a row each; nothing when nothing was. */
export const renderDrift = (drift: readonly Finding[], style: Style): Text =>
  text(
    drift.length === 0
      ? []
      : [
          table(
            [{ title: 'Not as the release says' }, { title: 'What' }],
            drift.map(({ subject, evidence, remedy }) => [
              { text: subject, colour: 'red' },
              remedy === DEPLOY ? evidence : `${evidence}: ${remedy}`,
            ]),
            style,
          ),
        ],
  )

/** What would change, a row each. */
export const renderChanges = (
  before: Release | undefined,
  after: Release,
  changes: readonly Change[],
  style: Style,
): Text =>
  text(
    [
      [`${before?.id ?? 'nothing'} -> `, { text: after.id, colour: 'bold' }, ` (${summarizeChanges(changes)})`],
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
