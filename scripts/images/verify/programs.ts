/** Programs that no image of ours may hold, by the name they go by and by what is written in them. Pure. */

export type Banned = 'shell' | 'package manager'

const names: Readonly<Record<Banned, readonly string[]>> = {
  shell: [
    ...['sh', 'ash', 'bash', 'rbash', 'dash', 'zsh', 'rzsh', 'ksh', 'ksh93', 'mksh', 'lksh', 'pdksh', 'oksh', 'loksh'],
    ...['csh', 'tcsh', 'fish', 'yash', 'posh', 'sash', 'rc', 'es', 'elvish', 'nu', 'xonsh', 'pwsh', 'osh', 'ysh'],
    ...['busybox', 'toybox', 'sulogin', 'su', 'sudo', 'nologin', 'login'],
  ],
  'package manager': [
    ...['apt', 'apt-get', 'apt-cache', 'apt-key', 'apt-mark', 'aptitude', 'dpkg', 'dpkg-deb', 'dpkg-query', 'dselect'],
    ...['apk', 'yum', 'dnf', 'dnf5', 'microdnf', 'tdnf', 'rpm', 'zypper', 'pacman', 'opkg', 'xbps-install', 'emerge'],
    ...['snap', 'flatpak', 'brew', 'nix', 'nix-env', 'guix', 'conda', 'mamba'],
    ...[
      'npm',
      'npx',
      'pnpm',
      'yarn',
      'corepack',
      'bunx',
      'pip',
      'pip3',
      'pipx',
      'uv',
      'gem',
      'cargo',
      'composer',
      'cpan',
    ],
  ],
}

const byName: ReadonlyMap<string, Banned> = new Map(
  Object.entries(names).flatMap(([banned, all]) => all.map((name) => [name, banned as Banned] as const)),
)

/** Folders whose entries are looked up by name when a program is started. */
const programFolder = /(?:^|\/)s?bin$/

/** What a file is called, when that is something banned and the file can be run or lies where programs are. */
export const bannedByName = (path: string, { runs }: { readonly runs: boolean }): Banned | undefined => {
  const slash = path.lastIndexOf('/')
  // `python3.11` and `ksh93u+m` are found by the plain name too.
  const name = path
    .slice(slash + 1)
    .toLowerCase()
    .replace(/\.exe$/, '')
  const found = byName.get(name) ?? byName.get(name.replace(/[-.]?\d+(?:\.\d+)*$/, ''))
  return found !== undefined && (runs || programFolder.test(path.slice(0, Math.max(0, slash)))) ? found : undefined
}

/** Texts that only this program has in it. All of a row must be there. Seen in Debian's packages. */
const marks: readonly { readonly banned: Banned; readonly program: string; readonly all: readonly string[] }[] = [
  { banned: 'shell', program: 'bash', all: ['GNU bash, version'] },
  { banned: 'shell', program: 'dash or ash', all: ['PS4=+ ', 'OPTIND=1'] },
  { banned: 'shell', program: 'busybox', all: ['BusyBox v'] },
  { banned: 'shell', program: 'toybox', all: ['toybox', 'Rob Landley'] },
  { banned: 'shell', program: 'zsh', all: ['ZSH_VERSION', 'ZSH_EVAL_CONTEXT'] },
  { banned: 'shell', program: 'ksh', all: ['KSH_VERSION'] },
  { banned: 'shell', program: 'csh', all: ['backslash_quote', 'histfile'] },
  { banned: 'package manager', program: 'apt', all: ['Super Cow Powers'] },
  { banned: 'package manager', program: 'dpkg', all: ['DPKG_ADMINDIR', 'dpkg-split'] },
  { banned: 'package manager', program: 'apk', all: ['apk-tools'] },
  { banned: 'package manager', program: 'rpm', all: ['RPM_CONFIGDIR'] },
]

/** Banned programs that a binary turns out to be, whatever it is called. */
export const bannedByContent = (file: Buffer): readonly { readonly banned: Banned; readonly program: string }[] =>
  marks.filter(({ all }) => all.every((mark) => file.includes(mark, 0, 'latin1')))

/** The first line of a script without `#!`; undefined for anything else. */
export const scriptLine = (file: Buffer): string | undefined => {
  if (file[0] !== 0x23 || file[1] !== 0x21) return undefined
  const end = file.subarray(0, 256).indexOf(10)
  return file
    .subarray(2, end < 0 ? 256 : end)
    .toString('latin1')
    .trim()
}
