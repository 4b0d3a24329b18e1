import { errorMessage } from '#common/process/error'
import { findOurLines, watchLine, withLines, withoutLines } from './crontab.ts'
import type { BootState, BootTarget } from './state.ts'
import { renderUnit, UNIT } from './unit.ts'

/** One thing to change on a host. */
export type Change =
  | { readonly kind: 'file'; readonly name: string; readonly text: string | undefined }
  | { readonly kind: 'crontab'; readonly text: string; readonly before: string }
  | { readonly kind: 'unit'; readonly text: string | undefined }

export type BootPlan = {
  readonly changes: readonly Change[]
  /** Why it cannot be done as a whole; then nothing is. */
  readonly faults: readonly string[]
  /** What a person with root's rights may type instead of us. */
  readonly lines: readonly string[]
}

const NO_CRON = 'this user has no crontab: apt-get install cron, or look at /etc/cron.allow'

const installLines = (text: string, units: string): readonly string[] => [
  `sudo tee ${units}/${UNIT} >/dev/null <<'EOF'`,
  ...text.trimEnd().split('\n'),
  'EOF',
  `sudo systemctl daemon-reload && sudo systemctl enable ${UNIT}`,
]
const removeLines = (units: string): readonly string[] => [
  `sudo systemctl disable ${UNIT}; sudo rm -f ${units}/${UNIT} && sudo systemctl daemon-reload`,
]

const safely = <T>(work: () => T): { readonly value: T } | { readonly fault: string } => {
  try {
    return { value: work() }
  } catch (error) {
    return { fault: errorMessage(error) }
  }
}

const refuse = (refused: boolean, user: string, lines: string): readonly string[] =>
  refused
    ? [
        `${user} may not become root without a password, and the unit needs it: type the ${lines} below there, then run this again`,
      ]
    : []

/** What is to be done so that a host starts Lucid by itself and watches it. `files` are the programs for DIR/bin. */
export const planInstall = (
  state: BootState,
  { dir, units, files }: Required<BootTarget> & { readonly files: Readonly<Record<string, string>> },
): BootPlan => {
  const expected = renderUnit({ dir, user: state.user })
  const lines = [watchLine(dir), ...state.furtherLines]
  const cron = state.crontab === undefined ? undefined : safely(() => withLines(state.crontab ?? '', dir, lines))
  const unitStands = state.unit === expected && state.enabled
  const refused = !unitStands && state.systemd && state.root === 'refused'
  return {
    faults: [
      ...(state.systemd
        ? []
        : [`there is no systemd here: have ${dir}/bin/lucid-boot.sh ${dir} run at boot by what there is instead`]),
      ...refuse(refused, state.user, 'lines'),
      ...(cron === undefined ? [NO_CRON] : 'fault' in cron ? [`crontab: ${cron.fault}`] : []),
    ],
    lines: refused ? installLines(expected, units) : [],
    changes: [
      ...Object.entries(files).flatMap(([name, text]): readonly Change[] =>
        state.files[name] === text ? [] : [{ kind: 'file', name, text }],
      ),
      ...(cron !== undefined && 'value' in cron && cron.value !== state.crontab
        ? [{ kind: 'crontab', text: cron.value, before: state.crontab ?? '' } as const]
        : []),
      ...(unitStands ? [] : [{ kind: 'unit', text: expected } as const]),
    ],
  }
}

/** What is to be done so that a host does none of it any more. */
export const planRemoval = (state: BootState, { dir, units }: Required<BootTarget>): BootPlan => {
  const before = state.crontab ?? ''
  const cron = safely(() => (findOurLines(before, dir) === undefined ? before : withoutLines(before, dir)))
  const refused = state.unit !== undefined && state.root === 'refused'
  return {
    faults: [...refuse(refused, state.user, 'line'), ...('fault' in cron ? [`crontab: ${cron.fault}`] : [])],
    lines: refused ? removeLines(units) : [],
    changes: [
      ...(state.unit === undefined ? [] : [{ kind: 'unit', text: undefined } as const]),
      ...('value' in cron && cron.value !== before ? [{ kind: 'crontab', text: cron.value, before } as const] : []),
      ...Object.entries(state.files).flatMap(([name, text]): readonly Change[] =>
        text === undefined ? [] : [{ kind: 'file', name, text: undefined }],
      ),
    ],
  }
}

/** A change in words. */
export const describeChange = (change: Change, dir: string): string =>
  change.kind === 'file'
    ? `${change.text === undefined ? 'remove' : 'write'} ${dir}/bin/${change.name}`
    : change.kind === 'crontab'
      ? `change the lines of Lucid in the crontab`
      : `${change.text === undefined ? 'remove' : 'install'} the unit ${UNIT}`
