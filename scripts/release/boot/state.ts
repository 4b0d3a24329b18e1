import { quote } from '../../host/quote.ts'
import type { Shell } from '../../host/shell.ts'
import { UNIT } from './unit.ts'

/** What of ours starts by itself on a host, and what may be changed there. Texts are whole; undefined is not there. */
export type BootState = {
  readonly user: string
  /** How a script becomes root: it is, it may by sudo without a password, or not at all. */
  readonly root: 'is' | 'sudo' | 'refused'
  readonly systemd: boolean
  readonly unit: string | undefined
  readonly enabled: boolean
  /** The user's crontab; undefined when there is no cron here, or the user may not have one. */
  readonly crontab: string | undefined
  readonly files: Readonly<Record<string, string | undefined>>
  /** Lines that others leave in DIR/bin/cron.d for the crontab. */
  readonly furtherLines: readonly string[]
}

/** Folder in which an administrator's units lie. */
export const UNITS = '/etc/systemd/system'

export type BootTarget = { readonly dir: string; readonly units?: string }

const readContent = async (shell: Shell, path: string): Promise<string | undefined> => {
  const { code, out } = await shell.run(`cat ${quote(path)}`)
  return code === 0 ? out : undefined
}

/** Reads all of it; nothing is changed. `names` are the programs in DIR/bin to look at. */
export const readBootState = async (
  shell: Shell,
  { dir, units = UNITS }: BootTarget,
  names: readonly string[],
): Promise<BootState> => {
  const [who, unit, enabled, crontab, further, ...files] = await Promise.all([
    shell.run(
      'id -un; if [ "$(id -u)" = 0 ]; then echo is; elif sudo -n true 2>/dev/null; then echo sudo; else echo refused; fi; command -v systemctl',
    ),
    readContent(shell, `${units}/${UNIT}`),
    shell.run(`systemctl is-enabled ${UNIT}`),
    shell.run('crontab -l'),
    shell.run(`for f in ${quote(`${dir}/bin/cron.d`)}/*.line; do [ ! -f "$f" ] || cat "$f"; done`),
    ...names.map((name) => readContent(shell, `${dir}/bin/${name}`)),
  ])
  const [user = '', root = '', systemctl = ''] = who.out.split('\n')
  return {
    user,
    root: root === 'is' || root === 'sudo' ? root : 'refused',
    systemd: systemctl !== '',
    unit,
    enabled: enabled.out.trim() === 'enabled',
    crontab: crontab.code === 0 ? crontab.out : /no crontab for/i.test(crontab.err) ? '' : undefined,
    files: Object.fromEntries(names.map((name, at) => [name, files[at]])),
    furtherLines: further.out.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#')),
  }
}
