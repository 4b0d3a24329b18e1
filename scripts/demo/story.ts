import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { plural } from '#common/cli/format'
import type { Style } from '#common/cli/style'
import { type Print, text } from '#common/cli/text'
import { renderClosing } from './closing.ts'
import { peopleChapter } from './people-chapter.ts'
import { tamperChapter, verifyChapter } from './proof-chapters.ts'
import { anchorChapter, bringUpChapter, exportChapter, recordChapter, screenChapter } from './record-chapters.ts'
import type { Scope } from './scope.ts'
import { teller } from './teller.ts'

type Story = {
  readonly scope: Scope
  readonly write: Print
  readonly style: Style
  readonly input: string | undefined
  /** Database of the services; their own files when undefined. */
  readonly store: string | undefined
  readonly keep: boolean
}

/** Tells and does the demo, chapter by chapter, below a folder of its own that it removes unless `keep`. */
export const tellStory = async ({ scope, write, style, input, store, keep }: Story) => {
  const folder = await mkdtemp(join(tmpdir(), 'lucid-demo-'))
  scope.defer({
    kind: 'files',
    close: async () => {
      if (!keep) await rm(folder, { recursive: true, force: true })
    },
    closeNow: () => {
      if (!keep) rmSync(folder, { recursive: true, force: true })
    },
  })
  const tells = teller({ scope, write, style, folder, keep })
  const platform = await bringUpChapter(tells, store)
  const { original, size, source } = await screenChapter(tells, input)
  const recorded = await recordChapter(tells, { platform, original, size })
  const { id, pending } = recorded
  const anchor = await anchorChapter(tells, { platform, ...recorded })
  const people = await peopleChapter(tells, platform.home)
  const { bundle, brokenOff, trust, ledgerKey } = await exportChapter(tells, { platform, ...recorded })
  const genuine = await verifyChapter(tells, { stop: () => platform.stop(), bundle, people, trust, original })
  const exported = { anchored: bundle, pending, 'broken-off': brokenOff }
  const outcomes = [...genuine, ...(await tamperChapter(tells, { exported, trust, ledgerKey }))]

  const all = outcomes.every((outcome) => outcome.ok)
  tells.head('closing')
  write(text([renderClosing(outcomes, style), '']))
  tells.say(all ? `all of it held: ${plural(outcomes.length, 'check')}` : 'NOT ALL OF IT HELD')
  if (keep) tells.say(`kept: ${folder}`)
  return { ok: all, session_id: id, ...anchor, recording: source, bytes: size, ...(keep ? { folder } : {}), outcomes }
}
