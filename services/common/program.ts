/** Where Debian keeps daemons, which is not on everybody's PATH. */
const DAEMONS = ['/usr/sbin', '/usr/local/sbin']

/** The absolute path of a program on `path` (PATH) or among the system's daemons; undefined when it is not there. */
export const findProgram = (name: string, path: string | undefined): string | undefined =>
  Bun.which(name, {
    PATH: [...(path ? [path] : []), ...DAEMONS].join(process.platform === 'win32' ? ';' : ':'),
  }) ?? undefined
